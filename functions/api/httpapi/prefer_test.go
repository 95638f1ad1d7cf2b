package httpapi_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
)

func TestAPIHeedsWhenACallerWantsToBeAnswered(t *testing.T) {
	t.Parallel()
	const now, later = 200, 202
	for name, tt := range map[string]struct {
		prefer      []string
		own, dropIn int // the status, which tells whether it was sent before the answer
		applied     string
		recheck     time.Duration
	}{
		"nothing":               {nil, later, now, "", 43 * time.Second},
		"wait":                  {[]string{"wait=10"}, now, now, "wait=10", 33 * time.Second},
		"longest":               {[]string{"wait=20"}, now, now, "wait=20", 43 * time.Second},
		"longer":                {[]string{"wait=3600"}, now, now, "wait=20", 43 * time.Second},
		"not at all":            {[]string{"wait=0"}, later, later, "respond-async", 0},
		"async":                 {[]string{"respond-async"}, later, later, "respond-async", 0},
		"at most, then async":   {[]string{"respond-async, wait=5"}, now, now, "wait=5", 28 * time.Second},
		"two headers":           {[]string{"respond-async", "wait=5"}, now, now, "wait=5", 28 * time.Second},
		"first of two":          {[]string{"wait=5, wait=7"}, now, now, "wait=5", 28 * time.Second},
		"case, blanks, quotes":  {[]string{` WAIT = "7" ; x=1, return=minimal`}, now, now, "wait=7", 30 * time.Second},
		"not a number":          {[]string{"wait=soon"}, later, now, "", 43 * time.Second},
		"negative":              {[]string{"wait=-1"}, later, now, "", 43 * time.Second},
		"beyond any number":     {[]string{"wait=99999999999999999999"}, later, now, "", 43 * time.Second},
		"something else":        {[]string{"handling=lenient"}, later, now, "", 43 * time.Second},
		"empty":                 {[]string{""}, later, now, "", 43 * time.Second},
		"only commas":           {[]string{",,;=,"}, later, now, "", 43 * time.Second},
		"wait without a number": {[]string{"wait"}, later, now, "", 43 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for path, code := range map[string]int{path: tt.own, sendText: tt.dropIn} {
				content := body(nil)
				if path == sendText {
					content = request(nil)
				}
				r := newRig(t)
				got := r.post(path, content, header("Idempotency-Key", "order-1"), header("Prefer", tt.prefer...))
				r.want(got, code, plainJSON)
				if applied := got.header.Get("Preference-Applied"); applied != tt.applied {
					t.Errorf("%s: Preference-Applied: got %q, want %q", path, applied, tt.applied)
				}
				if code == now {
					r.WantSent(1)
					if delay := r.normal.Enqueued()[0].Delay; delay != tt.recheck {
						t.Errorf("%s: recheck after %v, want %v", path, delay, tt.recheck)
					}
					continue
				}
				r.WantSent(0)
				r.work(0)
				r.WantSent(1)
			}
		})
	}
}

func TestAPIAnswersAWaitingCallerWithWhatBecameOfTheMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault       dmlytest.Fault
		code        int
		kind, state string
		sent        int
	}{
		"sent":     {dmlytest.Fault{}, 200, "", "sent", 1},
		"rejected": {dmlytest.Fault{Status: 400, Error: "no"}, 422, "not-sent", "rejected", 0},
		"unknown":  {dmlytest.Fault{Cut: dmlytest.CutAfter}, 202, "", "unknown", 1},
		"waiting":  {dmlytest.Fault{Status: 503, RetryAfter: "60"}, 202, "", "waiting", 0},
		"key":      {dmlytest.Fault{Status: 401}, 202, "", "waiting", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if tt.state != "sent" {
				r.Sim.Inject(tt.fault)
			}
			for _, replay := range []string{"", "true"} {
				got := r.post(path, body(fields{"id": "order-1"}), header("Prefer", "wait=5"))
				if got.code != tt.code || got.Kind != tt.kind || got.State != tt.state {
					t.Errorf("got HTTP %d %s: %s", got.code, got.Kind, got.body)
				}
				if mark := got.header.Get("Idempotent-Replayed"); tt.code != 422 && tt.state != "waiting" && mark != replay {
					t.Errorf("Idempotent-Replayed: got %q, want %q", mark, replay)
				}
			}
			r.WantSent(tt.sent)
			r.WantState("order-1", delivery.State(tt.state))
		})
	}
}

func TestAPITriesAgainWithinTheWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 503, RetryAfter: "1"})
	got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
	r.want(got, 200, plainJSON)
	r.WantPosts(2)
	r.WantSent(1)
}

