package sqsworker_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/queue"
)

// at is a message that is to be sent so long after the start.
func at(after time.Duration) fields {
	return fields{"id": "order-1", "sendAt": start.Add(after).Format(time.RFC3339Nano)}
}

func TestWorkerPostponesARecordUntilItsMessageMayGoOn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message fields
		faults  []dmlytest.Fault
		least   time.Duration
		most    time.Duration
	}{
		"sendAt":                {at(time.Hour), nil, time.Hour, time.Hour},
		"sendAt in no time":     {at(300 * time.Millisecond), nil, time.Second, time.Second},
		"Retry-After":           {fields{"id": "order-1"}, []dmlytest.Fault{{Status: 503, RetryAfter: "90"}}, 90 * time.Second, 120 * time.Second},
		"an account on hold":    {fields{"id": "order-1"}, []dmlytest.Fault{{Status: 429, RetryAfter: "600"}}, 9 * time.Minute, 10 * time.Minute},
		"a key that is refused": {fields{"id": "order-1"}, []dmlytest.Fault{{Status: 401}}, time.Second, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, q := newRigOn(t)
			r.Sim.Inject(tt.faults...)
			r.wantBack(r.handle(on(record("1", body(tt.message)), 1)), "sqs-1")
			if len(q.postponed) != 1 || len(q.postponed[0]) != 1 {
				t.Fatalf("postponed: got %+v, want one record", q.postponed)
			}
			got := q.postponed[0][0]
			if got.Receipt != "receipt of sqs-1" || got.After < tt.least || got.After > tt.most {
				t.Errorf("got %+v, want the receipt and %v to %v", got, tt.least, tt.most)
			}
			if len(q.enqueued) > 0 {
				t.Errorf("queued: got %+v, want nothing", q.enqueued)
			}
		})
	}
}

func TestWorkerPostponesTheRecordsOfABatchAtOnceAndNoOthers(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	r.Sim.Inject(dmlytest.Fault{Match: "parcel 3", Status: 400}, dmlytest.Fault{Match: "parcel 4", Cut: dmlytest.CutAfter})
	var batch []events.SQSMessage
	for i := range 6 {
		message := fields{"id": fmt.Sprintf("order-%d", i), "textMessage": fmt.Sprintf("%s parcel %d", text, i)}
		if i < 2 {
			message["sendAt"] = start.Add(time.Duration(i+1) * time.Hour).Format(time.RFC3339)
		}
		batch = append(batch, on(record(message["id"].(string), body(message)), 1))
	}
	batch = append(batch, on(record("malformed", "{"), 1))
	r.wantBack(r.handle(batch...), "sqs-order-0", "sqs-order-1")
	want := [][]delivery.Postponement{{{Receipt: "receipt of sqs-order-0", After: time.Hour}, {Receipt: "receipt of sqs-order-1", After: 2 * time.Hour}}}
	if !reflect.DeepEqual(q.postponed, want) {
		t.Errorf("postponed: got %+v, want %+v", q.postponed, want)
	}
}

func TestWorkerLeavesTheVisibilityTimeoutToARecordThatFailed(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	r.Ledger.Fail(errDown)
	r.wantBack(r.handle(on(record("1", body(nil)), 1)), "sqs-1")
	if len(q.postponed)+len(q.enqueued) > 0 {
		t.Errorf("got %+v and %+v, want nothing", q.postponed, q.enqueued)
	}
}

