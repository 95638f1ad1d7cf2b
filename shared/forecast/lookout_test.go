package forecast_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func TestServicesAreAskedOnceInFiveSeconds(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.pace.takes, w.normal.takes = 500*time.Millisecond, 500*time.Millisecond
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, ok := w.Estimate(t.Context(), in("W1", "")); !ok {
					t.Error("got no estimate")
				}
			})
		}
		wg.Wait()
		w.wantAsked(1, 1, 0)
		<-time.After(4499 * time.Millisecond)
		w.Estimate(t.Context(), in("W1", ""))
		w.wantAsked(1, 1, 0)
		w.Estimate(t.Context(), in("W2", message.Bulk)) // of another account, on the other lane
		w.wantAsked(2, 1, 1)
		<-time.After(time.Millisecond)
		w.Estimate(t.Context(), in("W1", ""))
		w.wantAsked(3, 2, 1)
	})
}

func TestAnEstimateTakesAsLongAsTheSlowestService(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.pace.takes, w.normal.takes, w.bulk.takes = 300*time.Millisecond, 900*time.Millisecond, 700*time.Millisecond
		w.want(in("W1", message.Bulk), 900*time.Millisecond) // which is now
		if took := time.Since(w.start); took != 900*time.Millisecond {
			t.Errorf("it took %v, want 0.9 s", took)
		}
	})
}

func TestAServiceThatCannotBeAskedCostsAnEstimateAndNoTime(t *testing.T) {
	t.Parallel()
	for name, breakOne := range map[string]func(*world) *error{
		"the pace":         func(w *world) *error { return &w.pace.err },
		"the normal queue": func(w *world) *error { return &w.normal.err },
		"the bulk queue":   func(w *world) *error { return &w.bulk.err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T, w *world) {
				t.Helper()
				err := breakOne(w)
				*err = errDown
				w.wantNone(in("W1", message.Bulk))
				w.wantNone(in("W1", message.Bulk))
				w.wantAsked(1, 1, 1)
				w.wantErrors(1, errDown)
				*err = nil
				<-time.After(5 * time.Second)
				w.want(in("W1", message.Bulk), 5*time.Second)
				w.wantAsked(2, 2, 2)
			})
		})
	}
}

func TestAServiceThatDoesNotAnswerIsWaitedForASecond(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"and gives up": false, "and does not give up": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T, w *world) {
				t.Helper()
				w.normal.takes, w.normal.deaf, w.normal.err = 20*time.Second, deaf, context.DeadlineExceeded
				w.wantNone(in("W1", ""))
				if took := time.Since(w.start); took != time.Second {
					t.Errorf("it took %v, want 1 s", took)
				}
				<-time.After(3 * time.Second)
				w.wantNone(in("W1", ""))
				if took := time.Since(w.start); took > 5*time.Second {
					t.Errorf("asked again, it took %v, want at most 1 s", took-4*time.Second)
				}
				<-time.After(2 * time.Second)
				w.wantNone(in("W1", ""))
				synctest.Wait()
				if asked := w.normal.asked; deaf && asked != 1 || !deaf && asked != 2 {
					t.Errorf("asked %d times, want one look at a time", asked)
				}
			})
		})
	}
}

func TestOneWhoGoesAwayTakesTheAnswerFromNobody(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.pace.takes, w.normal.takes = 500*time.Millisecond, 500*time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if at, ok := w.Estimate(ctx, in("W1", "")); ok || time.Since(w.start) != 100*time.Millisecond {
			t.Errorf("got %v, %v after %v, want none after 0.1 s", at, ok, time.Since(w.start))
		}
		w.want(in("W1", ""), 500*time.Millisecond)
		w.wantAsked(1, 1, 0)
		w.wantErrors(0, nil)
	})
}

func TestAServiceThatPanicsCostsAnEstimate(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.normal.panics = true
		w.wantNone(in("W1", ""))
		if len(w.errs) != 1 || w.errs[0].Error() != "a look at a service panicked: string" {
			t.Errorf("got the errors %v", w.errs)
		}
	})
}

func TestAClockThatIsSetBackEndsWhatIsKept(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		now := w.start
		w.Now = func() time.Time { return now }
		w.Estimate(t.Context(), in("W1", ""))
		now = now.Add(-time.Hour)
		w.Estimate(t.Context(), in("W1", ""))
		w.wantAsked(2, 2, 0)
	})
}

func TestAKeyThatWasReplacedIsLookedAtAnew(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		until := w.start.Add(time.Minute)
		w.pace.accounts[apikey.DefaultAccount] = delivery.Outlook{Next: until, RefusedUntil: until}
		w.wantNone(in("W1", ""))
		keys, err := w.Keys.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		refused, _ := keys.For("W1")
		w.secret = "another-key"
		if _, err := w.Keys.Refresh(t.Context(), refused); err != nil {
			t.Fatal(err)
		}
		w.pace.accounts[apikey.DefaultAccount] = delivery.Outlook{}
		w.want(in("W1", ""), 0)
		if a := w.pace.seen; len(a) != 2 || a[0].KeyVersion == a[1].KeyVersion {
			t.Errorf("asked for %+v, want two versions", a)
		}
	})
}

func TestWithoutOnErrorNobodyHears(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.OnError = nil
		w.normal.err = errors.New("of no interest")
		w.wantNone(in("W1", ""))
	})
}
