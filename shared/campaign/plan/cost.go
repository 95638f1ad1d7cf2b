package plan

import (
	"math"
	"time"

	"dmlysender/shared/price"
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

// What a message takes. `make bench` counts it, and holds the estimate against that.
const (
	batch    = 10.0 // messages of an invocation, or of a request of SQS
	workerGB = 0.25 // the template's 256 MB
	working  = 0.25 // seconds of a batch that does not wait for the pace
	waiting  = 2    // workers that wait for the pace at once, at most
	logBytes = 400.0
	// In each minute the campaign's record is written some times, which is as large as it has messages under way, and these are
	// looked up: those of five minutes, up to mostOpen. With so many it comes to this.
	mostOpen, openMinutesAhead        = 300.0, 5.0
	minuteWritesLow, minuteWritesHigh = 80.0, 200.0
	minuteReadsLow, minuteReadsHigh   = 100.0, 400.0
)

// CostOf estimates what sending so many messages of a campaign costs, at so many a minute.
func CostOf(messages int, perMinute float64) Cost {
	n := float64(messages)
	full := n / perMinute * min(1, openMinutesAhead*perMinute/mostOpen) // minutes with mostOpen under way
	interval := time.Minute.Seconds() / perMinute                       // one worker at least waits from one message to the next
	const gb = 1 << 30
	c := Cost{PricesOf: price.AsOf, Without: "what DMLY and WhatsApp charge, taxes, what is stored, and what a stack costs without messages"}
	add := func(service string, low, high float64) {
		c.Parts = append(c.Parts, CostPart{Service: service, Low: dollars(low), High: dollars(high)})
		c.Low, c.High = c.Low+low, c.High+high
	}
	// The claim, the outcome and a tenth for the pace are written, and whether it is at rest is read; one more of each if a message
	// waits or is tried again.
	add("DynamoDB",
		(2.1*n+minuteWritesLow*full)*price.WriteUnit+(n+minuteReadsLow*full)*price.ReadUnit,
		(3.1*n+minuteWritesHigh*full)*price.WriteUnit+(2*n+minuteReadsHigh*full)*price.ReadUnit)
	// Put, received and deleted, ten at once or alone.
	add("SQS", 3*n/batch*price.SQSRequest, 3*n*price.SQSRequest)
	add("Lambda", n/batch*price.LambdaRequest+n*max(interval, working/batch)*workerGB*price.LambdaGBSecond,
		n*price.LambdaRequest+n*max(waiting*interval, working)*workerGB*price.LambdaGBSecond)
	add("CloudWatch Logs", n*logBytes/gb*price.LogGB, 2*n*logBytes/gb*price.LogGB)
	c.Low, c.High = dollars(c.Low), dollars(c.High)
	return c
}

// dollars rounds to a millionth.
func dollars(amount float64) float64 { return math.Round(amount*1e6) / 1e6 }
