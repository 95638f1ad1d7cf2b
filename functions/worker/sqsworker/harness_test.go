package sqsworker_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/delivery"
)

const (
	phone   = handlertest.Phone
	text    = handlertest.Text
	dmlyKey = handlertest.DMLYKey
)

var (
	start   = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	errDown = handlertest.ErrDown
)

// rig is a worker with everything behind it, on a clock that stands still.
type rig struct {
	*handlertest.Backend
	t       *testing.T
	handler *sqsworker.Handler
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := handlertest.NewBackend(t, handlertest.NewStandingClock(start))
	return &rig{Backend: b, t: t, handler: &sqsworker.Handler{Log: b.Log, Sender: b.NewSender(b.Clock)}}
}

// inbound is the queue that batches come from. It is used by one worker at a time.
type inbound struct {
	// failing is what each call ends with.
	failing error
	// enqueued and postponed are what it was asked for, call by call.
	enqueued  [][]delivery.Record
	postponed [][]delivery.Postponement
	// timeLeft is how long the last call might have taken, and ended its context's error.
	timeLeft time.Duration
	ended    error
}

func (q *inbound) Enqueue(ctx context.Context, records ...delivery.Record) error {
	q.note(ctx)
	q.enqueued = append(q.enqueued, records)
	return q.failing
}

func (q *inbound) Postpone(ctx context.Context, records ...delivery.Postponement) error {
	q.note(ctx)
	q.postponed = append(q.postponed, records)
	return q.failing
}

func (q *inbound) note(ctx context.Context) {
	end, _ := ctx.Deadline()
	q.timeLeft, q.ended = time.Until(end), ctx.Err()
}

// newRigOn is a rig whose batches come from a queue.
func newRigOn(t *testing.T) (*rig, *inbound) {
	t.Helper()
	r, q := newRig(t), &inbound{}
	r.handler.Queues = map[string]sqsworker.Queue{"dmly-send": q}
	return r, q
}

// on is a record of the queue dmly-send, which was put there when the tests start and comes for the nth time. Its receipt
// is "receipt of" its messageId.
func on(r events.SQSMessage, receives int) events.SQSMessage {
	r.EventSourceARN, r.ReceiptHandle = "arn:aws:sqs:eu-central-1:123456789012:dmly-send", "receipt of "+r.MessageId
	r.Attributes = map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(receives), "SentTimestamp": strconv.FormatInt(start.UnixMilli(), 10), "MessageGroupId": "W1",
	}
	return r
}

// handle gives records to the worker and returns the message ids that came back.
func (r *rig) handle(records ...events.SQSMessage) []string {
	r.t.Helper()
	return r.handleIn(r.t.Context(), records...)
}

func (r *rig) handleIn(ctx context.Context, records ...events.SQSMessage) []string {
	r.t.Helper()
	return handlertest.Work(ctx, r.t, r.handler, records...)
}

// wantBack compares what came back.
func (r *rig) wantBack(got []string, want ...string) {
	r.t.Helper()
	if !slices.Equal(got, want) {
		r.t.Errorf("records that came back: got %q, want %q", got, want)
	}
}

// fields are a message's JSON; nil drops one that is there by default.
type fields = handlertest.Fields

// body is a valid WhatsApp text, but for what changes.
func body(change fields) string { return handlertest.Message(change).JSON() }

// record is one of SQS; its messageId is "sqs-" and the name.
func record(name, body string) events.SQSMessage { return handlertest.NewRecord("sqs-"+name, body) }

// named is a record with the attribute that this system gives its own.
func named(r events.SQSMessage, id string) events.SQSMessage { return handlertest.Named(r, id) }
