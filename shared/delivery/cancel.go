package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// ErrNotCancelled is matched by errors that say where a message stands that could not be cancelled.
var ErrNotCancelled = errors.New("the message was not cancelled")

// cancelling is what becomes of a message that somebody wants to take back, by the item that stands.
var cancelling = table{
	{
		when: "`scheduled` or `waiting`, and it was posted before with an unknown outcome", then: "`unknown`",
		holds: func(s situation) bool {
			return (s.item.State == Scheduled || s.item.State == Waiting) && s.item.Resent
		},
		to: []State{Unknown},
		do: func(s situation) decision {
			s.record.content = s.item.Content
			return s.ends(Unknown, "it may have been sent; cancelled by "+s.person+" before it was sent once more")
		},
	}, {
		when: "`accepted`, `scheduled` or `waiting`", then: "`cancelled`",
		holds: func(s situation) bool {
			return s.item.State == Accepted || s.item.State == Scheduled || s.item.State == Waiting
		},
		to: []State{Cancelled},
		do: func(s situation) decision {
			d := s.ends(Cancelled, "cancelled by "+s.person)
			d.item.TakenBack = s.run
			return d
		},
	}, {
		when: "`sending`, or a final state", then: "nothing is changed",
		holds: always,
		do:    func(situation) decision { return decision{verdict: rest} },
	},
}

// Cancel takes a message back that is not being sent and has not come to rest; by is who wants that, for the history. From
// when it returns without an error, the message is not sent and was not sent before, in its generation. To cancel
// it again changes nothing.
//
// A message that waits to be sent once more, as its ifUnknown says, may have been sent already. It is not sent again, and
// comes to rest as unknown, which is an error like that of every other state.
//
// It goes by the ledger alone: what is on the queue and was never written down is not found, and a correction that
// is there stands as what it corrects until a worker takes it.
//
// What is scheduled for it is removed, if that can be done.
//
// Errors: ErrNotFound; one that matches [ErrNotCancelled], with the item that stands; or that the ledger could not be asked,
// and then it is not known whether the message is cancelled.
func (s *Sender) Cancel(ctx context.Context, id, by string) (Item, error) {
	return s.cancel(ctx, id, situation{person: by})
}

// cancel is Cancel by the person, and for the run of a campaign if there is one.
func (s *Sender) cancel(ctx context.Context, id string, who situation) (Item, error) {
	for range maxRaces {
		standing, err := s.look(ctx, id)
		if err != nil {
			return Item{}, err
		}
		if standing == nil {
			return Item{}, ErrNotFound
		}
		who.item, who.now = standing, s.Clock.Now()
		d := cancelling.decide(who)
		if d.item == nil {
			return *standing, standing.notCancelled()
		}
		d.item.Revision = s.NewToken()
		_, ok, err := s.put(ctx, *d.item, standing.Revision)
		if err != nil {
			return *standing, fmt.Errorf("cancel message %s: %w", id, err)
		}
		if ok {
			if d.item.State == Unknown { // nobody asked for that
				s.rested("", Unknown)
			}
			s.unschedule(ctx, *standing)
			return *d.item, d.item.notCancelled()
		}
	}
	return Item{}, fmt.Errorf("cancel message %s: others kept writing; try again", id)
}

// unschedule removes what is scheduled for an item that was cancelled. If that fails, it comes to a worker, which finds the
// message at rest.
func (s *Sender) unschedule(ctx context.Context, i Item) {
	if s.Scheduler == nil || i.State != Scheduled {
		return
	}
	if err := s.Scheduler.Unschedule(ctx, i.ID, i.NotBefore); err != nil && s.Log != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a cancelled message stays scheduled, and will be found cancelled",
			slog.String("id", i.ID), slog.String("error", err.Error()))
	}
}

// notCancelled returns why the item is not cancelled, if it is not.
func (i Item) notCancelled() error {
	switch i.State {
	case Cancelled:
		return nil
	case Sending:
		return fmt.Errorf("%w: it is %s, so that it may reach its recipient; look again in a minute", ErrNotCancelled, i.State)
	case Unknown:
		return fmt.Errorf("%w: it is %s, as it may have been sent; find out, and settle it", ErrNotCancelled, i.State)
	default:
		return fmt.Errorf("%w: it is %s", ErrNotCancelled, i.State)
	}
}
