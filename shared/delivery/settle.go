package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dmlysender/shared/message"
)

// Settlement is what a person decides about a problem.
type Settlement string

// The settlements.
const (
	// SettleSent: an unknown message has arrived, as somebody found out.
	SettleSent Settlement = "sent"
	// SettleResend: send once more what is unknown or failed, as a new generation.
	SettleResend Settlement = "resend"
	// SettleDrop: leave the message as it is, and ask nobody any more.
	SettleDrop Settlement = "drop"
)

var (
	// ErrNotFound says that the ledger does not know the message.
	ErrNotFound = errors.New("there is no message with this id; it may be longer ago than 30 days")
	// ErrNotSettled is matched by a [StateError].
	ErrNotSettled = errors.New("this cannot be settled so")
)

// StateError says that a message stands where the settlement does not apply. It matches ErrNotSettled.
type StateError struct {
	State State
	As    Settlement
	// Dropped says that the message was dropped before; then no settlement applies.
	Dropped bool
}

// Error implements error.
func (e *StateError) Error() string {
	if e.Dropped {
		return fmt.Sprintf("a message that was dropped cannot be settled as %q any more; to send it after all, send it under a new id", e.As)
	}
	return fmt.Sprintf("a message that is %s cannot be settled as %q: %s", e.State, e.As, settlements[e.As].needs)
}

// Is implements the protocol of [errors.Is].
func (e *StateError) Is(target error) bool { return target == ErrNotSettled }

var settlements = map[Settlement]struct {
	from  []State
	needs string
}{
	SettleSent:   {[]State{Unknown}, "only an unknown one can"},
	SettleResend: {[]State{Unknown, Failed}, "only an unknown or a failed one can; what was rejected has to be mended, and sent again under the same id"},
	SettleDrop:   {[]State{Unknown, Failed, Rejected}, "only an unknown, a failed or a rejected one can"},
}

// isSettled says whether the item stands as the settlement would leave it.
func (i Item) isSettled(as Settlement) bool {
	return as == SettleSent && i.State == Sent || as == SettleDrop && i.Dropped
}

// mayBeSettled returns why the item cannot be settled so, if it cannot.
func (i Item) mayBeSettled(as Settlement) error {
	rule, ok := settlements[as]
	switch {
	case !ok:
		return fmt.Errorf("%q is no settlement; there are %q, %q and %q", as, SettleSent, SettleResend, SettleDrop)
	case i.Dropped || !slices.Contains(rule.from, i.State):
		return &StateError{State: i.State, As: as, Dropped: i.Dropped}
	default:
		return nil
	}
}

// Settle carries out a person's decision about a message; by is who decided, for the history. generation is the one that
// the person saw: with it, settling twice does no harm: a generation that has been followed by another, or stands already as
// the settlement would leave it, is left alone, and what stands is returned. A resend is queued on the queue of the message's lane before it is written
// down, so that a crash in between loses no order: the record itself is the order.
//
// Errors: ErrNotFound, a *StateError, or that the ledger or the queue could not be asked.
func (s *Sender) Settle(ctx context.Context, id string, generation int, as Settlement, by string, queues func(Lane) Queue) (Item, error) {
	for range maxRaces {
		standing, err := s.look(ctx, id)
		if err != nil {
			return Item{}, err
		}
		if standing == nil {
			return Item{}, ErrNotFound
		}
		switch {
		case standing.Generation > generation:
			return *standing, nil
		case standing.Generation < generation:
			return *standing, fmt.Errorf("%w: it has no generation %d yet", ErrNotSettled, generation)
		}
		if standing.isSettled(as) {
			return *standing, nil
		}
		if err := standing.mayBeSettled(as); err != nil {
			return *standing, err
		}
		next, err := s.settlement(ctx, *standing, as, by, queues)
		if err != nil {
			return *standing, err
		}
		next.Revision = s.NewToken()
		_, ok, err := s.put(ctx, next, standing.Revision)
		if err != nil {
			return *standing, fmt.Errorf("settle message %s: %w", id, err)
		}
		if ok {
			return next, nil
		}
	}
	return Item{}, fmt.Errorf("settle message %s: others kept writing; try again", id)
}

// settlement is what to write, after what has to be done before.
func (s *Sender) settlement(ctx context.Context, i Item, as Settlement, by string, queues func(Lane) Queue) (Item, error) {
	now := s.Clock.Now()
	switch as {
	case SettleSent:
		return i.moved(Sent, "settled as sent by "+by, now), nil
	case SettleDrop:
		next := i.moved(i.State, "dropped by "+by, now)
		next.Reason, next.Dropped, next.Content = i.Reason, true, nil
		return next, nil
	default:
		m, err := message.Decode(i.Content, message.Defaults{})
		if err != nil {
			return Item{}, fmt.Errorf("decode the content kept of message %s: %w", i.ID, err)
		}
		body, timed := i.Content, !m.SendAt.IsZero()
		m.SendAt = time.Time{} // it was tried, and so has had its time
		c, err := s.newCourse(m, Record{})
		if err != nil {
			return Item{}, err
		}
		if c.record.expired(c.record.due(now)) {
			return Item{}, fmt.Errorf("%w: it could not go before its expiresAt; drop it, or send it under a new id", ErrNotSettled)
		}
		if timed {
			body = c.record.content
		}
		order := Record{Body: body, ID: i.ID, Group: m.Workspace.ID, Generation: i.Generation + 1}
		if err := queues(LaneOf(m)).Enqueue(ctx, order); err != nil {
			return Item{}, fmt.Errorf("queue message %s: %w", i.ID, err)
		}
		return i.nextGeneration(c.record).moved(Accepted, "to be sent again, ordered by "+by, now), nil
	}
}
