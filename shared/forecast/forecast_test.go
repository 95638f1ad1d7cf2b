package forecast_test

import (
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/forecast"
	"dmlysender/shared/message"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue"
)

const second = time.Second

func TestAnEstimateIsTheNextSlotBehindWhatIsQueued(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		normal, bulk int
		next         time.Duration
		message      message.Message
		want         time.Duration
	}{
		"nothing queued":        {0, 0, 0, in("W1", ""), 0},
		"behind its own lane":   {100, 0, 0, in("W1", message.Normal), 60 * second},
		"normal, before bulk":   {10, 1000, 0, in("W1", ""), 6 * second},
		"bulk, behind both":     {10, 100, 0, in("W1", message.Bulk), 66 * second},
		"slots are taken":       {0, 0, 7 * second, in("W1", ""), 7 * second},
		"an account that waits": {10, 0, 300 * second, in("W1", ""), 306 * second},
		"of another account":    {10, 0, 300 * second, in("W2", ""), 6 * second},
		"of the default one":    {10, 0, 300 * second, in("", ""), 306 * second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T, w *world) {
				t.Helper()
				w.normal.value, w.bulk.value = tt.normal, tt.bulk
				w.pace.accounts[apikey.DefaultAccount] = delivery.Outlook{Next: w.start.Add(tt.next)}
				w.want(tt.message, tt.want)
				w.wantErrors(0, nil)
			})
		})
	}
}

func TestAnEstimateIsNotBeforeSendAtAndNotOutsideTheHours(t *testing.T) {
	t.Parallel()
	utc, err := message.ParseTimezone("UTC")
	if err != nil {
		t.Fatal(err)
	}
	// The clock of a bubble starts at midnight, UTC.
	hours := func(from, to message.TimeOfDay) *message.Window {
		return &message.Window{From: from, To: to, Timezone: utc}
	}
	for name, tt := range map[string]struct {
		depth   int
		sendAt  time.Duration
		within  *message.Window
		expires time.Duration
		want    time.Duration // -1 for none
	}{
		"sendAt later than its turn":           {10, time.Hour, nil, 0, time.Hour},
		"sendAt before its turn":               {100, 5 * second, nil, 0, 60 * second},
		"sendAt that is over":                  {0, -time.Hour, nil, 0, 0},
		"hours that open later":                {10, 0, hours(9*60, 20*60), 0, 9 * time.Hour},
		"hours that are over by its turn":      {1000, 0, hours(0, 5), 0, 24 * time.Hour},
		"hours that open after sendAt":         {0, time.Hour, hours(9*60, 20*60), 0, 9 * time.Hour},
		"time enough before it expires":        {10, 0, nil, 7 * second, 6 * second},
		"expired when its turn comes":          {10, 0, nil, 6 * second, -1},
		"expired before its hours":             {0, 0, hours(9*60, 20*60), time.Hour, -1},
		"expired when it is asked for, nearly": {0, 0, nil, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T, w *world) {
				t.Helper()
				w.normal.value = tt.depth
				m := in("W1", "")
				m.DeliverWithin = tt.within
				if tt.sendAt != 0 {
					m.SendAt = w.start.Add(tt.sendAt)
				}
				if tt.expires != 0 {
					m.ExpiresAt = w.start.Add(tt.expires)
				}
				if tt.want < 0 {
					w.wantNone(m)
					return
				}
				w.want(m, tt.want)
			})
		})
	}
}

func TestMessagesThatComeTogetherStandBehindEachOther(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.normal.value, w.bulk.value = 10, 5
		w.want(in("W1", ""), 6000*time.Millisecond)
		w.want(in("W1", ""), 6600*time.Millisecond)
		later := in("W1", "")
		later.SendAt = w.start.Add(time.Hour)
		w.want(later, time.Hour) // it waits elsewhere
		w.want(in("W1", ""), 7200*time.Millisecond)
		w.want(in("W1", message.Bulk), 10800*time.Millisecond)
		w.want(in("W1", message.Bulk), 11400*time.Millisecond)
		w.want(in("W1", ""), 7800*time.Millisecond)
		w.wantAsked(1, 1, 1)
		// The next look counts them itself, if they are still there.
		<-time.After(5 * second)
		w.normal.value = 3
		w.want(in("W1", ""), 6800*time.Millisecond)
	})
}

func TestWhatIsQueuedGoesOnWhileALookIsKept(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		w.normal.value = 3
		w.want(in("W1", ""), 1800*time.Millisecond)
		<-time.After(2 * second)
		w.want(in("W1", ""), 2400*time.Millisecond)
		<-time.After(2 * second)
		w.want(in("W1", ""), 4*second) // all that stood there is gone by now
		w.wantAsked(1, 1, 0)
	})
}

func TestWhileAKeyIsRefusedThereIsNoEstimate(t *testing.T) {
	t.Parallel()
	within(t, func(t *testing.T, w *world) {
		t.Helper()
		until := w.start.Add(3 * second)
		w.pace.accounts[apikey.DefaultAccount] = delivery.Outlook{Next: until, RefusedUntil: until}
		w.wantNone(in("W1", ""))
		w.want(in("W2", ""), 0) // has a key of its own
		<-time.After(3 * second)
		w.want(in("W1", ""), 3600*time.Millisecond)
		for _, a := range w.pace.seen {
			if a.KeyVersion == "" {
				t.Errorf("asked for %+v, want the version of its key", a)
			}
		}
	})
}

func TestWithoutAKeyThereIsNoEstimate(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{"for the workspace": `{"workspaces": {"W2": "key-of-w2"}}`, "as the secret cannot be read": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T, w *world) {
				t.Helper()
				w.secret = secret
				w.wantNone(in("W1", ""))
				w.wantAsked(0, 1, 0)
			})
		})
	}
}

// The real ones, in memory: a worker that is at it, and what stands behind.
func TestAnEstimateComesTrue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const perMinute, n = 100, 40
		pacer, err := pace.NewMemory(perMinute, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		q := queue.NewMemory(time.Now)
		secret := apikey.Env(func(string) string { return "a-key" }, "K")
		f := &forecast.Forecast{Keys: apikey.NewCache(secret, apikey.Options{}), Pace: pacer, Normal: q, Bulk: queue.Direct{}, Now: time.Now}
		if err := q.Enqueue(t.Context(), make([]delivery.Record, n)...); err != nil {
			t.Fatal(err)
		}
		estimate, ok := f.Estimate(t.Context(), in("W1", ""))
		if err := q.Enqueue(t.Context(), delivery.Record{ID: "last"}); err != nil {
			t.Fatal(err)
		}
		got, err := q.Receive(t.Context(), n+1, time.Hour)
		if err != nil || got[n].ID != "last" {
			t.Fatalf("got %d records, %v", len(got), err)
		}
		var sent time.Time
		for done := 0; done <= n; {
			r, err := pacer.Reserve(t.Context(), delivery.Account{Name: apikey.DefaultAccount}, delivery.NormalLane, 1, time.Now().Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Slots) == 0 {
				<-time.After(time.Until(r.RetryAt))
				continue
			}
			sent = r.Slots[0]
			done++
		}
		if early := estimate.Sub(sent); !ok || early < 0 || early > 2*second {
			t.Errorf("the estimate was %v, %v, and it was sent at %v", estimate, ok, sent)
		}
	})
}
