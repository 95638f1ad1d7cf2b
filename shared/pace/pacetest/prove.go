package pacetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"dmlysender/shared/delivery"
)

// steps is about how many messages one play has, but for those of high rates, which have to last a minute.
const steps = 2000

// perMinute is any rate from 1 to 6000, and the lower ones more often.
func perMinute() *rapid.Generator[int] {
	return rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(1, 150), rapid.IntRange(1, 1200), rapid.IntRange(1, 6000))
}

// lasting is how long a play is, that something can be said of its rate.
func lasting(perMinute int) time.Duration {
	return min(max(80*time.Second, steps*time.Minute/time.Duration(perMinute)), 20*time.Minute)
}

func drawWorkers(t *rapid.T, w *world, draw func(t *rapid.T) *worker, from func(func() time.Time) Pacer) {
	for range rapid.IntRange(1, 20).Draw(t, "workers") {
		w.join(draw(t), from)
	}
}

func drawLane(t *rapid.T) delivery.Lane {
	return rapid.SampledFrom([]delivery.Lane{delivery.NormalLane, delivery.BulkLane}).Draw(t, "lane")
}

func drawInvocation(t *rapid.T) time.Duration {
	return time.Duration(rapid.IntRange(5, 60).Draw(t, "invocation")) * time.Second
}

// NeverAboveTheRate proves that in any 60 seconds no more goes out than the rate, and nothing before the end of a delay,
// whatever the workers do. If their clocks differ by up to skew, each second of it lets 1.6 % of the rate more
// into a minute, which has 98 % without, and one message.
func NeverAboveTheRate(t *testing.T, open Open, skew time.Duration) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		perMinute := perMinute().Draw(rt, "a minute")
		w := newWorld(rt, rapid.Uint64().Draw(rt, "seed"))
		drawWorkers(rt, w, func(rt *rapid.T) *worker {
			return &worker{
				lane: drawLane(rt), invocation: drawInvocation(rt), batch: rapid.IntRange(1, 10).Draw(rt, "batch"),
				rests: rapid.IntRange(0, 200).Draw(rt, "rests"), dies: rapid.IntRange(0, 100).Draw(rt, "dies"), told: rapid.IntRange(0, 20).Draw(rt, "told"),
				fast: time.Duration(rapid.Int64Range(0, int64(skew)).Draw(rt, "fast")),
			}
		}, open(t, perMinute))
		w.play(lasting(perMinute))
		allowed := max(perMinute, int((61250*time.Millisecond+skew)/interval(perMinute))+1)
		wantAtMost(rt, w.sentBy(), allowed)
	})
}

// wantAtMost checks every window of 60 seconds, both ends included.
func wantAtMost(t failer, sent []time.Time, allowed int) {
	t.Helper()
	for i := range max(0, len(sent)-allowed) {
		if took := sent[i+allowed].Sub(sent[i]); took <= time.Minute {
			t.Errorf("%d messages from %v on took %v, and %d are allowed in a minute", allowed+1, sent[i].Sub(start), took, allowed)
			return
		}
	}
}

// ReachesTheRate proves that 95 % of the rate are used as long as there is something to send, by one worker or many.
func ReachesTheRate(t *testing.T, open Open) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		perMinute := perMinute().Draw(rt, "a minute")
		w := newWorld(rt, rapid.Uint64().Draw(rt, "seed"))
		drawWorkers(rt, w, func(rt *rapid.T) *worker {
			return &worker{lane: drawLane(rt), invocation: drawInvocation(rt), batch: 10}
		}, open(t, perMinute))
		const warmUp = 5 * time.Second
		length := lasting(perMinute)
		w.play(warmUp)
		before := len(w.sentBy())
		w.play(length)
		if got, want := len(w.sentBy())-before, int(0.95*float64(perMinute)*length.Minutes()); got < want {
			rt.Errorf("in %v %d messages went out, want at least %d", length, got, want)
		}
	})
}

// NormalIsNeverLongBehindBulk proves that a normal message gets the slot after those that bulk has reserved when it comes,
// which are 4 seconds of them, or those of one interval and 3 seconds, even if bulk has much more to send.
func NormalIsNeverLongBehindBulk(t *testing.T, open Open) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		perMinute := perMinute().Draw(rt, "a minute")
		w := newWorld(rt, rapid.Uint64().Draw(rt, "seed"))
		from := open(t, perMinute)
		drawWorkers(rt, w, func(rt *rapid.T) *worker {
			return &worker{lane: delivery.BulkLane, invocation: drawInvocation(rt), batch: rapid.IntRange(1, 10).Draw(rt, "batch")}
		}, from)
		limit := max(4*time.Second, interval(perMinute)+3*time.Second) + 2*interval(perMinute)
		for range 10 {
			w.play(10*time.Second + w.upTo(20*time.Second))
			normal := &worker{lane: delivery.NormalLane, invocation: 25 * time.Second, batch: 1, leaves: true}
			w.join(normal, from)
			normal.next = w.now
			w.play(limit)
			if !normal.next.IsZero() {
				rt.Errorf("a normal message that came at %v had not been sent %v later", w.now.Add(-limit).Sub(start), limit)
			}
		}
	})
}
