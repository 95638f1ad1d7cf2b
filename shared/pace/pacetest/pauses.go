package pacetest

import (
	"sync"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

func (b *bench) delay(p delivery.Pacer, until time.Time) {
	b.t.Helper()
	if err := p.Delay(b.t.Context(), b.account.Name, until); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) refuse(p delivery.Pacer) time.Time {
	b.t.Helper()
	until, err := p.Refuse(b.t.Context(), b.account)
	if err != nil {
		b.t.Fatal(err)
	}
	return until
}

func delay(t *testing.T, b *bench) {
	t.Helper()
	w := b.workers(100, 2)
	held := b.slots(w[0], delivery.NormalLane, 1)
	until := start.Add(time.Minute)
	b.delay(w[0], until)
	b.delay(w[1], start.Add(time.Second)) // the shorter one changes nothing
	for _, p := range w {
		r := b.reserve(p, delivery.NormalLane, 1, start.Add(time.Hour))
		if len(r.Slots) != 0 || !r.RetryAt.Before(until) || r.RetryAt.Before(until.Add(-10*time.Second)) || r.KeyRefused {
			t.Errorf("got %v, ask again at %v (key refused: %v), want nothing before %v", offsets(r.Slots), r.RetryAt.Sub(start), r.KeyRefused, until)
		}
		// An invocation that is over by then brings its records back in time for the first slot.
		r = b.reserve(p, delivery.BulkLane, 1, start.Add(25*time.Second))
		if back := comeBack(start, r.RetryAt); !back.Before(until) || back.Before(until.Add(-10*time.Second)) {
			t.Errorf("a record comes back at %v, want it shortly before %v", back.Sub(start), until.Sub(start))
		}
	}
	b.want(held, 0)
	b.set(until.Add(-2 * time.Second)) // slots may be reserved already, but not before the end
	b.want(b.slots(w[1], delivery.NormalLane, 2), seconds(60, 60.625)...)
	b.want(b.slots(w[0], delivery.BulkLane, 1), seconds(61.25)...)
}

func delayIsWhole(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(100, 1)[0]
	until := start.Add(5*time.Second + time.Nanosecond)
	b.delay(p, until)
	if got := b.slots(p, delivery.NormalLane, 1)[0]; got.Before(until) || got.After(until.Add(time.Millisecond)) {
		t.Errorf("got %v, want nothing before %v", got.Sub(start), until.Sub(start))
	}
	b.delay(p, start.Add(-time.Minute)) // it is over
	b.delay(p, start)
	b.after(time.Minute)
	b.want(b.slots(p, delivery.NormalLane, 3), seconds(60, 60, 60)...)
}

func delayHasAnEnd(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(100, 1)[0]
	b.delay(p, start.Add(24*time.Hour))
	end := start.Add(15 * time.Minute)
	b.set(end.Add(-time.Second))
	b.want(b.slots(p, delivery.NormalLane, 1), 15*time.Minute)
}

func refuse(t *testing.T, b *bench) {
	t.Helper()
	w := b.workers(100, 2)
	b.slots(w[1], delivery.NormalLane, 1)
	until := b.refuse(w[0])
	if got, want := until.Sub(start), time.Minute; got != want {
		t.Fatalf("paused until %v, want %v", got, want)
	}
	for _, p := range w {
		r := b.reserve(p, delivery.NormalLane, 1, start.Add(time.Hour))
		if len(r.Slots) != 0 || !r.KeyRefused || r.RetryAt.Before(until) || r.RetryAt.After(until.Add(2*time.Second)) {
			t.Errorf("got %+v, want to be told of the key and to ask again at %v", r, until)
		}
	}
	b.after(59 * time.Second)
	if got := b.refuse(w[1]); !got.Equal(until) {
		t.Errorf("within the pause: paused until %v, want %v", got.Sub(start), until.Sub(start))
	}
	b.set(until)
	b.want(b.slots(w[1], delivery.NormalLane, 3), seconds(60, 60, 60)...)
	b.want(b.slots(w[0], delivery.NormalLane, 1), seconds(60.625)...)
}

func refusalsDouble(t *testing.T, b *bench) {
	t.Helper()
	w := b.workers(100, 2)
	for i, minutes := range []int{1, 2, 4, 8, 15, 15, 15} {
		until := b.refuse(w[i%2])
		if got, want := until.Sub(b.clock()), time.Duration(minutes)*time.Minute; got != want {
			t.Errorf("refusal %d: paused for %v, want %v", i, got, want)
		}
		b.set(until.Add(min(time.Duration(i)*3*time.Minute, 15*time.Minute)))
	}
	b.after(time.Microsecond)
	if got, want := b.refuse(w[0]).Sub(b.clock()), time.Minute; got != want {
		t.Errorf("after a while: paused for %v, want %v", got, want)
	}
}

func refusalsAtOnce(t *testing.T, b *bench) {
	t.Helper()
	w := b.workers(100, 8)
	for _, minutes := range []int{1, 2} {
		want := b.clock().Add(time.Duration(minutes) * time.Minute)
		var wg sync.WaitGroup
		for _, p := range w {
			wg.Go(func() {
				if got, err := p.Refuse(t.Context(), b.account); err != nil || !got.Equal(want) {
					t.Errorf("paused until %v, %v, want %v", got.Sub(start), err, want.Sub(start))
				}
			})
		}
		wg.Wait()
		b.set(want)
	}
}

func anotherKey(t *testing.T, b *bench) {
	t.Helper()
	w := b.workers(100, 2)
	until := b.refuse(w[0])
	old := b.account
	for i, version := range []string{"v2", ""} {
		b.account.KeyVersion = version
		b.want(b.slots(w[i], delivery.NormalLane, 1), 0)
	}
	b.account = old
	if r := b.reserve(w[1], delivery.NormalLane, 1, start.Add(time.Hour)); len(r.Slots) != 0 || !r.KeyRefused {
		t.Errorf("with the old key: got %+v", r)
	}
	// DMLY refuses the new one too: that is its own pause, and its first.
	b.set(until.Add(time.Second))
	b.account.KeyVersion = ""
	if got, want := b.refuse(w[1]).Sub(b.clock()), time.Minute; got != want {
		t.Errorf("the other key: paused for %v, want %v", got, want)
	}
	if r := b.reserve(w[0], delivery.BulkLane, 1, start.Add(time.Hour)); len(r.Slots) != 0 || !r.KeyRefused {
		t.Errorf("with the other key: got %+v", r)
	}
}
