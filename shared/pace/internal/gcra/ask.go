package gcra

import (
	"time"

	"dmlysender/shared/delivery"
)

// Ask is one request for slots.
type Ask struct {
	// KeyVersion is that of the account's key.
	KeyVersion string
	Lane       delivery.Lane
	// N is how many slots are wanted.
	N int
	// Now is the asker's clock, and Until the latest slot that is of use.
	Now, Until time.Time
}

// First is when the first slot is due if the account stands at tat. After a rest that is before now, by as many intervals as
// the tolerance has: so many more are due at once. Those of a slow account are longer than that; its first is due now.
func (l Limits) First(tat, now time.Time) time.Time {
	if Idle(tat, now) {
		return now.Add(Tolerance%l.Interval - Tolerance)
	}
	return tat
}

// Idle reports whether the account has rested: what it missed beyond the tolerance is not made up for.
func Idle(tat, now time.Time) bool {
	return !tat.After(now.Add(-Tolerance))
}

// Latest is the latest moment at which the first slot may be due for k of them to be given.
func (l Limits) Latest(k int, ask Ask) time.Time {
	span := time.Duration(k) * l.Interval
	return earlier(ask.Now.Add(l.Ahead(ask.Lane)-span), ask.Until.Add(l.Interval-span))
}

// Fit is how many slots can be given to the asker.
func (l Limits) Fit(s State, ask Ask) int {
	if s.Refusal.Holds(ask.KeyVersion, ask.Now) || ask.Until.Before(ask.Now) {
		return 0
	}
	first := l.First(s.TAT, ask.Now)
	for k := min(ask.N, l.most(ask.Lane)); k > 0; k-- {
		if !first.After(l.Latest(k, ask)) {
			return k
		}
	}
	return 0
}

// Slots are the moments of k slots that were had, the first of them due at first, as it stands now: asking takes time.
// What has become due meanwhile goes at once, unless that is later than the tolerance and half of the slack allow (the
// other half is for what comes after): such a slot is lost.
func (l Limits) Slots(first time.Time, k int, now, until time.Time) []time.Time {
	slots := make([]time.Time, 0, k)
	for i := range k {
		due := first.Add(time.Duration(i) * l.Interval)
		at := later(due, now)
		if at.Sub(due) <= Tolerance+late && !at.After(until) {
			slots = append(slots, at)
		}
	}
	return slots
}

// Wait is the answer to an asker for whom nothing fits; random is from 0 to 1.
//
// If more can be had before the asker's Until, RetryAt is before it, else it is not. It lies before the next slot by the
// farther half of what the lane may reserve, less a random quarter of that, so that those who wait do not collide: no
// less than 3.75 s for normal, which is ahead of when bulk may ask, and 1.5 s for bulk. This is enough for
// the visibility time-out of a record, which has whole seconds, and so no slot is missed.
func (l Limits) Wait(s State, ask Ask, random float64) delivery.Reservation {
	if s.Refusal.Holds(ask.KeyVersion, ask.Now) {
		return delivery.Reservation{RetryAt: s.Refusal.Until.Add(time.Duration(random * float64(time.Second))), KeyRefused: true}
	}
	first := later(s.TAT, ask.Now)
	wanted := min(ask.N, l.half(ask.Lane))
	lead := l.Ahead(ask.Lane) - time.Duration(max(1, wanted))*l.Interval
	at := later(first.Add(-lead+time.Duration(random*float64(lead/4))), ask.Now)
	if first.After(ask.Until) {
		at = later(at, ask.Until)
	}
	return delivery.Reservation{RetryAt: at}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
