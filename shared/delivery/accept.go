package delivery

import (
	"context"
	"fmt"

	"dmlysender/shared/message"
)

// Accept writes the message down as accepted and puts it on the queue. Repeating it
// is harmless: the same content under the same id is queued again for as long as
// nothing has begun, and what is at rest stays there.
//
// Done means that the message is at rest already. Conflict means that the id
// belongs to a message with other content; nothing was written then.
func (s *Sender) Accept(ctx context.Context, m message.Message, queue Queue) (Result, error) {
	c, err := s.newCourse(m, Record{})
	if err != nil {
		return Result{}, err
	}
	now := s.Clock.Now()
	item := Item{ID: m.ID, Fingerprint: c.record.fingerprint, Generation: 1}.moved(Accepted, "", now)
	item.ForgetAt = later(item.ForgetAt, later(m.SendAt, m.ExpiresAt).Add(remember))
	item.Revision = s.NewToken()
	standing, ok, err := s.put(ctx, item, "")
	if err != nil {
		return Result{}, fmt.Errorf("record message %s as accepted: %w", m.ID, err)
	}
	generation := item.Generation
	if !ok && standing.ID != "" {
		c.standing = &standing
		if seen := c.seen(now); seen.Conflict || seen.Done {
			return seen, nil
		}
		generation = 0 // a correction, unless the same content stands there
		if standing.Fingerprint == c.record.fingerprint {
			item, generation = standing, standing.Generation
		}
	}
	if err := queue.Enqueue(ctx, Record{Body: c.record.content, ID: m.ID, Group: m.Workspace.ID, Generation: generation}); err != nil {
		return Result{}, fmt.Errorf("queue message %s: %w", m.ID, err)
	}
	return Result{Item: item}, nil
}
