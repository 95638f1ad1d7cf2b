package scheduled_test

import (
	"encoding/json"
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/schedule/scheduled"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/delivery"
	"dmlysender/shared/queue"
)

const (
	phone = handlertest.Phone
	text  = handlertest.Text
)

// occurrence is what the events say; its UTC form is what the ids end in.
const (
	occurrence = "2026-12-01T09:00:00+01:00"
	atUTC      = "@2026-12-01T08:00:00Z"
)

var errDown = handlertest.ErrDown

// rig is the schedule's function, two queues, and the real worker with a DMLY behind
// them.
type rig struct {
	*handlertest.Backend
	t       *testing.T
	normal  *handlertest.Queue
	bulk    *handlertest.Queue
	handler *scheduled.Handler
	worker  *sqsworker.Handler
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := handlertest.NewBackend(t, handlertest.NewRunningClock())
	r := &rig{Backend: b, t: t, normal: handlertest.NewQueue(b.Clock), bulk: handlertest.NewQueue(b.Clock)}
	r.worker = &sqsworker.Handler{Log: b.Log, Sender: b.NewSender(delivery.SystemClock{})}
	r.handler = &scheduled.Handler{Queues: queue.Lanes{Normal: r.normal, Bulk: r.bulk}, Log: b.Log}
	return r
}

// schedule invokes the function.
func (r *rig) schedule(event string) scheduled.Response {
	r.t.Helper()
	response, err := r.handler.Handle(r.t.Context(), json.RawMessage(event))
	if err != nil {
		r.t.Fatalf("schedule: %v", err)
	}
	return response
}

// work has the worker empty both queues, as Lambda does, one record after the other.
func (r *rig) work() {
	r.t.Helper()
	for _, q := range []*handlertest.Queue{r.normal, r.bulk} {
		for _, got := range q.Take(r.t) {
			one := handlertest.Named(handlertest.NewRecord(got.MessageID, string(got.Body)), got.ID)
			if back := handlertest.Work(r.t.Context(), r.t, r.worker, one); len(back) > 0 {
				r.t.Errorf("the worker gave %s back", got.ID)
				continue
			}
			q.Delete(got.MessageID)
		}
	}
}

// fields are a JSON object; nil drops one that is there by default.
type fields = handlertest.Fields

// msg is a valid WhatsApp text, but for what changes.
func msg(change fields) fields { return handlertest.Message(change) }

// input is what EventBridge Scheduler hands over.
func input(occurrence string, messages ...any) string {
	return handlertest.JSON(fields{"occurrence": occurrence, "messages": append([]any{}, messages...)})
}

// classic is the event of a scheduled rule.
func classic(at string, messages ...any) string {
	return handlertest.JSON(fields{
		"version": "0", "id": "cdc73f9d", "detail-type": "Scheduled Event", "source": "aws.events",
		"time": at, "detail": fields{"messages": append([]any{}, messages...)},
	})
}
