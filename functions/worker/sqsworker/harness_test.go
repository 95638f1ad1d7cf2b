package sqsworker_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/worker/sqsworker"
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
