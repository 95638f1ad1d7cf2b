// Package gcra is the arithmetic of a pace, apart from where its state is kept: the generic cell rate algorithm, with two
// lanes and with reservations ahead of time. Nothing here waits, reads a clock or is safe for concurrent use by itself.
//
// The whole state of an account's rate is one moment, its TAT ("theoretical arrival time"): when its next message is due.
// k slots are had by moving it on by k intervals. It only ever moves forward, so what somebody saw of it earlier is
// never later than where it is now, and each interval that it passes is one slot, owned by whoever moved it there.
package gcra

import (
	"fmt"
	"time"

	"dmlysender/shared/delivery"
)

// Resolution is what times are rounded to, so that every store keeps them exactly.
const Resolution = time.Microsecond

// mostAtOnce is how many slots one reservation gives at most: a batch of the queue.
const mostAtOnce = 10

// Every rate R comes to an interval of 62.5 s / R, which is 96 % of it, and so a minute has 2.5 s to spare: R+1 slots span R
// intervals, less the tolerance.
const (
	// Tolerance is how far the TAT may lie behind the clock: who comes late by so much makes up for it, and after a rest
	// that much goes out as a burst, which is 2 % of a minute.
	Tolerance = 1250 * time.Millisecond
	// slack is how much longer than a minute R+1 slots still take. Whatever moves a message from its slot uses it up: an
	// answer that came late, clocks that differ, the way to DMLY. Beyond it, each second between the message that is
	// most early and the one that is most late lets 0.016 R more into a minute.
	slack = 1250 * time.Millisecond
	// late is how much of the slack an answer may use up that gives slots.
	late = slack / 2
)

// Limits are what a rate comes to.
type Limits struct {
	// Interval is from one message to the next.
	Interval time.Duration
}

// New returns the limits of so many messages a minute. Above 500,000 the resolution costs more than 1 % of them.
func New(perMinute int) (Limits, error) {
	if perMinute < 1 {
		return Limits{}, fmt.Errorf("a rate of %d messages a minute sends nothing: it has to be at least 1", perMinute)
	}
	const ofOne = int((time.Minute + Tolerance + slack) / Resolution)
	roundedUp := (ofOne + perMinute - 1) / perMinute // never above the rate
	return Limits{Interval: time.Duration(roundedUp) * Resolution}, nil
}

// Ahead is how far ahead of the clock a reservation of the lane may leave the TAT. Bulk reserves less far than normal, so
// that a normal message that comes is at most this long behind it: 4 s, or one interval and 3 s for a slow account.
// The 10 s of normal, or one interval and 6 s, leave time to come back before the next slot, even as a queue's record.
func (l Limits) Ahead(lane delivery.Lane) time.Duration {
	if lane == delivery.BulkLane {
		return max(4*time.Second, l.Interval+3*time.Second)
	}
	return max(10*time.Second, l.Interval+6*time.Second)
}

// most is how many slots the lane may have at once. Bulk leaves half to the others, as it has little to share.
func (l Limits) most(lane delivery.Lane) int {
	if lane == delivery.BulkLane {
		return l.half(lane)
	}
	return min(mostAtOnce, int(l.Ahead(lane)/l.Interval))
}

// half is how many slots fit into the nearer half of what the lane may reserve, and at least one.
func (l Limits) half(lane delivery.Lane) int {
	return min(mostAtOnce, max(1, int(l.Ahead(lane)/(2*l.Interval))))
}
