package delivery

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheBackOffHasAFloorAndACap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 1000).Draw(t, "attempt")
		random := rapid.Float64Range(0, 0.9999999).Draw(t, "random")
		got := Retry{Float64: func() float64 { return random }}.backOff(attempt)
		ceiling := 2 * time.Second
		for range min(attempt, 6) {
			ceiling *= 3
		}
		ceiling = min(ceiling, 15*time.Minute)
		if got < 2*time.Second || got > ceiling {
			t.Fatalf("attempt %d waits %v, want 2s to %v", attempt, got, ceiling)
		}
	})
	// Full jitter: all of the range is used.
	for random, want := range map[float64]time.Duration{0: 2 * time.Second, 0.5: 4 * time.Second} {
		if got := (Retry{Float64: func() float64 { return random }}).backOff(1); got != want {
			t.Errorf("at %v the first wait is %v, want %v", random, got, want)
		}
	}
	for attempt, want := range map[int]time.Duration{1: 6 * time.Second, 5: 486 * time.Second, 6: 15 * time.Minute, 8: 15 * time.Minute} {
		if got := (Retry{Float64: func() float64 { return 1 }}).backOff(attempt); got != want {
			t.Errorf("wait %d goes up to %v, want %v", attempt, got, want)
		}
	}
}
