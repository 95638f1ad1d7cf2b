package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dmlysender/shared/message"
)

// ErrNotMoved is matched by errors that say why a message stays where it is.
var ErrNotMoved = errors.New("the message was not moved")

// moving is what becomes of a message that somebody wants to be sent at another time, by the item that stands.
var moving = table{
	{
		when: "`scheduled`, and it could not go before its `expiresAt` then", then: "nothing is changed",
		holds: func(s situation) bool { return s.item.State == Scheduled && s.record.expired(s.record.due(s.now)) },
		do:    func(situation) decision { return decision{verdict: rest} },
	}, {
		when: "`scheduled`", then: "`scheduled` for then",
		holds: func(s situation) bool { return s.item.State == Scheduled },
		to:    []State{Scheduled},
		do: func(s situation) decision {
			at := s.record.due(s.now)
			next := s.item.scheduled(s.record, at, "moved to "+at.UTC().Format(time.RFC3339)+" by "+s.person, s.now)
			return decision{verdict: putOff, item: &next, at: at}
		},
	}, {
		when: "anything else", then: "nothing is changed",
		holds: always,
		do:    func(situation) decision { return decision{verdict: rest} },
	},
}

// Move has a scheduled message be sent at another time: at sendAt, at once if that is past, and within its hours. by is who
// wants that, for the history. From when it returns without an error, the message is not sent before that time, and its record
// comes then. To move it there again changes nothing but the history.
//
// Errors: ErrNotFound; one that matches [ErrNotMoved], with the item that stands, where the message is not scheduled (any more), or
// could not go before its expiresAt; that of [CheckAhead]; or that the ledger, the queue or the scheduler could not be asked,
// and then it is not known whether the message is moved: it is sent at the one time or the other.
func (s *Sender) Move(ctx context.Context, id string, sendAt time.Time, by string, queues func(Lane) Queue) (Item, error) {
	for range maxRaces {
		standing, err := s.look(ctx, id)
		if err != nil {
			return Item{}, err
		}
		if standing == nil {
			return Item{}, ErrNotFound
		}
		next, m, err := s.moved(*standing, sendAt, by)
		if err != nil {
			return *standing, err
		}
		_, ok, err := s.put(ctx, next, standing.Revision)
		if err != nil {
			return *standing, fmt.Errorf("move message %s: %w", id, err)
		}
		if ok { // until this is done, the record that is held for it comes at the time before, and is held again if that is too early
			return next, s.bring(ctx, m, next, queues)
		}
	}
	return Item{}, fmt.Errorf("move message %s: others kept writing; try again", id)
}

// moved is the item at its new time, with the message that it holds; or why there is none.
func (s *Sender) moved(i Item, sendAt time.Time, by string) (Item, message.Message, error) {
	if i.State != Scheduled {
		return i, message.Message{}, i.notMoved()
	}
	m, err := message.Decode(i.Content, message.Defaults{})
	if err != nil {
		return i, m, fmt.Errorf("decode the content kept of message %s: %w", i.ID, err)
	}
	m.SendAt = sendAt
	now := s.Clock.Now()
	if err := CheckAhead(sendAt, now); err != nil {
		return i, m, fmt.Errorf("%w: %w", ErrNotMoved, err)
	}
	c, err := s.newCourse(m, Record{})
	if err != nil {
		return i, m, err
	}
	d := moving.decide(situation{record: c.record, item: &i, person: by, now: now})
	if d.item == nil {
		return i, m, fmt.Errorf("%w: it could not be sent then before its expiresAt, %s", ErrNotMoved, m.ExpiresAt.UTC().Format(time.RFC3339))
	}
	d.item.Revision = s.NewToken()
	return *d.item, m, nil
}

// notMoved returns why an item that is not scheduled cannot be moved.
func (i Item) notMoved() error {
	if i.State.Final() {
		return fmt.Errorf("%w: it is %s", ErrNotMoved, i.State)
	}
	return fmt.Errorf("%w: it is %s, and goes as soon as it can", ErrNotMoved, i.State)
}
