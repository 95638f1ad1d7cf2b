package delivery

import (
	"errors"
	"slices"
	"time"

	"dmlysender/shared/message"
)

// leaseGrace is how long after a lease nobody else concludes anything: the clocks
// of two machines differ, and an owner may be late with recording.
const leaseGrace = 10 * time.Second

// MaxAhead is how far in the future a message's sendAt may lie: a year.
const MaxAhead = 366 * 24 * time.Hour

// soon is how long a queue can hold a record back; what is due later than that is scheduled. (SQS: DelaySeconds.)
const soon = 15 * time.Minute

// arrival is what a record asks for: everything that the decisions need to know of
// the message.
type arrival struct {
	id, workspace, cancelKey, fingerprint string
	// generation is the one that the record is for; 0 if it does not say.
	generation int
	content    []byte
	sendAt     time.Time
	expiresAt  time.Time
	within     *message.Window
	resend     bool
	// steps is how many things it can be sent as: itself, and its fallbacks.
	steps int
}

// whole is the fingerprint of all of the content, times and policy included.
func (a arrival) whole() string { return message.FingerprintOf(a.content) }

// due is the moment, at or after now, at which the message may go.
func (a arrival) due(now time.Time) time.Time {
	at := later(now, a.sendAt)
	if a.within != nil {
		at = a.within.Opens(at)
	}
	return at
}

// DueAt is the moment, at or after now, at which the message may go by its sendAt and its hours.
func DueAt(m message.Message, now time.Time) time.Time {
	return arrival{sendAt: m.SendAt, within: m.DeliverWithin}.due(now)
}

// expired says whether the message is pointless at that time.
func (a arrival) expired(at time.Time) bool { return !a.expiresAt.IsZero() && !at.Before(a.expiresAt) }

// claimant is who would own a claim.
type claimant struct {
	owner string
	lease time.Time
}

// arriving is what becomes of a record, by the item that stands under its id.
var arriving = table{
	{
		when: "a later generation than the record's", then: "acknowledge it",
		holds: func(s situation) bool {
			return s.item != nil && s.record.generation > 0 && s.record.generation < s.item.Generation
		},
		do: func(situation) decision { return decision{verdict: outdated} },
	}, {
		when: "nothing", then: "as *before a claim*",
		holds: func(s situation) bool { return s.item == nil },
		do:    func(s situation) decision { return s.start(s.record.first()) },
	}, {
		when: "`cancelled` with its campaign, or `rejected` or `failed` with the content that took its place then, and the record orders the next generation", then: "a new generation, as *before a claim*",
		holds: situation.ordersTakenBack,
		do:    situation.startAnew,
	}, {
		when: "`rejected`, for a time in this very record that is still too far ahead", then: "acknowledge it",
		holds: func(s situation) bool {
			return s.tooFarAhead() && s.item.State == Rejected && s.item.Fingerprint == s.record.whole()
		},
		do: func(situation) decision { return decision{verdict: rest} },
	}, {
		when: "other content, and the record's was refused before", then: "acknowledge it",
		holds: func(s situation) bool {
			return s.otherContent() && (slices.Contains(s.item.Refused, s.record.fingerprint) ||
				slices.Contains(s.item.Refused, replaced+s.record.fingerprint) ||
				s.tooFarAhead() && slices.Contains(s.item.Refused, s.record.whole()))
		},
		do: func(situation) decision { return decision{verdict: outdated} },
	}, {
		when: "other content, `rejected` or `failed`", then: "a new generation, as *before a claim*",
		holds: func(s situation) bool {
			return s.otherContent() && (s.item.State == Rejected || s.item.State == Failed)
		},
		do: situation.startAnew,
	}, {
		when: "other content", then: "record it as `rejected` under `conflict:…`, acknowledge it",
		holds: situation.otherContent,
		do:    func(situation) decision { return decision{verdict: conflict} },
	}, {
		when: "`unknown` or `failed`, and the record orders the next generation", then: "a new generation, as *before a claim*",
		holds: situation.ordersAnother,
		do:    situation.startAnew,
	}, {
		when: "a final state", then: "acknowledge it",
		holds: func(s situation) bool { return s.item.State.Final() },
		do:    func(situation) decision { return decision{verdict: rest} },
	}, {
		when: "`sending`, its lease not over for 10 s", then: "come back then",
		holds: func(s situation) bool {
			return s.item.State == Sending && s.now.Before(s.item.Lease.Add(leaseGrace))
		},
		do: func(s situation) decision { return decision{verdict: comeBack, at: s.item.Lease.Add(leaseGrace)} },
	}, {
		when: "`sending`, its lease long over", then: "as if the post had ended *in any other way*",
		holds: func(s situation) bool { return s.item.State == Sending },
		to:    []State{Waiting, Unknown},
		do: func(s situation) decision {
			s.post = outcome{err: errAbandoned}
			return ending.decide(s)
		},
	}, {
		when: "`scheduled`, and its time has not come", then: "be held until then",
		holds: func(s situation) bool { return s.item.State == Scheduled && s.now.Before(s.item.NotBefore) },
		do:    func(s situation) decision { return decision{verdict: putOff, at: s.item.NotBefore} },
	}, {
		when: "its time to wait is not over", then: "come back then",
		holds: func(s situation) bool { return s.item.State != Scheduled && s.now.Before(s.item.NotBefore) },
		do:    func(s situation) decision { return decision{verdict: comeBack, at: s.item.NotBefore} },
	}, {
		when: "`scheduled` or `waiting`", then: "as *before a claim*, whatever `sendAt` the record has: it may have been moved since, or was to go already",
		holds: func(s situation) bool { return s.item.State == Scheduled || s.item.State == Waiting },
		do: func(s situation) decision {
			s.record.sendAt = time.Time{}
			return s.start(*s.item)
		},
	}, {
		when: "`accepted`", then: "as *before a claim*",
		holds: always,
		do:    func(s situation) decision { return s.start(*s.item) },
	},
}

