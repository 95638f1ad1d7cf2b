// Package pacetest is the suite that every [delivery.Pacer] passes that is a [delivery.Forecaster] too.
package pacetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

// Pacer is what the suite tests.
type Pacer interface {
	delivery.Pacer
	delivery.Forecaster
}

// Open makes a pace of so many messages a minute, in which the accounts of this run are free, and returns what makes its
// workers. They share the pace, and each goes by its clock, if it can.
type Open func(t *testing.T, perMinute int) (worker func(now func() time.Time) Pacer)

// start is a whole number of microseconds, which every pace can keep.
var start = time.Date(2026, 11, 23, 12, 0, 0, 123456e3, time.UTC)

// Run runs the suite. It waits for nothing: its clock is its own.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *bench){
		"a rested account has its burst, then the interval": burstThenInterval,
		"gives no more than is asked for, in time":          keepsToTheAsk,
		"workers share an account":                          workersShare,
		"workers who ask at once share an account":          workersShareAtOnce,
		"accounts do not touch each other":                  accountsAreApart,
		"a lane that is full says when it is not":           fullLane,
		"normal is seconds behind bulk":                     normalBehindBulk,
		"a slow account misses no slot":                     slowAccount,
		"what lies after until is not for this asker":       afterUntil,
		"a delay holds the account back":                    delay,
		"a delay is kept whole":                             delayIsWhole,
		"a delay has an end":                                delayHasAnEnd,
		"a refused key pauses its account":                  refuse,
		"refusals that follow each other double the pause":  refusalsDouble,
		"refusals at once make one pause":                   refusalsAtOnce,
		"another key need not wait":                         anotherKey,
		"the outlook is the next slot, and takes none":      outlookIsTheNextSlot,
		"a delay is in the outlook":                         outlookOfADelay,
		"a refused key is in the outlook, and no other":     outlookOfARefusedKey,
		"calls obey their context":                          obeysContext,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &bench{t: t, open: open, now: start, account: delivery.Account{Name: "pacetest " + name, KeyVersion: "v1"}})
		})
	}
}

// bench is a pace with a clock that the test sets.
type bench struct {
	t       *testing.T
	open    Open
	account delivery.Account

	mu  sync.Mutex
	now time.Time
}

// workers makes a pace with so many workers. It is called once in each test, as paces may share their accounts.
func (b *bench) workers(perMinute, n int) []Pacer {
	b.t.Helper()
	worker := b.open(b.t, perMinute)
	all := make([]Pacer, n)
	for i := range all {
		all[i] = worker(b.clock)
	}
	return all
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) set(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}

func (b *bench) after(d time.Duration) { b.set(b.clock().Add(d)) }

// reserve asks for slots up to a moment, and checks what holds for every reservation.
func (b *bench) reserve(p delivery.Pacer, lane delivery.Lane, n int, until time.Time) delivery.Reservation {
	b.t.Helper()
	r, err := p.Reserve(b.t.Context(), b.account, lane, n, until)
	if err != nil {
		b.t.Fatal(err)
	}
	check(b.t, r, n, b.clock(), until)
	return r
}

// slots asks for slots in the next hour, of which there has to be one.
func (b *bench) slots(p delivery.Pacer, lane delivery.Lane, n int) []time.Time {
	b.t.Helper()
	r := b.reserve(p, lane, n, b.clock().Add(time.Hour))
	if len(r.Slots) == 0 {
		b.t.Fatalf("no slots; ask again at %v", r.RetryAt.Sub(start))
	}
	return r.Slots
}

// fill takes what the lane may have now.
func (b *bench) fill(p delivery.Pacer, lane delivery.Lane) (slots []time.Time, retryAt time.Time) {
	b.t.Helper()
	for range 1000 {
		r := b.reserve(p, lane, 10, b.clock().Add(time.Hour))
		if len(r.Slots) == 0 {
			return slots, r.RetryAt
		}
		slots = append(slots, r.Slots...)
	}
	b.t.Fatalf("the %s lane is never full", lane)
	return nil, time.Time{}
}

// failer is a [testing.T] or what stands in for it in a property.
type failer interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Failed() bool
}

// check is what holds for every reservation.
func check(t failer, r delivery.Reservation, n int, now, until time.Time) {
	t.Helper()
	switch {
	case len(r.Slots) > n:
		t.Errorf("%d slots for %d", len(r.Slots), n)
	case len(r.Slots) == 0 && !r.RetryAt.After(now) && r.RetryAt.Before(until):
		t.Errorf("no slots, and told to ask again at once")
	case len(r.Slots) > 0 && (!r.RetryAt.IsZero() || r.KeyRefused):
		t.Errorf("%d slots, and told to wait until %v (key refused: %v)", len(r.Slots), r.RetryAt, r.KeyRefused)
	case !slices.IsSortedFunc(r.Slots, time.Time.Compare):
		t.Errorf("the slots are not in order: %v", r.Slots)
	case len(r.Slots) > 0 && r.Slots[0].Before(now.Add(-time.Microsecond)): // as they are rounded
		t.Errorf("a slot lies %v in the past", now.Sub(r.Slots[0]))
	case len(r.Slots) > 0 && r.Slots[len(r.Slots)-1].After(until):
		t.Errorf("a slot lies %v after the latest", r.Slots[len(r.Slots)-1].Sub(until))
	}
}

// offsets are moments as seen from start.
func offsets(moments []time.Time) []time.Duration {
	offsets := make([]time.Duration, len(moments))
	for i, m := range moments {
		offsets[i] = m.Sub(start)
	}
	return offsets
}

func (b *bench) want(got []time.Time, want ...time.Duration) {
	b.t.Helper()
	if !slices.Equal(offsets(got), want) {
		b.t.Errorf("slots\n got %v\nwant %v", offsets(got), want)
	}
}

