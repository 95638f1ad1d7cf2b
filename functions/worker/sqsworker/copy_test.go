package sqsworker_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

const day = 24 * time.Hour

// aged is a record that was put on the queue so long before the tests start.
func aged(r events.SQSMessage, age time.Duration) events.SQSMessage {
	r = on(r, 1)
	r.Attributes["SentTimestamp"] = strconv.FormatInt(start.Add(-age).UnixMilli(), 10)
	return r
}

func TestWorkerReplacesARecordThatTheQueueWouldSoonEnd(t *testing.T) {
	t.Parallel()
	one := record("1", body(at(time.Hour)))
	nonsense := on(one, 1)
	nonsense.Attributes["ApproximateReceiveCount"], nonsense.Attributes["SentTimestamp"] = "many", "yesterday"
	bare := on(one, 1)
	bare.Attributes = nil
	for name, tt := range map[string]struct {
		record   events.SQSMessage
		replaced bool
	}{
		"900 times":                 {on(one, 900), false},
		"901 times":                 {on(one, 901), true},
		"12 days old":               {aged(one, 12*day), false},
		"more than 12 days old":     {aged(one, 12*day+time.Millisecond), true},
		"ages":                      {aged(one, 1000*day), true},
		"of tomorrow":               {aged(one, -day), false},
		"nonsense for attributes":   {nonsense, false},
		"without attributes":        {bare, false},
		"901 times, but it is sent": {on(record("1", body(fields{"id": "order-1"})), 901), false},
		"901 times, but malformed":  {on(record("1", "{"), 901), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, q := newRigOn(t)
			back := r.handle(tt.record)
			if got := len(q.enqueued) > 0; got != tt.replaced {
				t.Errorf("replaced: got %v, want %v", got, tt.replaced)
			}
			if tt.replaced {
				r.wantBack(back) // the copy has its place
				if len(q.postponed) > 0 {
					t.Errorf("postponed: got %+v, want nothing", q.postponed)
				}
			}
		})
	}
}

func TestTheCopyIsThatOfTheRecord(t *testing.T) {
	t.Parallel()
	plain, own := body(at(time.Hour)), body(fields{"sendAt": start.Add(time.Hour).Format(time.RFC3339)})
	soon := body(at(time.Minute))
	for name, tt := range map[string]struct {
		record events.SQSMessage
		want   delivery.Record
	}{
		"id in the body": {
			on(record("1", plain), 901),
			delivery.Record{Body: []byte(plain), ID: "order-1", Group: "W1", Recheck: true, Delay: 15 * time.Minute},
		},
		"id in the attribute": {
			on(named(record("1", own), "order-2"), 901),
			delivery.Record{Body: []byte(own), ID: "order-2", Group: "W1", Recheck: true, Delay: 15 * time.Minute},
		},
		"no id": {
			on(record("1", own), 901),
			delivery.Record{Body: []byte(own), ID: "sqs-1", Group: "W1", Recheck: true, Delay: 15 * time.Minute},
		},
		"soon": {
			on(record("1", soon), 901),
			delivery.Record{Body: []byte(soon), ID: "order-1", Group: "W1", Recheck: true, Delay: time.Minute},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, q := newRigOn(t)
			r.wantBack(r.handle(tt.record))
			if want := [][]delivery.Record{{tt.want}}; !reflect.DeepEqual(q.enqueued, want) {
				t.Errorf("got %+v, want %+v", q.enqueued, want)
			}
		})
	}
}

func TestTheCopyIsForTheGenerationThatStands(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	r.Sim.Inject(dmlytest.Fault{Status: 400}, dmlytest.Fault{Status: 503, RetryAfter: "60"})
	r.wantBack(r.handle(on(record("1", body(fields{"id": "order-1", "textMessage": "Wrong."})), 1)))
	r.wantBack(r.handle(on(record("2", body(fields{"id": "order-1"})), 901))) // its correction
	r.WantState("order-1", delivery.Waiting)
	if len(q.enqueued) != 1 || q.enqueued[0][0].Generation != 2 || q.enqueued[0][0].Delay < time.Minute {
		t.Errorf("got %+v, want a copy for generation 2 in a minute", q.enqueued)
	}
}

func TestWorkerReplacesAnOldRecordThatFails(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*rig){
		"without a ledger": func(r *rig) { r.Ledger.Fail(errDown) },
		"with a panic":     func(r *rig) { r.Ledger.After = func(delivery.Item) { panic("boom") } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, q := newRigOn(t)
			breakIt(r)
			one := body(nil)
			r.wantBack(r.handle(aged(record("1", one), 13*day)))
			want := [][]delivery.Record{{{Body: []byte(one), ID: "sqs-1", Group: "W1", Recheck: true}}}
			if !reflect.DeepEqual(q.enqueued, want) {
				t.Errorf("got %+v, want %+v", q.enqueued, want)
			}
		})
	}
}

func TestAnOldRecordStaysIfItsCopyCannotBeQueued(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	q.failing = errDown
	r.wantBack(r.handle(on(record("1", body(at(time.Hour))), 901)), "sqs-1")
	if len(q.postponed) != 1 {
		t.Errorf("postponed: got %+v, want the record", q.postponed)
	}
	if got := r.Logs.String(); !strings.Contains(got, `"messageId":"sqs-1","error":"`+errDown.Error()) {
		t.Errorf("the log does not say which record, and why:\n%s", got)
	}
}

func TestARecordAndItsCopySendOnce(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	one := on(record("1", body(fields{"sendAt": start.Add(time.Hour).Format(time.RFC3339)})), 901)
	r.wantBack(r.handle(one))
	r.Clock.Advance(time.Hour)
	fresh := q.enqueued[0][0]
	r.wantBack(r.handle(on(named(record("2", string(fresh.Body)), fresh.ID), 1)))
	r.wantBack(r.handle(one)) // SQS may bring it although it was acknowledged
	r.WantSent(1)
	r.WantState("sqs-1", delivery.Sent)
	r.WantState("sqs-2", "")
}
