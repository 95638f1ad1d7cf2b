package httpapi_test

import (
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

// newDirectRig is SEND_QUEUE_URL=memory: what would be queued is sent at once.
func newDirectRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.handler.Queues = handlertest.Direct(r.handler.Sender)
	return r
}

func TestAPISendsAtOnceWithoutAQueue(t *testing.T) {
	t.Parallel()
	r := newDirectRig(t)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.WantSent(1)
	r.want(r.post(path, body(fields{"id": "order-2", "priority": "bulk"})), 202, plainJSON)
	r.WantSent(2)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.WantSent(2)
	r.WantState("order-1", delivery.Sent)
}

func TestAPISendsADropInRequestOnceWithoutAQueue(t *testing.T) {
	t.Parallel()
	r := newDirectRig(t)
	r.want(r.post(sendText, request(nil)), 200, plainJSON)
	r.WantSent(1)
}

func TestAPIDoesNotAcceptWhatNothingWouldBringBack(t *testing.T) {
	t.Parallel()
	r := newDirectRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
	r.want(r.post(path, body(fields{"id": "order-1"})), 503, problemJSON)
	r.Sim.Inject(dmlytest.Fault{Status: 400})
	r.want(r.post(path, body(fields{"id": "order-2"})), 202, plainJSON) // at rest: it stands in the ledger
	r.WantState("order-2", delivery.Rejected)
}
