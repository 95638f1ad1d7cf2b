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
	// postTime is what a message must have left when it gets its slot, and its post half of it at least: one that is given up rests as
	// unknown, and needs a person.
	postTime = 5 * time.Second
	// maxPostTime is the most that one is given.
	maxPostTime = 20 * time.Second
	// maxWrites is how often a write is tried whose answer is an error. The ledger knows one that it has done.
	maxWrites = 3
)

// Sender takes messages to rest. Its fields are its collaborators, all required
// but Scheduler, CancelKeys, Retry, Log and Meter. It is safe for concurrent use.
type Sender struct {
	Ledger Ledger
	Pacer  Pacer
	Poster Poster
	Keys   Keys
	Clock  Clock
	// Scheduler holds what is due later; nil where there is none.
	Scheduler Scheduler
	// CancelKeys knows what waits under which cancelKey; nil where nobody cancels by one.
	CancelKeys CancelKeys
	Retry      Retry
	// NewToken makes a name that nobody made before, such as [crypto/rand.Text].
	NewToken func() string
	// Log gets one line for each outcome; nil for none.
	Log *slog.Logger
	// Meter counts; nil for nobody.
	Meter Meter
}

// Result is what became of a record.
type Result struct {
	// Item is where the message stands; its State is empty if that is not known.
	Item Item
	// Done says that the record has nothing more to do: it can be acknowledged. The message is at rest, or scheduled, and
	// then another record is held for it.
	Done bool
	// RetryAt is when to bring the record back, if it is not done.
	RetryAt time.Time
	// Conflict says that the id belongs to another message. A record of the queue is
	// then recorded as rejected under an id of its own, which Item has; but not if it is
	// of an earlier generation, or an earlier content of the same message, which was refused and corrected since.
	Conflict bool
}

// Deliver sends the message if it is to be sent now, and says what became of it.
// The message has an ID and is valid. An error means that the ledger, the pacer or
// the keys could not be asked, and that the record has to come back.
//
// The context's deadline is that of the invocation: nothing is started that could
// not be recorded before it. A context that is cancelled earlier starts nothing more, and
// what has begun is finished and recorded all the same.
func (s *Sender) Deliver(ctx context.Context, m message.Message) (Result, error) {
	return s.one().deliver(ctx, m, time.Time{})
}

// DeliverBefore is Deliver for a caller who does not wait for long: without a slot before latest, the message is not sent.
func (s *Sender) DeliverBefore(ctx context.Context, m message.Message, latest time.Time) (Result, error) {
	return s.one().deliver(ctx, m, latest)
}

// Look says where the message stands, without changing anything: Done if it is at
// rest, Conflict if its id belongs to another message. Item.State is empty if the
// ledger does not know it.
func (s *Sender) Look(ctx context.Context, m message.Message) (Result, error) {
	c, err := s.newCourse(m, Record{})
	if err != nil {
		return Result{}, err
	}
	if c.standing, err = s.look(ctx, m.ID); err != nil {
		return Result{}, err
	}
	return c.seen(s.Clock.Now()), nil
}

// seen is the result of a look.
func (c *course) seen(now time.Time) Result {
	result := Result{Item: c.item()}
	if c.standing == nil {
		return result
	}
	switch arriving.decide(c.situation(now)).verdict {
	case conflict, outdated:
		result.Conflict = true
	case rest, claim, comeBack, putOff:
		result.Done = result.Item.State.Final() && !c.situation(now).otherContent()
	}
	return result
}

func (s *Sender) look(ctx context.Context, id string) (*Item, error) {
	item, ok, err := s.Ledger.Get(ctx, id, s.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("look up message %s: %w", id, err)
	}
	if !ok {
		return nil, nil //nolint:nilnil // nothing stands, which is no error
	}
	return &item, nil
}

func (s *Sender) newCourse(m message.Message, r Record) (*course, error) {
	fingerprint, err := m.Fingerprint()
	if err != nil {
		return nil, err
	}
	content, err := m.Encode()
	if err != nil {
		return nil, err
	}
	return &course{retry: s.Retry, looksFirst: r.looksFirst(), record: arrival{
		id: m.ID, workspace: m.Workspace.ID, cancelKey: m.CancelKey, fingerprint: fingerprint, generation: r.Generation, content: content,
		sendAt: m.SendAt, expiresAt: m.ExpiresAt, within: m.DeliverWithin,
		resend: m.IfUnknown == message.Resend, steps: m.Steps(),
	}}, nil
}

// job is one record of a batch: a course, and what is needed to carry its effects out.
type job struct {
	*Sender
	course  *course
	message message.Message
	turn    *turn
	// key is the one that the slot was reserved with.
	key apikey.Key
	// unkept is why the cancelKey of what was written last is not noted.
	unkept error
}

