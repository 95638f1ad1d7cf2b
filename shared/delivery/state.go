package delivery

import (
	"slices"
	"time"
	"unicode/utf8"
)

// State is where a message stands.
type State string

// The states. A message at rest (see [State.Final]) is not touched again, unless a
// person or a corrected message starts a new generation of it.
const (
	// Accepted: written down, and on its way to the queue.
	Accepted State = "accepted"
	// Scheduled: held until its time.
	Scheduled State = "scheduled"
	// Sending: claimed by an owner that posts it, or died trying.
	Sending State = "sending"
	// Waiting: proven unsent; to be tried again, not before NotBefore.
	Waiting State = "waiting"

	// Sent: DMLY took it.
	Sent State = "sent"
	// Rejected: DMLY or validation said no.
	Rejected State = "rejected"
	// Failed: proven unsent, and its attempts are used up.
	Failed State = "failed"
	// Expired: its time had passed before it could be sent.
	Expired State = "expired"
	// Cancelled: taken back before it was sent.
	Cancelled State = "cancelled"
	// Unknown: it may have been sent, and it waits for a person.
	Unknown State = "unknown"
)

// States are all of them.
func States() []State {
	return []State{Accepted, Scheduled, Sending, Waiting, Sent, Rejected, Failed, Expired, Cancelled, Unknown}
}

// Final says whether a message in this state is at rest.
func (s State) Final() bool {
	switch s {
	case Sent, Rejected, Failed, Expired, Cancelled, Unknown:
		return true
	default:
		return false
	}
}

// Problem says whether a person should look at a message in this state.
func (s State) Problem() bool { return s == Rejected || s == Failed || s == Unknown }

// NeedsAttention says whether a person should look at the message: it is a problem, and nobody has settled it.
func (i Item) NeedsAttention() bool { return i.State.Problem() && !i.Dropped }

const (
	// maxHistory is how many transitions an item keeps; the oldest go first.
	maxHistory = 20
	// The ledger's items are small: a reason may quote DMLY, or list the problems of
	// a message of 64 KiB, and what cannot be a message at all may be larger still.
	maxReason, maxHistoryReason = 2 << 10, 200
	maxContent                  = 256 << 10
)

// Remember is how long a message is remembered, at least, after the last that happened to it: from then on its id is that of
// a new one.
const Remember = 30 * 24 * time.Hour

// Item is what the ledger holds of one message.
type Item struct {
	ID string
	// Workspace is the message's; empty if its content never was a message.
	Workspace string
	// Fingerprint is of the content; see [message.Message.Fingerprint].
	Fingerprint string
	// Revision names this very version of the item: each write has a new one.
	Revision string
	State    State
	// Generation counts from 1; a correction starts a new one.
	Generation int
	// Step is which of the message's steps is tried: 0, then its fallbacks.
	Step int
	// Attempts counts the posts of this step that used one up.
	Attempts int
	// Owner is the token of whoever claimed it last.
	Owner string
	// Lease is until when the owner may post.
	Lease time.Time
	// NotBefore is when a waiting message may be tried again.
	NotBefore time.Time
	// Resent says that its ifUnknown policy has been used.
	Resent bool
	// TakenBack names the run of a campaign that has cancelled the message together with others. Another run may order it anew;
	// what a person has cancelled by itself has none, and stays cancelled.
	TakenBack string
	// CancelKey is the message's.
	CancelKey string
	// Dropped says that a person has seen the problem and wants no more of it.
	Dropped bool
	// DMLYID and DMLYStatus are DMLY's own, once it answered.
	DMLYID, DMLYStatus string
	// Reason says in a sentence why it stands where it stands; it may quote DMLY.
	Reason string
	// Content is the message's JSON, kept only while it is a problem, or waits and would be one if it were cancelled.
	Content []byte
	// Refused are the fingerprints of earlier generations that were refused.
	Refused []string
	History []Transition
	// ForgetAt is when the item's time is over: from then on it counts as absent.
	ForgetAt time.Time
}

// Transition is one entry of an item's history.
type Transition struct {
	At      time.Time `json:"at"`
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	Attempt int       `json:"attempt,omitempty"`
}

// moved returns the item in another state, with the transition in its history. It
// shares no memory with the original.
func (i Item) moved(to State, reason string, now time.Time) Item {
	next := i
	next.State, next.Reason = to, clip(reason, maxReason)
	next.Revision = "" // it is another version, which whoever writes it names
	if !to.Problem() {
		next.Content = nil
	}
	next.Refused = slices.Clone(i.Refused)
	next.History = append(slices.Clone(i.History), Transition{At: now, State: to, Reason: clip(reason, maxHistoryReason), Attempt: next.Attempts})
	if over := len(next.History) - maxHistory; over > 0 {
		next.History = next.History[over:]
	}
	next.ForgetAt = later(i.ForgetAt, now.Add(Remember))
	return next
}

// clip cuts a text to so many bytes, at a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
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