// seconds counts slots of 100 a minute, which are 0.625 s apart.
func seconds(s ...float64) []time.Duration {
	durations := make([]time.Duration, len(s))
	for i, s := range s {
		durations[i] = time.Duration(s * float64(time.Second))
	}
	return durations
}

func burstThenInterval(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(100, 1)[0]
	b.want(b.slots(p, delivery.NormalLane, 5), seconds(0, 0, 0, 0.625, 1.25)...)
	b.want(b.slots(p, delivery.NormalLane, 2), seconds(1.875, 2.5)...)
	b.after(2 * time.Minute)
	b.want(b.slots(p, delivery.NormalLane, 4), seconds(120, 120, 120, 120.625)...)
	b.after(1500 * time.Millisecond) // what was not used in time makes up for itself, as far as a burst goes
	b.want(b.slots(p, delivery.NormalLane, 2), seconds(121.5, 121.875)...)
}

func keepsToTheAsk(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(6000, 1)[0]
	for n := 1; n < 13; n++ {
		if got, want := len(b.reserve(p, delivery.NormalLane, n, start.Add(time.Hour)).Slots), min(n, 10); got != want {
			t.Errorf("asked for %d: got %d slots, want %d", n, got, want)
		}
	}
	b.after(time.Minute)
	p = b.another(100)
	until := b.clock().Add(1300 * time.Millisecond)
	b.want(b.reserve(p, delivery.NormalLane, 10, until).Slots, seconds(60, 60, 60, 60.625, 61.25)...)
	b.after(time.Minute)
	b.want(b.slots(p, delivery.BulkLane, 10), seconds(120, 120, 120)...) // of 4 seconds it takes no more than half at once
	if r := b.reserve(p, delivery.NormalLane, 10, b.clock().Add(-time.Second)); len(r.Slots) != 0 {
		t.Errorf("slots %v after the deadline", offsets(r.Slots))
	}
}

// another is a pace of another rate, for another account.
func (b *bench) another(perMinute int) Pacer {
	b.t.Helper()
	b.account.Name += " (other)"
	return b.workers(perMinute, 1)[0]
}

func workersShare(t *testing.T, b *bench) {
	t.Helper()
	w := b.workers(100, 3)
	b.want(b.slots(w[0], delivery.NormalLane, 4), seconds(0, 0, 0, 0.625)...)
	b.want(b.slots(w[1], delivery.NormalLane, 2), seconds(1.25, 1.875)...)
	b.after(time.Second)
	b.want(b.slots(w[2], delivery.NormalLane, 1), seconds(2.5)...)
	b.want(b.slots(w[0], delivery.NormalLane, 1), seconds(3.125)...)
	b.after(time.Minute)
	b.want(b.slots(w[1], delivery.NormalLane, 1), seconds(61)...)
	b.want(b.slots(w[0], delivery.NormalLane, 3), seconds(61, 61, 61.625)...)
}

func workersShareAtOnce(t *testing.T, b *bench) {
	t.Helper()
	var mu sync.Mutex
	var got []time.Time
	var wg sync.WaitGroup
	for i, p := range b.workers(100, 8) {
		wg.Go(func() {
			r, err := p.Reserve(t.Context(), b.account, delivery.NormalLane, 1+i%2, start.Add(time.Hour))
			if err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, r.Slots...)
		})
	}
	wg.Wait()
	// One who was always too late has got nothing, but no two have the same.
	slices.SortFunc(got, time.Time.Compare)
	for i, at := range offsets(got) {
		if want := max(0, time.Duration(i-2)*625*time.Millisecond); at < want {
			t.Fatalf("slot %d of %v: want it at %v", i, offsets(got), want)
		}
	}
	if len(got) < 4 {
		t.Errorf("8 workers who asked for 12 got %d slots", len(got))
	}
}

func accountsAreApart(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(1, 1)[0]
	b.want(b.slots(p, delivery.NormalLane, 1), 0)
	name := b.account.Name
	if err := p.Delay(t.Context(), name, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Refuse(t.Context(), b.account); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"2", " W/1#x", "-ä"} {
		b.account.Name = name + suffix
		b.want(b.slots(p, delivery.NormalLane, 1), 0)
	}
}

func obeysContext(t *testing.T, b *bench) {
	t.Helper()
	p := b.workers(100, 1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, reserveErr := p.Reserve(ctx, b.account, delivery.NormalLane, 1, start.Add(time.Hour))
	delayErr := p.Delay(ctx, b.account.Name, start.Add(time.Minute))
	_, refuseErr := p.Refuse(ctx, b.account)
	_, outlookErr := p.Outlook(ctx, b.account)
	for name, err := range map[string]error{"Reserve": reserveErr, "Delay": delayErr, "Refuse": refuseErr, "Outlook": outlookErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
	b.want(b.slots(p, delivery.NormalLane, 1), 0)
}

// perMinutes are rates from the slowest on, for tests that are the same for all of them.
func perMinutes(t *testing.T, b *bench, test func(t *testing.T, b *bench, perMinute int)) {
	t.Helper()
	for _, perMinute := range []int{1, 2, 7, 31, 60, 100, 1000, 6000} {
		t.Run(fmt.Sprintf("%d a minute", perMinute), func(t *testing.T) {
			t.Parallel()
			account := delivery.Account{Name: fmt.Sprintf("%s at %d", b.account.Name, perMinute), KeyVersion: "v1"}
			test(t, &bench{t: t, open: b.open, now: start, account: account}, perMinute)
		})
	}
}

// interval is between two messages, at 96 % of the rate.
func interval(perMinute int) time.Duration {
	return time.Duration(62.5 * float64(time.Second) / float64(perMinute))
}
