package campaign

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
)

// State is where a campaign stands.
type State string

// The states. A campaign in one of the last three has ended, and the same one can be started again.
const (
	// Planning: its audience is being turned into a plan.
	Planning State = "planning"
	// Running: its messages are put on the queue, or on their way from there.
	Running State = "running"
	// Paused: no more of them is put on the queue, until somebody resumes it.
	Paused State = "paused"
	// Cancelled: no more of them is put on the queue, and what was on it and had not begun is taken back.
	Cancelled State = "cancelled"
	// Complete: each of its messages has come to rest.
	Complete State = "complete"
	// Refused: its audience cannot be used.
	Refused State = "refused"
)

// Ended says whether a campaign in this state has no more to put on the queue, ever.
func (s State) Ended() bool { return s == Cancelled || s == Complete || s == Refused }

// Record is all that is remembered of a campaign from one minute to the next. Its plan is a file, and its messages are the
// ledger's.
type Record struct {
	ID string `json:"id"`
	// Revision names this very version of the record: each write has a new one.
	Revision string `json:"revision"`
	// Run counts from 1; starting the campaign again makes a new one.
	Run int `json:"run"`
	// Definition is the campaign, without inline rows.
	Definition plan.Definition `json:"definition"`
	// Digest tells one definition from another, with the rows.
	Digest string `json:"digest"`
	// Audience is the file of the rows, and Version the one that it had when the campaign was started.
	Audience string `json:"audience"`
	Version  string `json:"version"`

	State State `json:"state"`
	// Reason says in a sentence why it stands as it does, where that does not go without saying.
	Reason string `json:"reason,omitempty"`
	// By is who started this run.
	By string `json:"by,omitempty"`

	StartedAt time.Time `json:"startedAt"`
	PlannedAt time.Time `json:"plannedAt,omitzero"`
	// FirstFedAt is when messages were put on the queue first, in whichever run, and FedAt when they were last.
	FirstFedAt time.Time `json:"firstFedAt,omitzero"`
	FedAt      time.Time `json:"fedAt,omitzero"`
	// EndedAt is when nothing was left to do.
	EndedAt time.Time `json:"endedAt,omitzero"`
	// ForgetAt is when the record's time is over: from then on it counts as absent. The zero time is never.
	ForgetAt time.Time `json:"forgetAt,omitzero"`

	// Tries is how often its planning was begun, and has not ended.
	Tries int `json:"tries,omitempty"`
	// Summary is what became of the audience, without the problems.
	Summary plan.Summary `json:"summary"`
	// Again says that the ledger had messages of the campaign before this run, so that each is looked up before it is queued.
	Again bool `json:"again,omitempty"`

	// Fed is how much of the plan is on the queue, and Feeding how much may be, from FeedingAt on: it is written before, and Fed
	// behind it.
	Fed       Place     `json:"fed"`
	Feeding   Place     `json:"feeding"`
	FeedingAt time.Time `json:"feedingAt,omitzero"`
	// Horizon is until when the campaign is fed at its own rate.
	Horizon time.Time `json:"horizon,omitzero"`
	// Step is the one of the ramp that is being fed.
	Step Step `json:"step,omitzero"`
	// Workspaces are those of the messages that were fed, as far as there are few.
	Workspaces []string `json:"workspaces,omitempty"`

	// Watched is how far the plan was gone through to see what has come to rest: what has is counted in Resting, once, and
	// what has not is in Open.
	Watched Place                  `json:"watched"`
	Resting map[delivery.State]int `json:"resting,omitempty"`
	Open    []Row                  `json:"open,omitempty"`
	// FedBy is how far the plan was fed by the end of each day, and Forgotten how many messages the ledger had forgotten before they
	// were seen at rest.
	FedBy     []FedBy `json:"fedBy,omitempty"`
	Forgotten int     `json:"forgotten,omitempty"`
	// Recent has a letter for each of the last messages that have come to rest, the newest last.
	Recent string `json:"recent,omitempty"`
	// Marks are how many had come to rest lately.
	Marks []Mark `json:"marks,omitempty"`
	// ResendAt is when somebody ordered to send once more what had failed by then.
	ResendAt time.Time `json:"resendAt,omitzero"`
	// ActBy is who ordered that, or cancelled the campaign.
	ActBy string `json:"actBy,omitempty"`

	// Owner is who works on the campaign until Lease; nobody if it is empty.
	Owner string    `json:"owner,omitempty"`
	Lease time.Time `json:"lease,omitzero"`
}

