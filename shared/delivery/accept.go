package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"dmlysender/shared/message"
	"dmlysender/shared/panics"
)

// Acceptance is what became of a message that was to be accepted.
type Acceptance struct {
	// Result is where it stands. Done means that it is at rest already. Conflict means that the id belongs to a message
	// with other content; nothing was written then.
	Result Result
	// Known says that the same message stood in the ledger, or in the call, before, so that this one repeats it. A correction
	// repeats nothing.
	Known bool
	// Err says why it is not known whether the message is accepted. It is a *message.Error if its id makes it too large;
	// otherwise the ledger or the queue could not be asked, and it matches [ErrThrottled] if that was asked too much.
	Err error
}

// Accept is [Sender.AcceptAll] for one message.
func (s *Sender) Accept(ctx context.Context, m message.Message, queues func(Lane) Queue) Acceptance {
	return s.AcceptAll(ctx, []message.Message{m}, queues)[0]
}

// AcceptAll writes the messages down as accepted and puts them on the queues of their lanes. It returns what became of
// each, in their order. The messages have ids and are valid.
//
// Repeating it is harmless: the same content under the same id is queued again for as long as nothing has begun, and what
// is at rest stays there. Messages with one id are taken in their order. If they are the same, one record stands for all of
// them; one that differs from an earlier one which was accepted is a conflict.
//
// The records of a lane are handed to its queue at once. If that fails, all messages of the lane have the error.
func (s *Sender) AcceptAll(ctx context.Context, messages []message.Message, queues func(Lane) Queue) []Acceptance {
	intakes := make([]*intake, len(messages))
	for i, m := range messages {
		intakes[i] = s.newIntake(m)
	}
	s.writeAll(ctx, intakes)
	s.bringAll(ctx, intakes, queues)
	for _, lane := range []Lane{NormalLane, BulkLane} {
		enqueue(ctx, intakes, lane, queues)
	}
	all := make([]Acceptance, len(intakes))
	for i, in := range intakes {
		all[i] = in.Acceptance
		if in.twin != nil {
			all[i] = in.twin.Acceptance
			all[i].Known = in.twin.Err == nil
		}
	}
	return all
}

// intake is a message on its way to being accepted.
type intake struct {
	Acceptance
	message message.Message
	course  *course
	// record is what has to be queued behind it; nil if nothing has, or if it is scheduled.
	record *Record
	// scheduled says that a record of it has to be brought at its time.
	scheduled bool
	// twin is an earlier intake of the same message, which it shares everything with; nil if there is none.
	twin *intake
}

func (s *Sender) newIntake(m message.Message) *intake {
	in := &intake{message: m}
	in.course, in.Err = s.newCourse(m, Record{})
	return in
}

// writeAll writes them all down, those of one id one after the other.
func (s *Sender) writeAll(ctx context.Context, intakes []*intake) {
	byID := map[string][]*intake{}
	var ids []string
	for _, in := range intakes {
		id := in.message.ID
		if byID[id] == nil {
			ids = append(ids, id)
		}
		byID[id] = append(byID[id], in)
	}
	atOnce(len(ids), func(i int) {
		defer func() {
			if p := recover(); p != nil { // those of this id alone fail
				panics.Log(ctx, s.Log, p, slog.String("id", ids[i]))
				for _, in := range byID[ids[i]] {
					in.Err = fmt.Errorf("panic while accepting message %s: %T", ids[i], p)
					in.record, in.scheduled = nil, false
				}
			}
		}()
		s.writeInOrder(ctx, byID[ids[i]])
	})
}

// writeInOrder writes messages of one id down. From the first on that the ledger took, or may have taken, the id is that one's.
func (s *Sender) writeInOrder(ctx context.Context, intakes []*intake) {
	var first *intake
	for _, in := range intakes {
		switch {
		case in.Err != nil: // it is too large
		case ctx.Err() != nil: // nothing more is begun
			in.Err = fmt.Errorf("record message %s as accepted: %w", in.message.ID, ctx.Err())
		case first == nil:
			s.writeAccepted(ctx, in)
			if in.Err != nil || in.record != nil || in.scheduled {
				first = in
			}
		case in.course.record.fingerprint == first.course.record.fingerprint:
			in.twin = first
		case first.Err != nil:
			in.Err = first.Err
		default:
			in.Result = Result{Item: first.Result.Item, Conflict: true}
		}
	}
}

// writeAccepted writes a message down, where nothing stands or what it corrects, and says which record it needs.
func (s *Sender) writeAccepted(ctx context.Context, in *intake) {
	c, now := in.course, s.Clock.Now()
	item, over := c.record.first(), ""
	for range maxRaces {
		item = item.accepted(c.record, now)
		item.Revision = s.NewToken()
		standing, ok, err := s.put(ctx, item, over)
		if err != nil {
			in.Err = fmt.Errorf("record message %s as accepted: %w", in.message.ID, err)
			return
		}
		if ok {
			in.accept(item)
			return
		}
		if standing.ID == "" { // what stood there is forgotten
			item, over = c.record.first(), ""
			continue
		}
		c.standing, in.Known = &standing, standing.Fingerprint == c.record.fingerprint
		if seen := c.seen(now); seen.Conflict || seen.Done {
			in.Result = seen
			return
		}
		if in.Known {
			in.accept(standing)
			return
		}
		item, over = standing.nextGeneration(c.record), standing.Revision
	}
	in.Err = fmt.Errorf("record message %s as accepted: others kept writing; try again", in.message.ID)
}

// accepted is the item written down: scheduled if its time is still to come.
func (i Item) accepted(a arrival, now time.Time) Item {
	if at := a.due(now); at.After(now) && !a.expired(at) {
		return i.scheduled(a, at, "", now)
	}
	next := i.moved(Accepted, "", now)
	next.ForgetAt = later(next.ForgetAt, later(a.sendAt, a.expiresAt).Add(Remember))
	return next
}

// accept says that the message stands as the item, and that a record of that generation is to stand behind it.
func (in *intake) accept(i Item) {
	in.Result.Item = i
	if in.scheduled = i.State == Scheduled; in.scheduled {
		return
	}
	in.record = &Record{Body: in.course.record.content, ID: i.ID, Group: in.message.Workspace.ID, Generation: i.Generation}
}

// bringAll has records come for those that are scheduled, when they are due.
func (s *Sender) bringAll(ctx context.Context, intakes []*intake, queues func(Lane) Queue) {
	atOnce(len(intakes), func(i int) {
		in := intakes[i]
		defer func() {
			if p := recover(); p != nil {
				panics.Log(ctx, s.Log, p, slog.String("id", in.message.ID))
				in.Result, in.Err = Result{}, fmt.Errorf("panic while scheduling message %s: %T", in.message.ID, p)
			}
		}()
		if !in.scheduled {
			return
		}
		if err := s.bring(ctx, in.message, in.Result.Item, queues); err != nil {
			in.Result, in.Err = Result{}, err
		}
	})
}

// enqueue hands the records of a lane to its queue.
func enqueue(ctx context.Context, intakes []*intake, lane Lane, queues func(Lane) Queue) {
	var records []Record
	var queued []*intake
	for _, in := range intakes {
		if in.record != nil && LaneOf(in.message) == lane {
			records, queued = append(records, *in.record), append(queued, in)
		}
	}
	if len(records) == 0 {
		return
	}
	if err := queues(lane).Enqueue(ctx, records...); err != nil {
		for _, in := range queued {
			in.Result, in.Err = Result{}, fmt.Errorf("queue message %s: %w", in.message.ID, err)
		}
	}
}
