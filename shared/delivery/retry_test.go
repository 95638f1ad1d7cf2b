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
		ceiling := 15 * time.Minute
		if attempt < 9 {
			ceiling = min(ceiling, 2*time.Second<<attempt)
		}
		if got < 2*time.Second || got > ceiling {
			t.Fatalf("attempt %d waits %v, want 2s to %v", attempt, got, ceiling)
		}
	})
	// Full jitter: all of the range is used.
	for random, want := range map[float64]time.Duration{0: 2 * time.Second, 0.5: 3 * time.Second} {
		if got := (Retry{Float64: func() float64 { return random }}).backOff(1); got != want {
			t.Errorf("at %v the first wait is %v, want %v", random, got, want)
		}
	}
	if got := (Retry{Float64: func() float64 { return 1 }}).backOff(8); got != 512*time.Second {
		t.Errorf("the eighth wait goes up to %v, want 512s", got)
	}
	if got := (Retry{Float64: func() float64 { return 1 }}).backOff(9); got != 15*time.Minute {
		t.Errorf("the ninth wait goes up to %v, want 15m", got)
	}
}
