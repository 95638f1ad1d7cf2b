package latertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

func bringsToItsLane(t *testing.T, s Subject) {
	t.Helper()
	at := time.Now().Add(s.minutes(3))
	normal, bulk := saying("order-1", "first"), saying("order-2", "second")
	s.schedule(t, delivery.BulkLane, bulk, at)
	s.schedule(t, delivery.NormalLane, normal, at)
	same(t, s.comes(t, delivery.NormalLane, at), normal)
	same(t, s.comes(t, delivery.BulkLane, at), bulk)
}

func bringsOnce(t *testing.T, s Subject) {
	t.Helper()
	at, r := time.Now().Add(s.minutes(3)), saying("order-1", "once")
	s.schedule(t, delivery.NormalLane, r, at)
	s.schedule(t, delivery.NormalLane, r, at)
	same(t, s.comes(t, delivery.NormalLane, at), r)
	s.silent(t, at.Add(s.Minute))
}

func bringsAtEachMoment(t *testing.T, s Subject) {
	t.Helper()
	now, r := time.Now(), saying("order-1", "twice")
	s.schedule(t, delivery.NormalLane, r, now.Add(365*24*time.Hour))
	s.schedule(t, delivery.NormalLane, r, now.Add(s.minutes(6)))
	s.schedule(t, delivery.NormalLane, r, now.Add(s.minutes(3)))
	same(t, s.comes(t, delivery.NormalLane, now.Add(s.minutes(3))), r)
	same(t, s.comes(t, delivery.NormalLane, now.Add(s.minutes(6))), r)
}

func replacesRecordAndLane(t *testing.T, s Subject) {
	t.Helper()
	at, r := time.Now().Add(s.minutes(3)), saying("order-1", "new")
	s.schedule(t, delivery.NormalLane, saying("order-1", "old"), at)
	s.schedule(t, delivery.BulkLane, r, at)
	same(t, s.comes(t, delivery.BulkLane, at), r)
	s.silent(t, at.Add(s.Minute))
}

func bringsThePast(t *testing.T, s Subject) {
	t.Helper()
	for id, ago := range map[string]time.Duration{"now": 0, "past": time.Second, "long-past": 365 * 24 * time.Hour} {
		r := saying(id, "at once")
		s.schedule(t, delivery.BulkLane, r, time.Now().Add(-ago))
		same(t, s.comes(t, delivery.BulkLane, time.Now()), r)
	}
}

func unschedules(t *testing.T, s Subject) {
	t.Helper()
	at, r := time.Now().Add(s.minutes(3)), saying("order-2", "stays")
	s.schedule(t, delivery.NormalLane, saying("order-1", "goes"), at)
	s.schedule(t, delivery.NormalLane, r, at)
	later := at.Add(s.minutes(3))
	s.schedule(t, delivery.NormalLane, saying("order-1", "stays, too"), later)
	s.unschedule(t, "order-1", at)
	same(t, s.comes(t, delivery.NormalLane, at), r)
	same(t, s.comes(t, delivery.NormalLane, later), saying("order-1", "stays, too"))
	s.silent(t, later.Add(s.Minute))
}

func unschedulesNothing(t *testing.T, s Subject) {
	t.Helper()
	s.unschedule(t, "nobody-knows-it", time.Now().Add(s.minutes(3)))
	r := saying("order-1", "came")
	s.schedule(t, delivery.NormalLane, r, time.Time{})
	same(t, s.comes(t, delivery.NormalLane, time.Now()), r)
	s.unschedule(t, "order-1", time.Time{})
	s.unschedule(t, "order-1", time.Time{})
}

func holdsAgain(t *testing.T, s Subject) {
	t.Helper()
	for _, text := range []string{"first", "second"} {
		at, r := time.Now().Add(s.minutes(3)), saying("order-1", text)
		s.schedule(t, delivery.NormalLane, r, at)
		same(t, s.comes(t, delivery.NormalLane, at), r)
	}
}

func endsWithItsContext(t *testing.T, s Subject) {
	t.Helper()
	at, r := time.Now().Add(s.minutes(3)), saying("order-1", "kept")
	s.schedule(t, delivery.NormalLane, r, at)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Scheduler.Schedule(ctx, delivery.NormalLane, saying("order-2", "late"), at); !errors.Is(err, context.Canceled) {
		t.Errorf("Schedule: got %v, want %v", err, context.Canceled)
	}
	if err := s.Scheduler.Schedule(ctx, delivery.NormalLane, saying("order-3", "late"), time.Time{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Schedule of what is past: got %v, want %v", err, context.Canceled)
	}
	if err := s.Scheduler.Unschedule(ctx, "order-1", at); !errors.Is(err, context.Canceled) {
		t.Errorf("Unschedule: got %v, want %v", err, context.Canceled)
	}
	same(t, s.comes(t, delivery.NormalLane, at), r)
	s.silent(t, at.Add(s.Minute))
}