func TestARecordComesBackAtItsTimeAndIsSentThen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := queue.NewMemory(r.Clock.Now)
	r.handler.Queues = map[string]sqsworker.Queue{"dmly-send": q}
	if err := q.Enqueue(t.Context(), delivery.Record{ID: "order-1", Body: []byte(body(at(time.Hour)))}); err != nil {
		t.Fatal(err)
	}
	now, cancel := context.WithCancel(t.Context())
	cancel() // so that Receive does not wait
	for _, step := range []struct {
		after time.Duration
		comes bool
		sent  int
	}{{0, true, 0}, {time.Hour - time.Second, false, 0}, {time.Second, true, 1}} {
		r.Clock.Advance(step.after)
		got, _ := q.Receive(now, 10, 3*time.Minute)
		if (len(got) == 1) != step.comes {
			t.Fatalf("after %v more: got %d records, want one: %v", step.after, len(got), step.comes)
		}
		if step.comes {
			one := on(record("1", string(got[0].Body)), got[0].Receives)
			one.ReceiptHandle = got[0].Receipt
			r.handle(one)
		}
		r.WantSent(step.sent)
	}
}

func TestWorkerAnswersAllTheSameIfNothingCanBePostponed(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	q.failing = errDown
	r.wantBack(r.handle(on(record("1", body(at(time.Hour))), 1), on(record("2", body(nil)), 1)), "sqs-1")
	r.WantSent(1)
	if got := r.Logs.String(); strings.Count(got, errDown.Error()) != 1 {
		t.Errorf("the log does not say once why:\n%s", got)
	}
}

func TestWorkerPostponesNothingOfAQueueThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	one := on(record("1", body(at(time.Hour))), 901)
	other, none := one, one
	other.EventSourceARN, none.EventSourceARN = "arn:aws:sqs:eu-central-1:123456789012:other", ""
	for name, tt := range map[string]struct {
		record events.SQSMessage
		queues map[string]sqsworker.Queue
	}{
		"no queues":     {one, nil},
		"a nil queue":   {one, map[string]sqsworker.Queue{"dmly-send": nil}},
		"another queue": {other, map[string]sqsworker.Queue{"dmly-send": &inbound{}}},
		"no ARN":        {none, map[string]sqsworker.Queue{"dmly-send": &inbound{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.handler.Queues = tt.queues
			r.wantBack(r.handle(tt.record), "sqs-1")
			for _, q := range tt.queues {
				if q, ok := q.(*inbound); ok && len(q.postponed)+len(q.enqueued) > 0 {
					t.Errorf("got %+v and %+v, want nothing", q.postponed, q.enqueued)
				}
			}
		})
	}
}

func TestWorkerPostponesInTimeForItsAnswer(t *testing.T) {
	t.Parallel()
	within := func(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
	}
	cancelled := func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx, cancel
	}
	for name, tt := range map[string]struct {
		invocation func(context.Context) (context.Context, context.CancelFunc)
		most       time.Duration
		err        error
	}{
		"without a deadline":  {context.WithCancel, 2 * time.Second, nil},
		"with much time":      {within(time.Minute), 2 * time.Second, nil},
		"with little time":    {within(1500 * time.Millisecond), 1400 * time.Millisecond, nil},
		"cancelled":           {cancelled, 2 * time.Second, nil},
		"after its last time": {within(-time.Second), 0, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := tt.invocation(t.Context())
			defer cancel()
			r, q := newRigOn(t)
			r.wantBack(r.handleIn(ctx, on(record("1", body(at(time.Hour))), 1)), "sqs-1")
			if len(q.postponed) != 1 || !errors.Is(q.ended, tt.err) || q.timeLeft > tt.most {
				t.Errorf("got %d calls, %v and %v left, want 1, %v and at most %v", len(q.postponed), q.ended, q.timeLeft, tt.err, tt.most)
			}
		})
	}
}

func TestWorkerPostponesWhatIsOverTheRate(t *testing.T) {
	t.Parallel()
	r, q := newRigOn(t)
	r.handler.Sender.Pacer = handlertest.NewPacer(t, 1, r.Clock)
	r.wantBack(r.handle(on(record("1", body(fields{"id": "order-1"})), 1)))
	r.wantBack(r.handle(on(record("2", body(fields{"id": "order-2"})), 1)), "sqs-2")
	if len(q.postponed) != 1 || q.postponed[0][0].After < 10*time.Second {
		t.Errorf("postponed: got %+v, want one record until there is room", q.postponed)
	}
}
