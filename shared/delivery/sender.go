package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/message"
)

const (
	// recordTime is kept free at the end of an invocation to write down what came
	// of a post.
	recordTime = 3 * time.Second
	// postTime is the least that a post is given: nothing is started that could not
	// be finished.
	postTime = 2 * time.Second
	// maxPostTime is the most that one is given.
	maxPostTime = 20 * time.Second
	// maxRaces is how often a write is tried against others who write too.
	maxRaces = 8
)

// Sender takes messages to rest. Its fields are its collaborators, all required
// but Retry and Log. It is safe for concurrent use.
type Sender struct {
	Ledger Ledger
	Pacer  Pacer
	Poster Poster
	Keys   Keys
	Clock  Clock
	Retry  Retry
	// NewToken makes a name that nobody made before, such as [crypto/rand.Text].
	NewToken func() string
	// Log gets one line for each outcome; nil for none.
	Log *slog.Logger
}

// Result is what became of a record.
type Result struct {
	// Item is where the message stands; its State is empty if that is not known.
	Item Item
	// Done says that the record has nothing more to do: it can be acknowledged.
	Done bool
	// RetryAt is when to bring the record back, if it is not done.
	RetryAt time.Time
	// Conflict says that the id belongs to another message. A record of the queue is
	// then recorded as rejected under an id of its own, which Item has; but not if it is
	// an earlier content of the same message, which was refused and corrected since.
	Conflict bool
}

// Deliver sends the message if it is to be sent now, and says what became of it.
// The message has an ID and is valid. An error means that the ledger, the pacer or
// the keys could not be asked, and that the record has to come back.
//
// The context's deadline is that of the invocation: nothing is started that could
// not be recorded before it.
func (s *Sender) Deliver(ctx context.Context, m message.Message) (Result, error) {
	j, err := s.newJob(m)
	if err != nil {
		return Result{}, err
	}
	return s.run(ctx, j)
}

func (s *Sender) run(ctx context.Context, j *job) (Result, error) {
	for {
		result, again, err := s.attempt(ctx, j)
		if err != nil || !again {
			s.report(ctx, j.message, result, err)
			return result, err
		}
	}
}

// Look says where the message stands, without changing anything: Done if it is at
// rest, Conflict if its id belongs to another message. Item.State is empty if the
// ledger does not know it.
func (s *Sender) Look(ctx context.Context, m message.Message) (Result, error) {
	j, err := s.newJob(m)
	if err != nil {
		return Result{}, err
	}
	if err := s.look(ctx, j); err != nil {
		return Result{}, err
	}
	result := Result{Item: j.item()}
	if j.standing != nil {
		switch decide(j.arrival, j.standing, claimant{}, s.Clock.Now()).verdict {
		case conflict, outdated:
			result.Conflict = true
		case rest, claim, comeBack:
			result.Done = result.Item.State.Final() && result.Item.Fingerprint == j.arrival.fingerprint
		}
	}
	return result, nil
}

// look reads what stands under the message's id.
func (s *Sender) look(ctx context.Context, j *job) error {
	item, ok, err := s.Ledger.Get(ctx, j.arrival.id, s.Clock.Now())
	if err != nil {
		return fmt.Errorf("look up message %s: %w", j.arrival.id, err)
	}
	if ok {
		j.standing = &item
	}
	return nil
}

// job is one message on its way through Deliver.
type job struct {
	message message.Message
	arrival arrival
	// standing is the item as it was last seen; nil if it was not looked up yet or
	// does not exist, which the next write finds out.
	standing *Item
}

func (s *Sender) newJob(m message.Message) (*job, error) {
	fingerprint, err := m.Fingerprint()
	if err != nil {
		return nil, err
	}
	content, err := m.Encode()
	if err != nil {
		return nil, err
	}
	return &job{message: m, arrival: arrival{
		id: m.ID, fingerprint: fingerprint, content: content,
		sendAt: m.SendAt, expiresAt: m.ExpiresAt, within: m.DeliverWithin,
		resend: m.IfUnknown == message.Resend,
	}}, nil
}

// attempt takes the message one post further. It asks to be called again if a
// fallback can follow at once.
func (s *Sender) attempt(ctx context.Context, j *job) (result Result, again bool, err error) {
	now := s.Clock.Now()
	// What the record alone decides needs no key and no slot.
	if decide(j.arrival, j.standing, claimant{}, now).verdict != claim {
		return s.conclude(ctx, j)
	}
	key, err := s.key(ctx, j.message.Workspace.ID)
	if err != nil {
		return Result{}, false, err
	}
	deadline := s.deadline(ctx)
	retry, err := s.slot(ctx, j, key, deadline.Add(-postTime))
	if err != nil {
		return Result{}, false, err
	}
	if !retry.IsZero() {
		return Result{RetryAt: retry}, false, nil
	}
	owner := s.NewToken()
	next, err := s.write(ctx, j, func(now time.Time) decision {
		return decide(j.arrival, j.standing, claimant{owner: owner, lease: deadline}, now)
	})
	if err != nil {
		return Result{}, false, err
	}
	if next.verdict != claim {
		return s.end(ctx, j, next)
	}
	return s.send(ctx, j, key, *next.item)
}

