package plan

// Cost is what AWS charges for a campaign, estimated, in US dollars. What DMLY and WhatsApp charge is not in it.
type Cost struct {
	// Low and High are the estimate.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// PricesOf is the day of the prices it is made with, as 2026-11-25.
	PricesOf string `json:"pricesOf"`
	// Without says what is not in it.
	Without string `json:"without"`
	// Parts are what it is made of.
	Parts []CostPart `json:"parts"`
}

// CostPart is what one service charges, in US dollars.
type CostPart struct {
	Service string  `json:"service"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// Prices of on-demand use in us-east-1, in US dollars; Lambda's are those of arm64.
const (
	pricesOf       = "2026-11-25"
	ledgerWrite    = 0.625 / 1e6
	sqsRequest     = 0.40 / 1e6
	lambdaRequest  = 0.20 / 1e6
	lambdaGBSecond = 0.0000133334
	logGB          = 0.50
)

// costOf estimates what sending so many messages costs.
func costOf(messages int, perMinute float64) Cost {
	const (
		batch     = 10.0
		workerGB  = 0.25 // the template's 256 MB
		aWhile    = 0.25 // seconds that a batch takes if it does not wait for the pace
		workers   = 2    // that wait at once, at most, while the rate is low
		logBytes  = 600.0
		perMinSec = 60.0
	)
	n := float64(messages)
	waits := 0.0
	if perMinute > 0 {
		waits = perMinSec / perMinute // a worker's time from one message to the next
	}
	c := Cost{PricesOf: pricesOf, Without: "what DMLY and WhatsApp charge, and taxes", Parts: []CostPart{
		// Claim and outcome; a message that was queued over HTTP, or is tried twice, is written once more.
		{"DynamoDB", 2.1 * n * ledgerWrite, 3.1 * n * ledgerWrite},
		// Put, received and deleted in batches of ten, or alone.
		{"SQS", 3 * n / batch * sqsRequest, 3 * n * sqsRequest},
		{"Lambda", n/batch*lambdaRequest + n*max(waits, aWhile/batch)*workerGB*lambdaGBSecond,
			n*lambdaRequest + n*max(workers*waits, aWhile)*workerGB*lambdaGBSecond},
		{"CloudWatch Logs", n * logBytes / (1 << 30) * logGB, 2 * n * logBytes / (1 << 30) * logGB},
	}}
	for _, part := range c.Parts {
		c.Low, c.High = c.Low+part.Low, c.High+part.High
	}
	return c
}
