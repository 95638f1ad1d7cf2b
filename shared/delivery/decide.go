package delivery

import (
	"fmt"
	"slices"
	"time"

	"dmlysender/shared/message"
)

// leaseGrace is how long after a lease nobody else concludes anything: the clocks
// of two machines differ, and an owner may be late with recording.
const leaseGrace = 10 * time.Second

// maxAhead is how far in the future a message's time may lie: a record that waits on
// the queue for longer would be taken for one that cannot be recorded.
const maxAhead = 24 * time.Hour

// resendAfter is how long a message with ifUnknown "resend" waits before it is
// sent again.
const resendAfter = 30 * time.Second

// arrival is what a record asks for: everything that the decision needs to know of
// the message.
type arrival struct {
	id, fingerprint string
	content         []byte
	sendAt          time.Time
	expiresAt       time.Time
	within          *message.Window
	resend          bool
}

// due is the moment, at or after now, at which the message may go.
func (a arrival) due(now time.Time) time.Time {
	at := later(now, a.sendAt)
	if a.within != nil {
		at = a.within.Opens(at)
	}
	return at
}

// expiredBy says whether the message is pointless at that time.
func (a arrival) expiredBy(at time.Time) bool {
	return !a.expiresAt.IsZero() && !at.Before(a.expiresAt)
}

// verdict is what to do with a record.
type verdict int

const (
	// claim: write the item, and post if that succeeded.
	claim verdict = iota
	// rest: the message is at rest, by the item to be written if there is one.
	rest
	// comeBack: nothing can be done before the time given.
	comeBack
	// conflict: the id belongs to another message.
	conflict
	// outdated: this content was refused, and another one has taken its place.
	outdated
)

// CheckAhead returns an error, for the user, if a message's sendAt is further ahead
// than a record can wait for it.
func CheckAhead(sendAt, now time.Time) error {
	if sendAt.After(now.Add(maxAhead)) {
		return fmt.Errorf("sendAt may be at most %.0f hours ahead; later ones are not possible yet", maxAhead.Hours())
	}
	return nil
}

// decision is a verdict with what belongs to it.
type decision struct {
	verdict verdict
	// item is to be written over the standing one; nil if nothing is.
	item *Item
	// at is when to come back.
	at time.Time
}

// claimant is who would own a claim.
type claimant struct {
	owner string
	lease time.Time
}

// decide says what becomes of a record, given the item that stands under its id
// (nil if none does). It is the state table:
//
//	none                      → claim
//	another fingerprint       → one that was refused before: outdated
//	                            a correction of what was rejected or failed: claim, as a new generation
//	                            anything else: conflict
//	at rest                   → rest
//	sending, lease + grace    → come back
//	sending, lease long over  → unknown (or waiting, if it is to be resent once)
//	accepted, scheduled,      → come back at NotBefore, or claim
//	  waiting
//
// and before each claim: expired → rest; too far ahead → rejected; not due → come back.
func decide(a arrival, standing *Item, by claimant, now time.Time) decision {
	if standing == nil {
		return a.start(Item{ID: a.id, Fingerprint: a.fingerprint, Generation: 1}, by, now)
	}
	if standing.Fingerprint != a.fingerprint {
		if slices.Contains(standing.Refused, a.fingerprint) {
			return decision{verdict: outdated}
		}
		if standing.State != Rejected && standing.State != Failed {
			return decision{verdict: conflict}
		}
		return a.start(a.correction(*standing), by, now)
	}
	switch {
	case standing.State.Final():
		return decision{verdict: rest}
	case standing.State == Sending:
		if free := standing.Lease.Add(leaseGrace); now.Before(free) {
			return decision{verdict: comeBack, at: free}
		}
		next := a.abandoned(*standing, now)
		if next.State == Waiting {
			return decision{verdict: comeBack, item: &next, at: next.NotBefore}
		}
		return decision{verdict: rest, item: &next}
	case now.Before(standing.NotBefore):
		return decision{verdict: comeBack, at: standing.NotBefore}
	default:
		return a.start(*standing, by, now)
	}
}

// start claims the message, unless its time has passed or not come.
func (a arrival) start(from Item, by claimant, now time.Time) decision {
	due := a.due(now)
	if a.expiredBy(due) {
		if from.Resent {
			next := a.unknown(from, "it may have been sent, and could not be sent once more before its expiresAt", now)
			return decision{verdict: rest, item: &next}
		}
		next := from.moved(Expired, "it could not be sent before its expiresAt", now)
		return decision{verdict: rest, item: &next}
	}
	if err := CheckAhead(a.sendAt, now); err != nil {
		// What is wrong is a time, which the fingerprint leaves out; with that of the
		// whole content, the same message with a better time is its correction.
		next := from.moved(Rejected, err.Error(), now)
		next.Fingerprint, next.Content = message.FingerprintOf(a.content), a.content
		return decision{verdict: rest, item: &next}
	}
	if due.After(now) {
		return decision{verdict: comeBack, at: due}
	}
	from.Attempts++
	next := from.moved(Sending, "", now)
	next.Owner, next.Lease = by.owner, by.lease
	next.NotBefore = time.Time{}
	next.DMLYID, next.DMLYStatus = "", ""
	next.ForgetAt = later(next.ForgetAt, later(a.sendAt, a.expiresAt).Add(remember))
	return decision{verdict: claim, item: &next}
}

// correction is a new generation with the content that has just arrived.
func (a arrival) correction(old Item) Item {
	next := Item{
		ID: old.ID, Revision: old.Revision, Fingerprint: a.fingerprint, Generation: old.Generation + 1,
		Refused: slices.Clone(old.Refused), History: slices.Clone(old.History), ForgetAt: old.ForgetAt,
	}
	if old.State == Rejected {
		next.Refused = append(next.Refused, old.Fingerprint)
	}
	return next
}

// abandoned is a claim whose owner never recorded an outcome. The owner's token
// stays, so that one that was merely slow can still record that it was sent.
func (a arrival) abandoned(item Item, now time.Time) Item {
	return a.unknown(item, "its sender ended between claiming it and recording what became of it", now)
}

// unknown is what its policy makes of a message that may have been sent.
func (a arrival) unknown(item Item, reason string, now time.Time) Item {
	if a.resend && !item.Resent {
		next := item.moved(Waiting, reason+"; it will be sent once more, as its ifUnknown says", now)
		next.Resent = true
		next.NotBefore = now.Add(resendAfter)
		return next
	}
	next := item.moved(Unknown, reason, now)
	next.Content = a.content
	return next
}