// deadline is until when a post may take.
func (s *Sender) deadline(ctx context.Context) time.Time {
	if end, ok := ctx.Deadline(); ok {
		return end.Add(-recordTime).Round(0)
	}
	return s.Clock.Now().Add(maxPostTime).Round(0)
}

func (s *Sender) key(ctx context.Context, workspace string) (apikey.Key, error) {
	keys, err := s.Keys.Get(ctx)
	if err != nil {
		return apikey.Key{}, fmt.Errorf("look up the DMLY API key: %w", err)
	}
	key, ok := keys.For(workspace)
	if !ok {
		return apikey.Key{}, fmt.Errorf("there is no DMLY API key for workspace %q: add it, or a default, to the secret", workspace)
	}
	return key, nil
}

// slot waits for the account's turn; a time is returned if that is too far off.
func (s *Sender) slot(ctx context.Context, j *job, key apikey.Key, until time.Time) (retry time.Time, err error) {
	slots, retry, err := s.Pacer.Reserve(ctx, key.Account, LaneOf(j.message), 1, until)
	if err != nil {
		return time.Time{}, fmt.Errorf("reserve a slot for message %s: %w", j.arrival.id, err)
	}
	if len(slots) == 0 {
		return later(retry, s.Clock.Now().Add(time.Second)), nil
	}
	if err := s.Clock.Sleep(ctx, slots[0].Sub(s.Clock.Now())); err != nil {
		return time.Time{}, fmt.Errorf("wait for the slot of message %s: %w", j.arrival.id, err)
	}
	return time.Time{}, nil
}

// write puts down what decide says, deciding anew for as long as others get there
// first.
func (s *Sender) write(ctx context.Context, j *job, decide func(now time.Time) decision) (decision, error) {
	for range maxRaces {
		now := s.Clock.Now()
		d := decide(now)
		if d.item == nil {
			return d, nil
		}
		d.item.Revision = s.NewToken()
		standing, ok, err := s.Ledger.Put(ctx, *d.item, j.revision(), now)
		if err != nil {
			return decision{}, fmt.Errorf("record message %s as %s: %w", j.arrival.id, d.item.State, err)
		}
		if ok {
			j.standing = d.item
			return d, nil
		}
		if standing.ID == "" {
			j.standing = nil // what stood there is forgotten
			continue
		}
		j.standing = &standing
	}
	return decision{verdict: comeBack, at: s.Clock.Now().Add(backOffBase)}, nil
}

func (j *job) revision() string {
	if j.standing == nil {
		return ""
	}
	return j.standing.Revision
}

// conclude ends a record that is not to be posted now, and writes what that means.
func (s *Sender) conclude(ctx context.Context, j *job) (Result, bool, error) {
	d, err := s.write(ctx, j, func(now time.Time) decision {
		d := decide(j.arrival, j.standing, claimant{}, now)
		if d.verdict == claim { // what stood in the way has just gone; a claim needs a key and a slot first
			return decision{verdict: comeBack, at: now.Add(backOffBase)}
		}
		return d
	})
	if err != nil {
		return Result{}, false, err
	}
	return s.end(ctx, j, d)
}

// end says what became of a record whose decision has been written.
func (s *Sender) end(ctx context.Context, j *job, d decision) (Result, bool, error) {
	switch d.verdict {
	case conflict:
		result, err := s.refuseConflict(ctx, j)
		return result, false, err
	case comeBack:
		return Result{Item: j.item(), RetryAt: d.at}, false, nil
	case outdated:
		return Result{Item: j.item(), Done: true, Conflict: true}, false, nil
	default:
		return Result{Item: j.item(), Done: true}, false, nil
	}
}

func (j *job) item() Item {
	if j.standing == nil {
		return Item{ID: j.arrival.id}
	}
	return *j.standing
}

// send posts a message that was just claimed, and records what came of it.
func (s *Sender) send(ctx context.Context, j *job, key apikey.Key, claimed Item) (Result, bool, error) {
	post := s.post(ctx, j, key, claimed)
	if errors.Is(post.err, errLateForLease) {
		return s.release(ctx, j, claimed)
	}
	var pause time.Duration
	written, err := s.record(ctx, j, claimed, func(item Item, now time.Time) Item {
		settled := s.Retry.settle(j.arrival, item, post, j.message.Steps(), now)
		pause = settled.pause
		return settled.item
	})
	if pause > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
		defer cancel()
		if pauseErr := s.Pacer.Pause(ctx, key.Account, s.Clock.Now().Add(pause)); pauseErr != nil {
			err = errors.Join(err, fmt.Errorf("pause account %s: %w", key.Account, pauseErr))
		}
	}
	if err != nil {
		return Result{}, false, err
	}
	if written.State.Final() {
		return Result{Item: written, Done: true}, false, nil
	}
	again := written.State == Waiting && !written.NotBefore.After(s.Clock.Now()) && ctx.Err() == nil
	return Result{Item: written, RetryAt: written.NotBefore}, again, nil
}
