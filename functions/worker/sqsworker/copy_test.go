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
	"dmlysender/shared/queue/sqs"
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

// ordered is a record that orders the generation.
func ordered(r events.SQSMessage, generation int) events.SQSMessage {
	value := strconv.Itoa(generation)
	if r.MessageAttributes == nil {
		r.MessageAttributes = map[string]events.SQSMessageAttribute{}
	}
	r.MessageAttributes[sqs.GenerationAttribute] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
	return r
}

// An order may stand on the queue alone, and wait there for as long as its account does.
func TestTheCopyOfAnOrderIsTheSameOrder(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	r.Sim.Inject(dmlytest.Fault{Cut: dmlytest.CutAfter})
	r.wantBack(r.handle(on(record("1", body(fields{"id": "order-1"})), 1)))
	r.WantState("order-1", delivery.Unknown)
	r.pause(15 * time.Minute)
	r.wantBack(r.handle(ordered(on(record("2", body(fields{"id": "order-1"})), 901), 2)))
	fresh := q.enqueued[0][0]
	r.Clock.Advance(time.Hour)
	r.wantBack(r.handle(ordered(on(named(record("3", string(fresh.Body)), fresh.ID), 1), fresh.Generation)))
	r.WantState("order-1", delivery.Sent)
	r.WantSent(2)
}

// Two corrections of what was rejected wait for their account. Their copies are for no generation in particular.
func TestTheCopyOfACorrectionIsNotForTheGenerationBeforeIt(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	r.Sim.Inject(dmlytest.Fault{Status: 400})
	r.wantBack(r.handle(on(record("1", body(fields{"id": "order-1", "textMessage": "wrong"})), 1)))
	r.pause(15 * time.Minute)
	r.wantBack(r.handle(on(record("2", body(fields{"id": "order-1", "textMessage": "first correction"})), 901)))
	r.wantBack(r.handle(on(record("3", body(fields{"id": "order-1", "textMessage": "second correction"})), 901)))
	r.Clock.Advance(time.Hour)
	for i, call := range q.enqueued {
		copied := on(named(record("copy-"+strconv.Itoa(i), string(call[0].Body)), call[0].ID), 1)
		if n := call[0].Generation; n > 0 {
			copied = ordered(copied, n)
		}
		r.wantBack(r.handle(copied))
	}
	r.WantState("order-1", delivery.Sent)
	listed, _, err := r.Ledger.Problems(t.Context(), delivery.Rejected, 10, "", r.Clock.Now())
	if err != nil || len(listed) != 1 || !strings.HasPrefix(listed[0].ID, "conflict:order-1:") {
		t.Errorf("listed %+v, %v, want the other correction as a conflict", listed, err)
	}
}

// pause has the account wait.
func (r *rig) pause(d time.Duration) {
	r.t.Helper()
	if err := r.handler.Sender.Pacer.Delay(r.t.Context(), "default", r.Clock.Now().Add(d)); err != nil {
		r.t.Fatal(err)
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