// Place is a place in a plan: so many bytes from its beginning, behind so many rows.
type Place struct {
	Byte int64 `json:"byte"`
	Row  int   `json:"row"`
}

// Row is one row of a plan, by where it begins.
type Row struct {
	At int64  `json:"at"`
	ID string `json:"id"`
}

// FedBy is up to which byte of the plan all was fed at a time.
type FedBy struct {
	At   time.Time `json:"at"`
	Byte int64     `json:"byte"`
}

// Step is a part of the plan that has to come to rest before more of it is fed. The zero value is none.
type Step struct {
	// Size is how many rows it has, and End the last of them.
	Size int `json:"size"`
	End  int `json:"end"`
}

// Mark is how many messages had come to rest at a time.
type Mark struct {
	At      time.Time `json:"at"`
	Resting int       `json:"resting"`
}

// Active says whether there is anything left to do for the campaign.
func (r Record) Active() bool { return r.EndedAt.IsZero() }

// end is where the plan ends.
func (r Record) end() Place { return Place{Byte: r.Summary.Bytes, Row: r.Summary.Good} }

// name tells the run from all others, also from those of a campaign with this id that is forgotten.
func (r Record) name() string {
	return fmt.Sprintf("%s run %d of %d", r.ID, r.Run, r.StartedAt.UnixNano())
}

// tookBackEarlier says whether an earlier run has cancelled the message, so that this one orders it anew. It does so by name,
// not by time: the clocks of two machines differ.
func (r Record) tookBackEarlier(i delivery.Item) bool {
	return i.State == delivery.Cancelled && i.TakenBack != "" && i.TakenBack != r.name()
}

// resting is how many of the campaign's messages were seen at rest, or are forgotten.
func (r Record) resting() int {
	n := r.Forgotten
	for _, of := range r.Resting {
		n += of
	}
	return n
}

// mark notes how many messages have come to rest by now: once in a minute, however often it is worked on in that.
func (r *Record) mark(now time.Time) {
	const kept, apart = 6, 30 * time.Second
	if last := len(r.Marks) - 1; last > 0 && now.Sub(r.Marks[last].At) < apart {
		r.Marks = r.Marks[:last]
	}
	r.Marks = append(r.Marks, Mark{At: now, Resting: r.resting()})
	r.Marks = r.Marks[max(0, len(r.Marks)-kept):]
}

// clone shares nothing with the record that is changed in place.
func (r Record) clone() Record {
	r.Resting = maps.Clone(r.Resting)
	r.Open = slices.Clone(r.Open)
	r.Marks = slices.Clone(r.Marks)
	r.Workspaces = slices.Clone(r.Workspaces)
	r.FedBy = slices.Clone(r.FedBy)
	return r
}

// forgets says whether the ledger may have forgotten messages of the campaign by then, so that nobody knows who has got one.
func (r Record) forgets(by time.Time) bool {
	return !r.FirstFedAt.IsZero() && !by.Before(r.FirstFedAt.Add(delivery.Remember))
}

// fedBy notes how far the plan is fed: one note a day, for as long as the ledger remembers, and longer.
func (r *Record) fedBy(now time.Time) {
	const day, kept = 24 * time.Hour, 60
	if last := len(r.FedBy) - 1; last >= 0 && r.FedBy[last].At.Truncate(day).Equal(now.Truncate(day)) {
		r.FedBy = r.FedBy[:last]
	}
	r.FedBy = append(r.FedBy, FedBy{At: now, Byte: r.Fed.Byte})
	r.FedBy = r.FedBy[max(0, len(r.FedBy)-kept):]
}

// hasForgotten says whether a message that the ledger does not have was there, and came to rest more than 30 days ago: it was fed
// before that, or may have been, by whoever decided to and could not say that it is done. What was fed since may not have come to a worker yet. at is where its row begins.
func (r Record) hasForgotten(at int64, now time.Time) bool {
	if at >= r.Fed.Byte {
		return at < r.Feeding.Byte && !now.Before(r.FeedingAt.Add(delivery.Remember))
	}
	return slices.ContainsFunc(r.FedBy, func(by FedBy) bool { return at < by.Byte && !now.Before(by.At.Add(delivery.Remember)) })
}

// remember is how long a campaign is remembered after its end.
const remember = 90 * 24 * time.Hour

// finish says that nothing is left to do.
func (r *Record) finish(now time.Time) {
	r.EndedAt, r.ForgetAt = now, now.Add(remember)
	r.Owner, r.Lease = "", time.Time{}
}
