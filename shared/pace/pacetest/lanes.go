package pacetest

import (
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

// roundTrip is what comes on top of the whole seconds of a visibility time-out until a record is back.
const roundTrip = 300 * time.Millisecond

// comeBack is when a record is back whose visibility time-out ends at retryAt.
func comeBack(now, retryAt time.Time) time.Time {
	whole := (retryAt.Sub(now) + time.Second - 1).Truncate(time.Second)
	return now.Add(max(0, whole)).Add(roundTrip)
}

func fullLane(t *testing.T, b *bench) {
	t.Helper()
	perMinutes(t, b, func(t *testing.T, b *bench, perMinute int) {
		t.Helper()
		p := b.workers(perMinute, 1)[0]
		var last time.Time
		for _, lane := range []delivery.Lane{delivery.BulkLane, delivery.NormalLane} {
			taken, retryAt := b.fill(p, lane)
			if len(taken) > 0 { // bulk may have left nothing
				last = taken[len(taken)-1]
			}
			next := last.Add(interval(perMinute))
			if !retryAt.After(b.clock()) || !retryAt.Before(next) {
				t.Fatalf("%s: the next slot is in %v, and it is to be asked for in %v", lane, next.Sub(b.clock()), retryAt.Sub(b.clock()))
			}
			b.set(retryAt)
			got := b.slots(p, lane, 10)
			if late := got[0].Sub(next); late.Abs() > time.Millisecond {
				t.Errorf("%s: the next slot came %v late", lane, late)
			}
			last = got[len(got)-1]
		}
	})
}

func normalBehindBulk(t *testing.T, b *bench) {
	t.Helper()
	perMinutes(t, b, func(t *testing.T, b *bench, perMinute int) {
		t.Helper()
		w := b.workers(perMinute, 2)
		b.fill(w[0], delivery.BulkLane)
		r := b.reserve(w[1], delivery.NormalLane, 1, start.Add(time.Hour))
		for range 3 {
			if len(r.Slots) > 0 {
				break
			}
			// It has to wait until the slot is near, but may ask for it before bulk may.
			b.set(r.RetryAt)
			if bulk := b.reserve(w[0], delivery.BulkLane, 1, start.Add(time.Hour)); len(bulk.Slots) > 0 {
				t.Errorf("while normal was waiting, bulk got %v", offsets(bulk.Slots))
			}
			r = b.reserve(w[1], delivery.NormalLane, 1, start.Add(time.Hour))
		}
		limit := max(4*time.Second, interval(perMinute)+3*time.Second) + time.Millisecond
		if len(r.Slots) == 0 || r.Slots[0].Sub(start) > limit {
			t.Errorf("behind a full bulk lane, normal got %v, want a slot within %v", offsets(r.Slots), limit)
		}
		b.fill(w[1], delivery.NormalLane)
		if r := b.reserve(w[0], delivery.BulkLane, 1, start.Add(time.Hour)); len(r.Slots) > 0 {
			t.Errorf("behind a full normal lane, bulk got %v", offsets(r.Slots))
		}
	})
}

// A worker of a slow account cannot wait for the next slot: its invocation is over before that, and the record comes back.
func slowAccount(t *testing.T, b *bench) {
	t.Helper()
	const invocation, minutes = 25 * time.Second, 60
	p := b.workers(1, 1)[0]
	for _, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
		var got []time.Time
		asked := 0
		for begin := b.clock(); b.clock().Sub(begin) < minutes*time.Minute; asked++ {
			r := b.reserve(p, lane, 10, b.clock().Add(invocation))
			got = append(got, r.Slots...)
			if len(r.Slots) > 0 {
				b.set(r.Slots[len(r.Slots)-1])
			} else {
				b.set(comeBack(b.clock(), r.RetryAt))
			}
		}
		if len(got) < minutes*95/100 || asked > 3*len(got) {
			t.Errorf("%s: asked %d times in %d minutes, and got %d slots", lane, asked, minutes, len(got))
		}
	}
}

func afterUntil(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(100, 1)[0]
	taken, _ := b.fill(p, delivery.NormalLane)
	next := taken[len(taken)-1].Add(interval(100))
	for _, until := range []time.Time{next.Add(-time.Second), start, start.Add(-time.Second)} {
		r := b.reserve(p, delivery.NormalLane, 10, until)
		if len(r.Slots) != 0 || r.RetryAt.Before(until) || !r.RetryAt.Before(next) {
			t.Errorf("until %v: slots %v, ask again at %v, before the slot at %v", until.Sub(start), offsets(r.Slots), r.RetryAt.Sub(start), next.Sub(start))
		}
	}
	// Time enough for one: it has to wait until its lane may reserve it, and no longer than its own deadline.
	r := b.reserve(p, delivery.NormalLane, 10, next)
	if len(r.Slots) != 0 || !r.RetryAt.Before(next) {
		t.Fatalf("slots %v, ask again at %v, want before %v", offsets(r.Slots), r.RetryAt.Sub(start), next.Sub(start))
	}
	b.set(r.RetryAt)
	if got := b.reserve(p, delivery.NormalLane, 10, next).Slots; len(got) != 1 || !got[0].Equal(next) {
		t.Errorf("got slots %v, want one at %v", offsets(got), next.Sub(start))
	}
}