// run carries out the effects of a course until it ends.
func (j *job) run(ctx context.Context) (Result, error) {
	var e event
	for {
		todo := j.course.next(e, j.Clock.Now())
		e = event{}
		var err error
		switch todo.kind {
		case look:
			e.item, err = j.look(ctx, j.message.ID)
		case reserve:
			e.by, e.retryAt, err = j.reserve(ctx)
		case write:
			e, err = j.write(ctx, todo)
		case post:
			j.turn.use()
			e.post = j.post(ctx, *j.course.claim)
		case hold:
			err = j.hold(ctx, todo.pause)
		case schedule:
			e.held, err = j.schedule(ctx, todo.at)
		case end:
			return todo.result, j.unkept
		}
		if err != nil {
			return Result{}, err
		}
	}
}

// reserve waits for the message's turn. Without one, it says when to come back.
func (j *job) reserve(ctx context.Context) (by claimant, retryAt time.Time, err error) {
	deadline := j.deadline(ctx)
	until := deadline.Add(-postTime)
	if !j.turn.latest.IsZero() {
		until = earlier(until, j.turn.latest)
	}
	j.key, retryAt, err = j.turn.wait(ctx, until)
	if err != nil && ctx.Err() != nil { // it is to stop: what it has written so far is the result
		return claimant{}, j.Clock.Now().Add(time.Second), nil //nolint:nilerr // see above
	}
	if err != nil || !retryAt.IsZero() {
		return claimant{}, retryAt, err
	}
	return claimant{owner: j.NewToken(), lease: deadline}, time.Time{}, nil
}

// deadline is until when a post may take.
func (s *Sender) deadline(ctx context.Context) time.Time {
	if end, ok := ctx.Deadline(); ok {
		return end.Add(-recordTime).Round(0)
	}
	return s.Clock.Now().Add(maxPostTime).Round(0)
}

// write carries out a conditional write. What has begun is finished, even if the context ends: the ledger has to stay
// true. A claim whose answer is lost would have to rest as unknown, so the same write is tried again; and what came of a claim
// is written down even if the cancelKey cannot be noted, which is an error in the end.
func (j *job) write(ctx context.Context, w effect) (event, error) {
	if w.item.State == Sending && ctx.Err() != nil {
		return event{}, fmt.Errorf("claim message %s: %w", w.item.ID, ctx.Err())
	}
	w.item.Revision = j.NewToken()
	standing, ok, err := j.put(ctx, w.item, w.over)
	j.unkept = nil
	if errors.Is(err, errUnkept) && j.course.claim != nil {
		j.unkept = fmt.Errorf("record message %s as %s: %w", w.item.ID, w.item.State, err)
		standing, ok, err = j.putUnkept(ctx, w.item, w.over)
	}
	switch {
	case err != nil:
		return event{}, fmt.Errorf("record message %s as %s: %w", w.item.ID, w.item.State, err)
	case ok:
		j.rested(channelOf(j.message, w.item.Step), w.item.State)
		return event{item: &w.item, written: true}, nil
	case standing.ID == "": // what stood there is forgotten
		return event{}, nil
	default:
		return event{item: &standing}, nil
	}
}

// put writes the item down, and before that notes what waits under its cancelKey: with errUnkept, it is not written.
func (s *Sender) put(ctx context.Context, item Item, over string) (standing Item, ok bool, err error) {
	if err := s.keepUnder(ctx, item); err != nil {
		return Item{}, false, err
	}
	return s.putUnkept(ctx, item, over)
}

// putUnkept writes the item: a claim within its lease, anything else within what is left of the invocation and at least recordTime.
func (s *Sender) putUnkept(ctx context.Context, item Item, over string) (standing Item, ok bool, err error) {
	within := s.left(ctx)
	if item.State == Sending {
		within = item.Lease.Sub(s.Clock.Now())
	}
	err = finish(ctx, within, func(ctx context.Context) (err error) {
		standing, ok, err = s.Ledger.Put(ctx, item, over, s.Clock.Now())
		return err
	})
	return standing, ok, err
}

// left is what is left of the invocation, and at least recordTime.
func (s *Sender) left(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return max(recordTime, end.Sub(s.Clock.Now()))
	}
	return recordTime
}

// finish tries a write until it is done, a few times and so long at most, even if the context ends.
func finish(ctx context.Context, within time.Duration, write func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	for range maxWrites {
		if err = write(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// hold has the whole account wait.
func (j *job) hold(ctx context.Context, p pause) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	account := Account{Name: j.key.Account, KeyVersion: j.key.Version()}
	defer j.turn.drop(account.Name)
	if !p.keyRefused {
		if err := j.Pacer.Delay(ctx, account.Name, j.Clock.Now().Add(p.delay)); err != nil {
			return fmt.Errorf("delay account %s: %w", account.Name, err)
		}
		return nil
	}
	until, err := j.Pacer.Refuse(ctx, account)
	if err != nil {
		return fmt.Errorf("pause account %s: %w", account.Name, err)
	}
	j.reportKeyRefused(ctx, account.Name, until)
	return nil
}
