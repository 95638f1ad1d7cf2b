package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dmlysender/shared/message"
)

// TakeBack is [Sender.Cancel] for a message of a campaign's run, whose record may be on a queue without the ledger knowing of
// it: where nothing stands, or what this message corrects or was ordered to replace, it is written down as cancelled, and the record
// finds it at rest. generation is the one that the record orders, as [Record] has it, and run is kept as the item's TakenBack. The
// message has an id and is valid.
//
// Errors: a *message.Error if its id makes it too large; and those of Cancel but ErrNotFound.
func (s *Sender) TakeBack(ctx context.Context, m message.Message, generation int, run, by string) (Item, error) {
	c, err := s.newCourse(m, Record{Generation: generation})
	if err != nil {
		return Item{}, err
	}
	for range maxRaces {
		if c.standing, err = s.look(ctx, m.ID); err != nil {
			return Item{}, err
		}
		item, over := c.record.first(), ""
		if c.standing != nil {
			if !c.replaces() {
				break
			}
			item, over = c.standing.nextGeneration(c.record), c.standing.Revision
		}
		item = item.moved(Cancelled, "cancelled by "+by, s.Clock.Now())
		item.TakenBack = run
		item.ForgetAt = later(item.ForgetAt, later(m.SendAt, m.ExpiresAt).Add(Remember))
		item.Revision = s.NewToken()
		_, ok, err := s.put(ctx, item, over)
		if err != nil {
			return Item{}, fmt.Errorf("cancel message %s: %w", m.ID, err)
		}
		if ok {
			return item, nil
		}
	}
	return s.cancel(ctx, m.ID, situation{person: by, run: run})
}

// replaces says whether the record would start what stands anew, with its own content or by an order.
func (c *course) replaces() bool {
	s := c.situation(time.Time{})
	corrects := s.otherContent() && (s.item.State == Rejected || s.item.State == Failed) && !slices.Contains(s.item.Refused, s.record.fingerprint)
	return corrects || s.ordersTakenBack()
}
