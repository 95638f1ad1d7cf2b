package plan

import (
	"math"
	"time"
)

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

// What a message takes.
const (
	batch    = 10.0 // messages of an invocation, or of a request of SQS
	workerGB = 0.25 // the template's 256 MB
	working  = 0.25 // seconds of a batch that does not wait for the pace
	waiting  = 2    // workers that wait for the pace at once, at most
	logBytes = 600.0
)

// costOf estimates what sending so many messages costs.
func costOf(messages int, perMinute float64) Cost {
	n := float64(messages)
	interval := time.Minute.Seconds() / perMinute // one worker at least waits from one message to the next
	const gb = 1 << 30
	c := Cost{PricesOf: pricesOf, Without: "what DMLY and WhatsApp charge, taxes, and what a stack costs without messages"}
	add := func(service string, low, high float64) {
		c.Parts = append(c.Parts, CostPart{Service: service, Low: dollars(low), High: dollars(high)})
		c.Low, c.High = c.Low+low, c.High+high
	}
	// The claim and the outcome, and a tenth for the pace; one more if a message waits or is tried again.
	add("DynamoDB", 2.1*n*ledgerWrite, 3.1*n*ledgerWrite)
	// Put, received and deleted, ten at once or alone.
	add("SQS", 3*n/batch*sqsRequest, 3*n*sqsRequest)
	add("Lambda", n/batch*lambdaRequest+n*max(interval, working/batch)*workerGB*lambdaGBSecond,
		n*lambdaRequest+n*max(waiting*interval, working)*workerGB*lambdaGBSecond)
	add("CloudWatch Logs", n*logBytes/gb*logGB, 2*n*logBytes/gb*logGB)
	c.Low, c.High = dollars(c.Low), dollars(c.High)
	return c
}

// dollars rounds to a millionth.
func dollars(amount float64) float64 { return math.Round(amount*1e6) / 1e6 }
