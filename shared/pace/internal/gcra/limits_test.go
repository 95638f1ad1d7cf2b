package gcra_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"dmlysender/shared/delivery"
	"dmlysender/shared/pace/internal/gcra"
)

func TestEveryRateLeavesTwoAndAHalfSecondsOfAMinute(t *testing.T) {
	t.Parallel()
	for perMinute := 1; perMinute <= 500_000; perMinute = max(perMinute+1, perMinute*101/100) {
		l, err := gcra.New(perMinute)
		if err != nil {
			t.Fatal(err)
		}
		span := time.Duration(perMinute) * l.Interval
		if span < 62500*time.Millisecond {
			t.Errorf("%d a minute take %v, which is above the rate", perMinute, span)
		}
		if span > time.Minute*100/95 {
			t.Errorf("%d a minute take %v, which is below 95 %% of the rate", perMinute, span)
		}
	}
}

// What Wait says is soon enough not to miss the slot, late enough to get it, and never a moment that changes nothing.
func TestWhoHasToWaitComesBackInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 123456e3, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		l, err := gcra.New(rapid.OneOf(rapid.IntRange(1, 200), rapid.IntRange(1, 1_000_000)).Draw(t, "a minute"))
		if err != nil {
			t.Fatal(err)
		}
		lane, spare := delivery.NormalLane, 3750*time.Millisecond
		if rapid.Bool().Draw(t, "bulk") {
			lane, spare = delivery.BulkLane, 1500*time.Millisecond
		}
		ask := gcra.Ask{
			Lane: lane, N: rapid.IntRange(1, 10).Draw(t, "n"), Now: now,
			Until: now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "until"))),
		}
		beyond := time.Duration(rapid.Int64Range(1, int64(15*time.Minute)).Draw(t, "TAT beyond the latest"))
		s := gcra.State{TAT: l.Latest(1, ask).Add(beyond)}
		if k := l.Fit(s, ask); k > 0 {
			t.Fatalf("%d slots with the TAT %v beyond the latest", k, beyond)
		}
		at := l.Wait(s, ask, rapid.Float64Range(0, 0.999).Draw(t, "random")).RetryAt
		if early := l.Wait(s, ask, 0).RetryAt; at.Before(early) || at.Sub(early) > 2500*time.Millisecond {
			t.Errorf("by chance told to ask %v later", at.Sub(early))
		}
		again := ask
		again.Now = at
		if s.TAT.After(ask.Until) { // not for this deadline
			if at.Before(ask.Until) {
				t.Errorf("told to ask at %v, before %v", at, ask.Until)
			}
			again.Until = at.Add(time.Hour)
		} else if !at.Before(ask.Until) || !at.After(now) {
			t.Errorf("told to ask at %v, want before %v", at, ask.Until)
		}
		if ahead := s.TAT.Sub(at); ahead < spare && at.After(ask.Until) {
			t.Errorf("told to ask %v before the slot, want at least %v", ahead, spare)
		}
		if l.Fit(s, again) == 0 {
			t.Errorf("told to ask at %v, and there is nothing", at)
		}
	})
}

func TestThoseWhoWaitAreSpread(t *testing.T) {
	t.Parallel()
	l, err := gcra.New(100)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, s := range map[string]gcra.State{
		"for the rate":  {TAT: now.Add(10 * time.Second)},
		"for a delay":   {TAT: now.Add(time.Minute)},
		"for a new key": {Refusal: gcra.Refusal{}.Next("v1", now)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ask := gcra.Ask{KeyVersion: "v1", Lane: delivery.NormalLane, N: 10, Now: now, Until: now.Add(time.Hour)}
			early, late := l.Wait(s, ask, 0), l.Wait(s, ask, 0.5)
			if apart := late.RetryAt.Sub(early.RetryAt); apart < 500*time.Millisecond {
				t.Errorf("two who wait come back %v apart", apart)
			}
		})
	}
}

func TestARefusedKeyWaitsAndNoOther(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var none gcra.Refusal
	if none.Holds("", now) {
		t.Error("without a refusal: want none to hold")
	}
	first := none.Next("v1", now)
	for _, tc := range []struct {
		key  string
		at   time.Time
		want bool
	}{{"v1", now, true}, {"v1", first.Until.Add(-1), true}, {"v1", first.Until, false}, {"v2", now, false}} {
		if got := first.Holds(tc.key, tc.at); got != tc.want {
			t.Errorf("%s at %v: got %v, want %v", tc.key, tc.at.Sub(now), got, tc.want)
		}
	}
}