func (s situation) tooFarAhead() bool { return CheckAhead(s.record.sendAt, s.now) != nil }

func (s situation) otherContent() bool { return s.item.Fingerprint != s.record.fingerprint }

// ordersAnother says whether the record is a person's order to send once more what may have been sent, or was given up.
func (s situation) ordersAnother() bool {
	return s.ordersNext() && (s.item.State == Unknown || s.item.State == Failed) && !s.item.Dropped
}

// ordersTakenBack says whether the record is a campaign's order to send what an earlier run of it has taken back, perhaps to
// have it replaced by what was refused then.
func (s situation) ordersTakenBack() bool {
	taken := s.item.State == Cancelled && s.item.TakenBack != ""
	again := (s.item.State == Rejected || s.item.State == Failed) && s.item.Replaces(s.record.fingerprint)
	return s.ordersNext() && (taken || again)
}

// replaced begins the fingerprint of a content that was cancelled and followed by another one, among those that were refused:
// records with it may still be on a queue, and are not to send it. It was not refused itself, so it may be ordered again.
const replaced = "cancelled:"

// Replaces says whether the message follows one with that fingerprint, which was cancelled and never refused.
func (i Item) Replaces(fingerprint string) bool {
	return slices.Contains(i.Refused, replaced+fingerprint) && !slices.Contains(i.Refused, fingerprint)
}

func (s situation) ordersNext() bool { return s.record.generation == s.item.Generation+1 }

// starting is what stands between a message that nobody holds and its claim; item is what would be claimed.
var starting = table{
	{
		when: "it could not go before its `expiresAt`, and was posted before", then: "`unknown`",
		holds: func(s situation) bool { return s.tooLate() && s.item.Resent },
		to:    []State{Unknown},
		do: func(s situation) decision {
			return s.ends(Unknown, "it may have been sent, and could not be sent once more before its expiresAt")
		},
	}, {
		when: "it could not go before its `expiresAt`", then: "`expired`",
		holds: situation.tooLate,
		to:    []State{Expired},
		do:    func(s situation) decision { return s.ends(Expired, "it could not be sent before its expiresAt") },
	}, {
		when: "its `sendAt` is more than a year ahead, and nothing was begun", then: "`rejected`",
		holds: func(s situation) bool { return s.item.State == "" && s.tooFarAhead() },
		to:    []State{Rejected},
		do: func(s situation) decision {
			d := s.ends(Rejected, CheckAhead(s.record.sendAt, s.now).Error())
			// What is wrong is a time, which the fingerprint leaves out; with that of the
			// whole content, the same message with a better time is its correction.
			d.item.Fingerprint = s.record.whole()
			return d
		},
	}, {
		when: "its `sendAt` or its hours have not come", then: "`scheduled`, and be held until then",
		holds: func(s situation) bool { return s.record.due(s.now).After(s.now) },
		to:    []State{Scheduled},
		do: func(s situation) decision {
			next := s.item.scheduled(s.record, s.record.due(s.now), "", s.now)
			return decision{verdict: putOff, item: &next, at: next.NotBefore}
		},
	}, {
		when: "otherwise", then: "wait for a slot, then `sending`, and post it",
		holds: always,
		to:    []State{Sending},
		do:    func(s situation) decision { return decision{verdict: claim, item: s.claimed()} },
	},
}

