package scheduled_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

func TestScheduleFailsWhenNotAllIsQueuedAndRepeatingItIsHarmless(t *testing.T) {
	t.Parallel()
	event := input(occurrence, msg(fields{"id": "a"}), msg(fields{"id": "b", "priority": "bulk"}), fields{"id": "bad"})
	for name, broken := range map[string]func(*rig) *handlertest.Queue{
		"send queue": func(r *rig) *handlertest.Queue { return r.normal },
		"bulk queue": func(r *rig) *handlertest.Queue { return r.bulk },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			broken(r).Fail(errDown)
			for range 3 { // EventBridge tries again
				response, err := r.handler.Handle(t.Context(), json.RawMessage(event))
				if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "2026-12-01T08:00:00Z") {
					t.Errorf("got %v, want the queue's error and the occurrence", err)
				}
				if len(response.Queued)+len(response.Refused) > 0 {
					t.Errorf("got %+v with the error, want nothing", response)
				}
				r.work() // a part of the event may be on the queue already
			}
			broken(r).Fail(nil)
			r.schedule(event)
			r.work()
			r.WantSent(2)
			r.WantState("a"+atUTC, delivery.Sent)
			r.WantState("b"+atUTC, delivery.Sent)
			r.WantState("bad"+atUTC, delivery.Rejected)
		})
	}
}

func TestScheduleFailsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.handler.Handle(ctx, json.RawMessage(input(occurrence, msg(nil)))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	r.normal.WantEnqueued(t)
}

// TestScheduleSendsAtOnceWithoutAQueue is SEND_QUEUE_URL=memory:.
func TestScheduleSendsAtOnceWithoutAQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Queues = handlertest.Direct(r.worker.Sender)
	event := input(occurrence, msg(fields{"id": "a"}), msg(fields{"id": "b", "priority": "bulk"}), fields{"id": "bad"})
	r.schedule(event)
	r.schedule(event)
	r.WantSent(2)
	r.WantState("a"+atUTC, delivery.Sent)
	r.WantState("bad"+atUTC, delivery.Rejected)

	r.Sim.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
	if _, err := r.handler.Handle(t.Context(), json.RawMessage(input(occurrence, msg(fields{"id": "c"})))); err == nil || !strings.Contains(err.Error(), "c"+atUTC) {
		t.Errorf("got %v, want an error that names the message which nothing will bring back", err)
	}
}
