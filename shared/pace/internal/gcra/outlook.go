package gcra

import (
	"time"

	"dmlysender/shared/delivery"
)

// Outlook is how an account that stands so looks to somebody with this key. The burst after a rest is left out: one
// message goes now, and those behind it an interval apart.
func (l Limits) Outlook(s State, keyVersion string, now time.Time) delivery.Outlook {
	o := delivery.Outlook{Next: later(s.TAT, now), Interval: l.Interval}
	if s.Refusal.Holds(keyVersion, now) {
		o.RefusedUntil = s.Refusal.Until
		o.Next = later(o.Next, o.RefusedUntil)
	}
	return o
}
