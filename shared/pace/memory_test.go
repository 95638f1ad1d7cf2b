package pace_test

import (
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/pace"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newPace(t *testing.T, perMinute int) (*pace.Memory, *clock) {
	t.Helper()
	c := &clock{start}
	m, err := pace.NewMemory(perMinute, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return m, c
}

func reserve(t *testing.T, m *pace.Memory, lane delivery.Lane, n int, until time.Time) ([]time.Time, time.Time) {
	t.Helper()
	slots, retry, err := m.Reserve(t.Context(), "default", lane, n, until)
	if err != nil {
		t.Fatal(err)
	}
	return slots, retry
}

// run takes every slot that there is for so long, as one worker that never stops.
func run(t *testing.T, m *pace.Memory, c *clock, length time.Duration) []time.Time {
	t.Helper()
	var sent []time.Time
	for end := c.now.Add(length); c.now.Before(end); {
		slots, retry := reserve(t, m, delivery.NormalLane, 10, end)
		if len(slots) == 0 {
			if !retry.After(c.now) {
				t.Fatalf("told to ask again at %v, and it is %v", retry, c.now)
			}
			c.now = retry
			continue
		}
		sent = append(sent, slots...)
		c.now = slots[len(slots)-1]
	}
	return sent
}

func TestRateIsNeverExceededInAnyMinuteAndNearlyReached(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 2, 7, 60, 100, 1000, 6000} {
		m, c := newPace(t, perMinute)
		c.now = c.now.Add(time.Hour) // idle before: the burst is available
		sent := run(t, m, c, 20*time.Minute)
		for i := range sent {
			if j := i + perMinute; j < len(sent) && sent[j].Sub(sent[i]) < time.Minute {
				t.Fatalf("%d a minute: message %d came %v after message %d", perMinute, j, sent[j].Sub(sent[i]), i)
			}
			if i > 0 && sent[i].Before(sent[i-1]) {
				t.Fatalf("%d a minute: slot %d is before slot %d", perMinute, i, i-1)
			}
		}
		if got, least := len(sent), perMinute*20*95/100; got < least {
			t.Errorf("%d a minute: %d messages in 20 minutes, want at least %d", perMinute, got, least)
		}
	}
}

func TestNormalIsAtMostSecondsBehindBulk(t *testing.T) {
	t.Parallel()
	m, _ := newPace(t, 100)
	for {
		if slots, _ := reserve(t, m, delivery.BulkLane, 10, start.Add(time.Hour)); len(slots) == 0 {
			break
		}
	}
	slots, _ := reserve(t, m, delivery.NormalLane, 1, start.Add(time.Hour))
	if len(slots) != 1 || slots[0].Sub(start) > 6*time.Second {
		t.Errorf("behind a full bulk lane, normal gets %v", slots)
	}
}

func TestNoSlotLiesAfterTheDeadline(t *testing.T) {
	t.Parallel()
	m, c := newPace(t, 60)
	slots, _ := reserve(t, m, delivery.NormalLane, 10, start.Add(2500*time.Millisecond))
	for _, s := range slots {
		if s.After(start.Add(2500 * time.Millisecond)) {
			t.Errorf("slot at %v", s.Sub(start))
		}
	}
	if len(slots) == 0 {
		t.Fatal("no slot before the deadline")
	}
	burst, _ := newPace(t, 1000)
	if slots, _ := reserve(t, burst, delivery.NormalLane, 1, start.Add(-time.Second)); len(slots) != 0 {
		t.Errorf("slots %v, and the deadline has passed", slots)
	}
	if slots, retry := reserve(t, m, delivery.NormalLane, 1, start); len(slots) != 0 || !retry.After(c.now) {
		t.Errorf("slots %v, ask again at %v", slots, retry)
	}
}

func TestAPauseHoldsTheAccountAndNoOther(t *testing.T) {
	t.Parallel()
	m, c := newPace(t, 100)
	until := start.Add(time.Minute)
	for _, p := range []time.Time{until, start.Add(time.Second)} { // the shorter one changes nothing
		if err := m.Pause(t.Context(), "default", p); err != nil {
			t.Fatal(err)
		}
	}
	if slots, retry := reserve(t, m, delivery.NormalLane, 1, start.Add(time.Hour)); len(slots) != 0 || !retry.Equal(until) {
		t.Errorf("slots %v, retry %v, want none until %v", slots, retry, until)
	}
	if slots, _, err := m.Reserve(t.Context(), "other", delivery.NormalLane, 1, start.Add(time.Hour)); err != nil || len(slots) != 1 {
		t.Errorf("another account got %v, %v", slots, err)
	}
	c.now = until
	if slots, _ := reserve(t, m, delivery.NormalLane, 1, start.Add(time.Hour)); len(slots) != 1 {
		t.Errorf("after the pause: %v", slots)
	}
}

func TestARateOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := pace.NewMemory(0, time.Now); err == nil {
		t.Error("a rate of 0 was taken")
	}
}
