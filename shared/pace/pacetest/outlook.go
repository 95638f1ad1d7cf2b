package pacetest

import (
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

func (b *bench) outlook(p Pacer) delivery.Outlook {
	b.t.Helper()
	o, err := p.Outlook(b.t.Context(), b.account)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

// wantOutlook compares what every worker sees; the times are as from start, and refused is 0 if no key was.
func (b *bench) wantOutlook(workers []Pacer, next, interval, refused time.Duration) {
	b.t.Helper()
	want := delivery.Outlook{Next: start.Add(next), Interval: interval}
	if refused > 0 {
		want.RefusedUntil = start.Add(refused)
	}
	for i, p := range workers {
		got := b.outlook(p)
		if !got.Next.Equal(want.Next) || got.Interval != want.Interval || !got.RefusedUntil.Equal(want.RefusedUntil) {
			b.t.Errorf("worker %d\n got %+v\nwant %+v", i, got, want)
		}
	}
}

func outlookIsTheNextSlot(t *testing.T, b *bench) {
	t.Helper()
	perMinutes(t, b, func(t *testing.T, b *bench, perMinute int) {
		t.Helper()
		w := b.workers(perMinute, 2)
		apart := b.outlook(w[0]).Interval
		if off := apart - interval(perMinute); off < 0 || off > time.Microsecond {
			t.Fatalf("%d a minute: slots are %v apart, want %v", perMinute, apart, interval(perMinute))
		}
		b.wantOutlook(w, 0, apart, 0)
		taken, _ := b.fill(w[0], delivery.NormalLane)
		next := taken[len(taken)-1].Add(apart)
		b.wantOutlook(w, next.Sub(start), apart, 0)
		b.set(next)
		b.wantOutlook(w, next.Sub(start), apart, 0)
		if got := b.slots(w[1], delivery.NormalLane, 1)[0]; !got.Equal(next) {
			t.Errorf("after all those looks: got a slot at %v, want %v", got.Sub(start), next.Sub(start))
		}
		b.after(time.Hour)
		b.wantOutlook(w, b.clock().Sub(start), apart, 0)
	})
}

func outlookOfADelay(t *testing.T, b *bench) {
	t.Helper()
	const apart = 625 * time.Millisecond
	w := b.workers(100, 2)
	b.delay(w[0], start.Add(5*time.Minute))
	b.wantOutlook(w, 5*time.Minute, apart, 0)
	b.set(start.Add(5*time.Minute + time.Second))
	b.wantOutlook(w, 5*time.Minute+time.Second, apart, 0)
}

func outlookOfARefusedKey(t *testing.T, b *bench) {
	t.Helper()
	const apart = 625 * time.Millisecond
	w := b.workers(100, 2)
	b.slots(w[0], delivery.NormalLane, 3)
	b.refuse(w[0])
	b.wantOutlook(w, time.Minute, apart, time.Minute)
	old := b.account
	b.account.KeyVersion = "v2"
	b.wantOutlook(w, 625*time.Millisecond, apart, 0)
	b.account = old
	b.delay(w[1], start.Add(2*time.Minute))
	b.wantOutlook(w, 2*time.Minute, apart, time.Minute)
	b.set(start.Add(time.Minute))
	b.wantOutlook(w, 2*time.Minute, apart, 0)
	b.account.Name += " (another)"
	b.wantOutlook(w, time.Minute, apart, 0)
}
