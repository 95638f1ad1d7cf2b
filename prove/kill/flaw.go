package kill

import "dmlysender/shared/dmlytest"

// flaw is one way in which DMLY deviates from a plain answer, once for each message that asks for it.
type flaw struct {
	name  string
	fault dmlytest.Fault
	// weight is how often it is drawn.
	weight int
	// ambiguous says that the message may have been accepted, as far as its sender can tell.
	ambiguous bool
	// rejects says that its sender is told that the message was not accepted and never will be.
	rejects bool
	// lies says that it rejects what it accepted. Nothing can be done about that.
	lies bool
}

// flaws have low weights where one holds up everybody.
var flaws = []flaw{
	{name: "cut before it was accepted", fault: dmlytest.Fault{Cut: dmlytest.CutBefore}, weight: 4, ambiguous: true},
	{name: "cut after it was accepted", fault: dmlytest.Fault{Cut: dmlytest.CutAfter}, weight: 6, ambiguous: true},
	{name: "cut within the answer", fault: dmlytest.Fault{Cut: dmlytest.CutAnswer}, weight: 4, ambiguous: true},
	{name: "500, accepted", fault: dmlytest.Fault{Status: 500, Accept: new(true)}, weight: 4, ambiguous: true},
	{name: "500, not accepted", fault: dmlytest.Fault{Status: 500}, weight: 4, ambiguous: true},
	{name: "504, accepted", fault: dmlytest.Fault{Status: 504, Accept: new(true)}, weight: 2, ambiguous: true},
	{name: "unreadable, accepted", fault: dmlytest.Fault{Unreadable: true}, weight: 4, ambiguous: true},
	{name: "unreadable, not accepted", fault: dmlytest.Fault{Unreadable: true, Accept: new(false)}, weight: 4, ambiguous: true},
	{name: "answered too late", fault: dmlytest.Fault{Latency: "9s"}, weight: 2, ambiguous: true},
	{name: "429 with Retry-After", fault: dmlytest.Fault{Status: 429, RetryAfter: "1"}, weight: 1},
	{name: "503 with Retry-After", fault: dmlytest.Fault{Status: 503, RetryAfter: "1"}, weight: 4},
	{name: "200 with an error", fault: dmlytest.Fault{Error: "the recipient is gone"}, weight: 4, rejects: true},
	{name: "200 with status failed", fault: dmlytest.Fault{MessageStatus: "failed", Accept: new(false)}, weight: 2, rejects: true},
	{name: "422", fault: dmlytest.Fault{Status: 422}, weight: 4, rejects: true},
	{name: "200 with an error, accepted", fault: dmlytest.Fault{Error: "it did not work", Accept: new(true)}, weight: 2, rejects: true, lies: true},
}