func TestAPILeavesToTheQueueWhatWouldTakeLongerThanTheWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Sender.Pacer = handlertest.NewPacer(t, 12, delivery.SystemClock{}) // a slot every 5.2 seconds
	for i, want := range []int{200, 202} {
		begun := time.Now()
		got := r.post(path, body(fields{"id": []string{"a", "b"}[i]}), header("Prefer", "wait=2"))
		r.want(got, want, plainJSON)
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("message %d: answered after %v", i, took)
		}
	}
	r.WantSent(1)
	r.work(time.Minute)
	r.WantSent(2)
}

func TestAPIWaitsForASlotThatComesInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, sentPoster{})
		r.handler.Sender.Pacer = handlertest.NewPacer(t, 12, delivery.SystemClock{}) // a slot every 5.2 seconds
		begun := time.Now()
		for range 3 {
			r.want(r.post(sendText, request(nil)), 200, plainJSON)
		}
		if took := time.Since(begun); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("three messages at 12 a minute took %v", took)
		}
	})
}

func TestAPIAnswersBeforeTheFunctionEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, sentPoster{})
		r.handler.Sender.Pacer = handlertest.NewPacer(t, 12, delivery.SystemClock{}) // a slot every 5.2 seconds
		r.want(r.post(sendText, request(nil)), 200, plainJSON)
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // a function of 8 seconds
		defer cancel()
		r.want(r.serve(newRequest(ctx, sendText, request(nil))), 202, plainJSON)
		if ctx.Err() != nil {
			t.Error("it was answered when the function had ended")
		}
	})
}

func TestAPITellsWhoRepeatsThatTheMessageIsBeingSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	r.Poster.Before = func(dmly.Request) { close(begun); <-finish }
	key := header("Idempotency-Key", "order-1")
	first := make(chan answer, 1)
	go func() { first <- r.post(sendText, request(nil), key) }()
	<-begun
	queued := len(r.normal.Enqueued())
	again := r.post(sendText, request(nil), header("Idempotency-Key", `"order-1"`))
	r.want(again, 409, plainJSON)
	if again.Error == "" || again.header.Get("Retry-After") == "" {
		t.Errorf("got %s, Retry-After %q", again.body, again.header.Get("Retry-After"))
	}
	own := r.post(path, body(nil), key, header("Prefer", "wait=1"))
	r.want(own, 409, problemJSON)
	if own.Kind != "still-sending" || own.State != "sending" || own.header.Get("Retry-After") == "" {
		t.Errorf("got %s", own.body)
	}
	r.want(r.post(path, body(nil), key), 202, plainJSON) // who does not wait is told that it was accepted
	if more := len(r.normal.Enqueued()) - queued; more != 1 {
		t.Errorf("records queued for repeats: got %d, want that of the last", more)
	}
	close(finish)
	r.want(<-first, 200, plainJSON)
	r.want(r.post(sendText, request(nil), key), 200, plainJSON)
	r.WantSent(1)
}

// sentPoster is a DMLY that takes everything at once.
type sentPoster struct{}

func (sentPoster) Post(context.Context, apikey.Key, dmly.Request) (dmly.MessageResponse, error) {
	return dmly.MessageResponse{ID: "d-1", Status: "sent"}, nil
}

// tardyPoster is a DMLY that takes its time.
type tardyPoster struct{ time.Duration }

func (p tardyPoster) Post(ctx context.Context, _ apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	select {
	case <-time.After(p.Duration):
		return dmly.MessageResponse{ID: "d-1", Status: "sent"}, nil
	case <-ctx.Done():
		return dmly.MessageResponse{}, &dmly.UnknownError{Failure: dmly.Failure{Operation: req.Operation(), Err: ctx.Err()}}
	}
}

// Who waits for a second does not make a message unknown that DMLY takes after eight.
func TestAPIFinishesAPostHoweverShortTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, tardyPoster{8 * time.Second})
		r.want(r.post(path, body(nil), header("Prefer", "wait=1")), 200, plainJSON)
	})
}

// A slot at the end of the wait leaves the post as much time as one at once.
func TestAPIGivesAPostItsTimeHoweverLateItsSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, tardyPoster{9 * time.Second})
		r.handler.Sender.Pacer = handlertest.NewPacer(t, 4, delivery.SystemClock{}) // a slot every 15 seconds
		r.want(r.post(path, body(nil), header("Prefer", "wait=1")), 200, plainJSON)
		begun := time.Now()
		r.want(r.post(path, body(nil), header("Prefer", "wait=7")), 200, plainJSON)
		if took := time.Since(begun); took < 15*time.Second {
			t.Errorf("answered after %v: it did not wait for its slot", took)
		}
	})
}

// A request ends before the function does, whatever it met.
func TestAPIEndsEachRequestInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, tardyPoster{time.Hour})
		begun := time.Now()
		r.want(r.post(path, body(nil), header("Prefer", "wait=20")), 202, plainJSON)
		if took := time.Since(begun); took > 26*time.Second {
			t.Errorf("answered after %v", took)
		}
	})
}
