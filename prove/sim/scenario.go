package sim

import (
	"encoding/json"
	"fmt"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

// scenario is a short story, played by one worker a queue, in which each effect has its number.
type scenario struct {
	name string
	// more are further fields of the message, as JSON.
	more string
	way  way
	// texts are the contents of several messages under the one id; one if it is empty.
	texts []string
	// dmly are the faults of DMLY's first answers.
	dmly []dmlytest.Fault
	// resend and malformed are as in a spec.
	resend, malformed bool
	// cancelKey is by what it is cancelled; empty if that is its id.
	cancelKey string
	// settle is how many resends a person orders if it comes to that.
	settle int
	// cancel is when a person cancels it; 0 if nobody does.
	cancel time.Duration
	// moveAt is when a person moves it, to moveBy after that; 0 if nobody does.
	moveAt, moveBy time.Duration
	// rotated says that DMLY knows another key than the secret, for five minutes.
	rotated bool
	// want is where the message comes to rest if nothing happens to it.
	want delivery.State
}

func scenarios() []scenario {
	const fallback = `,"fallback":[{"channel":"whatsapp","type":"template","template":"fallback of m."}]`
	return []scenario{
		{name: "a record", want: delivery.Sent},
		{name: "HTTP", way: byHTTP, want: delivery.Sent},
		{name: "the drop-in", way: byDropIn, want: delivery.Sent},
		{name: "the drop-in, late", way: byDropIn, dmly: []dmlytest.Fault{{Status: 503, RetryAfter: "60"}}, want: delivery.Sent},
		{name: "fallback", more: fallback, dmly: []dmlytest.Fault{{Status: 400}}, want: delivery.Sent},
		{name: "rejected", dmly: []dmlytest.Fault{{Error: "no such contact"}}, want: delivery.Rejected},
		{name: "not sent at first", dmly: []dmlytest.Fault{{Status: 503, RetryAfter: "3"}}, want: delivery.Sent},
		{name: "429", dmly: []dmlytest.Fault{{Status: 429, RetryAfter: "90"}}, want: delivery.Sent},
		{name: "another key", rotated: true, want: delivery.Sent},
		{name: "unknown", dmly: []dmlytest.Fault{{Cut: dmlytest.CutAfter}}, want: delivery.Unknown},
		{name: "unknown, to be resent", more: `,"ifUnknown":"resend"`, resend: true, dmly: []dmlytest.Fault{{Status: 500}}, want: delivery.Sent},
		{name: "unknown, a person resends", dmly: []dmlytest.Fault{{Status: 500}}, settle: 1, want: delivery.Sent},
		{name: "malformed", malformed: true, want: delivery.Rejected},
		{name: "two contents", texts: []string{"text of m.", "other text of m."}, want: delivery.Sent},
		{name: "a correction", texts: []string{"text of m.", "other text of m."}, dmly: []dmlytest.Fault{{Status: 400}}, want: delivery.Sent},
		{name: "expired", more: `,"expiresAt":"1999-01-01T00:00:00Z"`, want: delivery.Expired},
		{name: "cancelled before its time", way: byHTTP, more: `,"sendAt":"2000-01-01T00:10:00Z"`, cancel: time.Minute, want: delivery.Cancelled},
		{name: "cancelled while it waits", dmly: []dmlytest.Fault{{Status: 503, RetryAfter: "300"}}, cancel: time.Minute, want: delivery.Cancelled},
		{
			name: "cancelled by its key while it waits", more: `,"cancelKey":"k"`, cancelKey: "k",
			dmly: []dmlytest.Fault{{Status: 429, RetryAfter: "300"}}, cancel: time.Minute, want: delivery.Cancelled,
		},
		{
			name: "cancelled by its key before its time", way: byHTTP, more: `,"cancelKey":"k","sendAt":"2000-01-01T05:00:00Z"`, cancelKey: "k",
			cancel: time.Minute, want: delivery.Cancelled,
		},
		{
			name: "cancelled before it is resent", more: `,"ifUnknown":"resend"`, resend: true,
			dmly: []dmlytest.Fault{{Status: 500}}, cancel: 20 * time.Second, want: delivery.Unknown,
		},
		{name: "cancelled too late", cancel: time.Minute, want: delivery.Sent},
		{name: "not yet", more: `,"sendAt":"2000-01-01T00:10:00Z"`, want: delivery.Sent}, // a bubble begins with the year 2000
		{name: "much later", more: `,"sendAt":"2000-01-01T05:00:00Z"`, want: delivery.Sent},
		{name: "much later, over HTTP", way: byHTTP, more: `,"sendAt":"2000-01-01T05:00:00Z"`, want: delivery.Sent},
		{name: "moved later", way: byHTTP, more: `,"sendAt":"2000-01-01T05:00:00Z"`, moveAt: time.Hour, moveBy: 10 * time.Hour, want: delivery.Sent},
		{name: "moved earlier", way: byHTTP, more: `,"sendAt":"2000-01-01T05:00:00Z"`, moveAt: time.Hour, moveBy: time.Hour, want: delivery.Sent},
		{name: "moved to a moment ago", more: `,"sendAt":"2000-01-01T05:00:00Z"`, moveAt: time.Hour, moveBy: -time.Hour, want: delivery.Sent},
		{name: "moved when it is due", more: `,"sendAt":"2000-01-01T05:00:00Z"`, moveAt: 5*time.Hour - time.Second, moveBy: time.Hour, want: delivery.Sent},
		{name: "cancelled when it is due", way: byHTTP, more: `,"sendAt":"2000-01-01T05:00:00Z"`, cancel: 5*time.Hour - time.Second, want: delivery.Cancelled},
	}
}

// stage puts the scenario's messages into the world.
func (w *World) stage(s scenario) {
	texts := s.texts
	if len(texts) == 0 {
		texts = []string{"text of m."}
	}
	channel := "whatsapp"
	if s.malformed {
		channel = "fax"
	}
	w.script = append([]dmlytest.Fault{}, s.dmly...)
	for i, text := range texts {
		one := &spec{
			id: "m", lane: delivery.NormalLane, texts: append([]string{"fallback of m."}, texts...), way: s.way,
			resend: s.resend, malformed: s.malformed, cancelKey: s.cancelKey, at: time.Duration(i) * 10 * time.Minute, once: true,
			body: fmt.Sprintf(`{"id":"m","channel":%q,"type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":%q},"textMessage":%q%s}`, channel, phone, text, s.more),
		}
		var when struct{ SendAt time.Time }
		if err := json.Unmarshal([]byte(one.body), &when); err != nil {
			panic(err) // it was made here
		}
		one.sendAt = when.SendAt
		w.specs = append(w.specs, one)
	}
	w.tally.Messages = len(w.specs)
	if s.rotated {
		w.setKey("key-2")
		time.AfterFunc(5*time.Minute, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.secret = "key-2"
		})
	}
	w.trouble.Settlements = s.settle
	if s.cancel > 0 {
		w.trouble.Cancels, w.cancelAt = 1, s.cancel
	}
	if s.moveAt > 0 {
		w.trouble.Moves, w.moveAt, w.moveBy = 1, s.moveAt, s.moveBy
	}
}
