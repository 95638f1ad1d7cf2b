package httpapi_test

import (
	"context"
	"testing"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
)

// newDirectRig is SEND_QUEUE_URL=memory: what would be queued is sent at once.
func newDirectRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	direct := queue.Direct{Deliver: func(ctx context.Context, one delivery.Record) (delivery.Result, error) {
		return r.handler.Sender.DeliverRecord(ctx, one, one.ID, message.Defaults{})
	}}
	r.handler.Queues = queue.Lanes{Normal: direct, Bulk: direct}
	return r
}

func TestAPISendsAtOnceWithoutAQueue(t *testing.T) {
	t.Parallel()
	r := newDirectRig(t)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.wantSent(1)
	r.want(r.post(path, body(fields{"id": "order-2", "priority": "bulk"})), 202, plainJSON)
	r.wantSent(2)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.wantSent(2)
	r.wantState("order-1", delivery.Sent)
}

func TestAPISendsADropInRequestOnceWithoutAQueue(t *testing.T) {
	t.Parallel()
	r := newDirectRig(t)
	r.want(r.post(sendText, request(nil)), 200, plainJSON)
	r.wantSent(1)
}

func TestAPIDoesNotAcceptWhatNothingWouldBringBack(t *testing.T) {
	t.Parallel()
	r := newDirectRig(t)
	r.sim.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
	r.want(r.post(path, body(fields{"id": "order-1"})), 503, problemJSON)
	r.sim.Inject(dmlytest.Fault{Status: 400})
	r.want(r.post(path, body(fields{"id": "order-2"})), 202, plainJSON) // at rest: it stands in the ledger
	r.wantState("order-2", delivery.Rejected)
}
