package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

func TestAPIQueuesARecheckBeforeItSends(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var before []delivery.Record
	r.Poster.Before = func(dmly.Request) { before = r.normal.Enqueued() }
	r.want(r.post(sendText, request(fields{"preview": true}), header("Idempotency-Key", "order-1")), 200, plainJSON)
	if len(before) != 1 {
		t.Fatalf("records on the queue at the time of the post: got %d, want 1", len(before))
	}
	got := before[0]
	m, err := message.Decode(got.Body, message.Defaults{})
	if err != nil || m.ID != "order-1" || got.ID != "order-1" || got.Group != "W1" || got.Delay != 43*time.Second {
		t.Errorf("got record %s of group %q, delayed %v, with message %q, %v; want order-1 twice, W1 and 43s", got.ID, got.Group, got.Delay, m.ID, err)
	}
	r.bulk.WantEnqueued(t)
}

func TestAPILosesNothingWhenItsSenderDies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Poster.Before = func(dmly.Request) { panic(phone + text) }
	got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
	r.want(got, 202, plainJSON) // never a 5xx: the caller would send it again
	handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "order-1", "status": "unknown", "error": ""}`))
	if logged := r.Logs.String(); !strings.Contains(logged, `"id":"order-1"`) || !strings.Contains(logged, "handlertest.(*Poster).Post") {
		t.Errorf("the log does not say what panicked, and where:\n%s", logged)
	}
	r.normal.WantEnqueued(t, "order-1")
	r.Poster.Before = nil
	r.work(time.Minute)
	r.WantState("order-1", delivery.Unknown) // it may have been sent
	r.WantSent(0)
}

func TestAPISendsByTheRecheckWhatItCouldNotSendAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Ledger.Fail(errDown)
	got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
	r.want(got, 202, plainJSON)
	handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "order-1", "status": "accepted", "error": ""}`))
	if got := got.header.Get("Location"); got != "/v1/messages/order-1" {
		t.Errorf("Location: got %q", got)
	}
	r.WantSent(0)
	r.Ledger.Fail(nil)
	r.work(20 * time.Second)
	r.WantSent(0) // not yet visible
	r.work(30 * time.Second)
	r.WantSent(1)
	r.WantState("order-1", delivery.Sent)
}

func TestAPIPostsNothingThatItCouldNotQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.normal.Fail(errDown)
	got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
	r.want(got, 503, plainJSON)
	if strings.Contains(got.body, errDown.Error()) || !strings.Contains(r.Logs.String(), errDown.Error()) {
		t.Errorf("the cause is for the log alone: got answer %s and log\n%s", got.body, r.Logs)
	}
	r.wantUntouched()
}

func TestAPIFinishesWhatItHasBegunWhenItsCallerHangsUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, hangUp := context.WithCancel(t.Context())
	r.Poster.Before = func(dmly.Request) { hangUp() }
	req := newRequest(ctx, sendText, request(nil))
	req.Header.Set("Idempotency-Key", "order-1")
	got := r.serve(req)
	r.want(got, 200, plainJSON)
	r.WantState("order-1", delivery.Sent)
	r.WantSent(1)
}

// slowPoster is a DMLY that does not answer in time.
type slowPoster struct{}

func (slowPoster) Post(ctx context.Context, _ apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	<-ctx.Done()
	return dmly.MessageResponse{}, &dmly.UnknownError{Failure: dmly.Failure{Operation: req.Operation(), Err: ctx.Err()}}
}

func TestAPIAnswersBeforeTheRecheckHoweverSlowDMLYIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, slowPoster{})
		begin := time.Now()
		got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
		took := time.Since(begin)
		r.want(got, 202, plainJSON)
		handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "order-1", "status": "unknown", "error": ""}`))
		delay := r.normal.Enqueued()[0].Delay
		if took > 20*time.Second || took < 10*time.Second || delay < took+10*time.Second {
			t.Errorf("got an answer after %v and a recheck after %v; want at most 20s, and 10s more for the recheck", took, delay)
		}
	})
}
