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
	j, err := s.newJob(m)
	if err != nil {
		return Result{}, err
	}
	now := s.Clock.Now()
	item := Item{ID: m.ID, Fingerprint: j.arrival.fingerprint, Generation: 1}.moved(Accepted, "", now)
	item.ForgetAt = later(item.ForgetAt, later(m.SendAt, m.ExpiresAt).Add(remember))
	item.Revision = s.NewToken()
	standing, ok, err := s.Ledger.Put(ctx, item, "", now)
	if err != nil {
		return Result{}, fmt.Errorf("record message %s as accepted: %w", m.ID, err)
	}
	if !ok {
		switch decide(j.arrival, &standing, claimant{}, now).verdict {
		case conflict, outdated:
			return Result{Item: standing, Conflict: true}, nil
		case rest:
			if standing.State.Final() && standing.Fingerprint == j.arrival.fingerprint {
				return Result{Item: standing, Done: true}, nil
			}
		case claim, comeBack: // not at rest, or a correction: a further record does no harm
		}
		if standing.Fingerprint == j.arrival.fingerprint {
			item = standing
		}
	}
	if err := queue.Enqueue(ctx, Record{Body: j.arrival.content, ID: m.ID, Group: m.Workspace.ID}); err != nil {
		return Result{}, fmt.Errorf("queue message %s: %w", m.ID, err)
	}
	return Result{Item: item}, nil
}