func (s situation) start(from Item) decision {
	s.item = &from
	return starting.decide(s)
}

// startAnew starts the next generation, with the content that has just arrived.
func (s situation) startAnew() decision {
	return s.start(s.item.nextGeneration(s.record))
}

// tooLate says whether the message is pointless by the time at which it may go.
func (s situation) tooLate() bool {
	return s.record.expired(s.record.due(s.now))
}

// ends brings the message to rest in the state.
func (s situation) ends(in State, reason string) decision {
	next := s.item.moved(in, reason, s.now)
	next.NotBefore = time.Time{}
	if in.Problem() {
		next.Content = s.record.content
	}
	return decision{verdict: rest, item: &next}
}

// claimed is the item in the hands of its new owner, with an attempt begun.
func (s situation) claimed() *Item {
	from := *s.item
	from.Attempts++
	next := from.moved(Sending, "", s.now)
	next.Owner, next.Lease = s.by.owner, s.by.lease
	next.NotBefore = time.Time{}
	next.DMLYID, next.DMLYStatus = "", ""
	next.ForgetAt = later(next.ForgetAt, later(s.record.sendAt, s.record.expiresAt).Add(Remember))
	return &next
}

// first is the item of a message of which nothing is known.
func (a arrival) first() Item {
	return Item{ID: a.id, Workspace: a.workspace, CancelKey: a.cancelKey, Fingerprint: a.fingerprint, Generation: max(1, a.generation)}
}

// maxRefused is how many contents of an id are remembered as refused; the oldest go first.
const maxRefused = 100

// nextGeneration starts anew with what the record asks for, which may be other content. What was rejected stays refused.
func (i Item) nextGeneration(a arrival) Item {
	next := Item{
		ID: i.ID, Workspace: a.workspace, CancelKey: a.cancelKey, Revision: i.Revision, Fingerprint: a.fingerprint, Generation: i.Generation + 1,
		Refused: slices.Clone(i.Refused), History: slices.Clone(i.History), ForgetAt: i.ForgetAt,
	}
	gone := ""
	switch {
	case i.State == Rejected:
		gone = i.Fingerprint
	case i.State == Cancelled && i.Fingerprint != a.fingerprint:
		gone = replaced + i.Fingerprint
	}
	if gone != "" && !slices.Contains(next.Refused, gone) {
		next.Refused = append(next.Refused, gone)
	}
	if over := len(next.Refused) - maxRefused; over > 0 {
		next.Refused = next.Refused[over:]
	}
	return next
}

// scheduled is the item held until that moment. It keeps its content, so that it can be moved to an earlier one.
func (i Item) scheduled(a arrival, at time.Time, reason string, now time.Time) Item {
	next := i.moved(Scheduled, reason, now)
	next.NotBefore, next.Content = at.Add(time.Millisecond-1).Truncate(time.Millisecond), a.content // as precise as a ledger is
	next.ForgetAt = later(next.ForgetAt, later(at, a.expiresAt).Add(Remember))
	return next
}

// CheckAhead returns an error, for the user, if a message's sendAt is further ahead than one is held.
func CheckAhead(sendAt, now time.Time) error {
	if sendAt.After(now.Add(MaxAhead)) {
		return errors.New("sendAt may be at most a year ahead")
	}
	return nil
}
