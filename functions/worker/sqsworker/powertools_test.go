package sqsworker_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
)

// What is tested here went wrong in public in AWS Lambda Powertools, the library that teams use elsewhere to answer for a batch.
// Each test names the issue. Those about doing a thing once stand in shared/delivery.

// stuckPoster never comes to an end with what says "stuck", until it is told to.
type stuckPoster struct{}

func (stuckPoster) Post(ctx context.Context, _ apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	if one, ok := req.(dmly.WhatsAppText); ok && strings.HasSuffix(one.TextMessage, "stuck") {
		<-ctx.Done()
		return dmly.MessageResponse{}, &dmly.UnknownError{Failure: dmly.Failure{Err: ctx.Err()}}
	}
	return dmly.MessageResponse{ID: "m-1", Status: "success"}, nil
}

// In python#1242 one record that took too long let the whole function time out: there was no answer, and all of the batch came
// again, what had been done too.
func TestPowertoolsPython1242ATimeOutIsOneRecordsAndNotTheBatchs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := handlertest.NewBackendWith(t, stuckPoster{}, handlertest.NewRunningClock())
		r := &rig{Backend: b, t: t, handler: &sqsworker.Handler{Log: b.Log, Sender: b.NewSender(b.Clock)}}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		batch := []events.SQSMessage{
			record("1", body(fields{"id": "order-1"})),
			record("2", body(fields{"id": "order-2", "textMessage": text + " stuck"})),
			record("3", body(fields{"id": "order-3"})),
		}
		r.wantBack(r.handleIn(ctx, batch...))
		if ctx.Err() != nil {
			t.Error("the answer came too late")
		}
		r.WantState("order-1", delivery.Sent)
		r.WantState("order-2", delivery.Unknown)
		r.WantState("order-3", delivery.Sent)
		r.wantBack(r.handleIn(t.Context(), batch...)) // if all the same all of it came again
		r.WantPosts(3)
	})
}

// In typescript#3673 the processor remembered the groups that had failed, and the next invocation of the same process gave their
// records back without trying them. The queues here are not FIFO, but they have groups, and a process has invocations.
func TestPowertoolsTypeScript3673AFailureEndsWithItsInvocation(t *testing.T) {
	t.Parallel()
	r, _ := newRigOn(t)
	r.Sim.Inject(dmlytest.Fault{Match: "parcel 1", Status: 503, RetryAfter: "1"})
	one := on(record("1", body(fields{"id": "order-1", "textMessage": text + " parcel 1"})), 1)
	two := on(record("2", body(fields{"id": "order-2", "textMessage": text + " parcel 2"})), 1)
	r.wantBack(r.handle(one, two), "sqs-1") // of the same group
	r.WantSent(1)
	r.Clock.Advance(time.Minute)
	three := on(record("3", body(fields{"id": "order-3"})), 1)
	r.wantBack(r.handle(three, on(one, 2)))
	r.WantState("order-1", delivery.Sent)
	r.WantState("order-3", delivery.Sent)
	r.WantPosts(4)

	// Nor does a failure of the ledger, which is nobody's fault.
	r.Ledger.Fail(errDown)
	four := on(record("4", body(fields{"id": "order-4"})), 1)
	r.wantBack(r.handle(four), "sqs-4")
	r.Ledger.Fail(nil)
	r.wantBack(r.handle(on(four, 2)))
	r.WantSent(4)
}
