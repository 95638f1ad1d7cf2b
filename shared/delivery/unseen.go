package delivery

import (
	"context"
	"fmt"
	"slices"

	"dmlysender/shared/message"
)

// CancelUnseen is [Sender.Cancel] for a message whose record may be on a queue without the ledger knowing of it, as those of
// a campaign are: where nothing stands, or what this message corrects, it is written down as cancelled, and the record
// finds it at rest. The message has an id and is valid.
//
// Errors: a *message.Error if its id makes it too large; and those of Cancel but ErrNotFound.
func (s *Sender) CancelUnseen(ctx context.Context, m message.Message, by string) (Item, error) {
	c, err := s.newCourse(m, Record{})
	if err != nil {
		return Item{}, err
	}
	for range maxRaces {
		if c.standing, err = s.look(ctx, m.ID); err != nil {
			return Item{}, err
		}
		item, over := c.record.first(), ""
		if c.standing != nil {
			if !c.corrects() {
				break
			}
			item, over = c.standing.nextGeneration(c.record.fingerprint, c.record.workspace), c.standing.Revision
		}
		item = item.moved(Cancelled, "cancelled by "+by, s.Clock.Now())
		item.ForgetAt = later(item.ForgetAt, later(m.SendAt, m.ExpiresAt).Add(remember))
		item.Revision = s.NewToken()
		_, ok, err := s.put(ctx, item, over)
		if err != nil {
			return Item{}, fmt.Errorf("cancel message %s: %w", m.ID, err)
		}
		if ok {
			return item, nil
		}
	}
	return s.Cancel(ctx, m.ID, by)
}

// corrects says whether the record would start what stands anew, with its own content.
func (c *course) corrects() bool {
	i := c.standing
	return i.Fingerprint != c.record.fingerprint && (i.State == Rejected || i.State == Failed) &&
		!slices.Contains(i.Refused, c.record.fingerprint)
}
