package delivery

import (
	"cmp"
	"context"
	"errors"

	"dmlysender/shared/message"
)

// LaneOf is the lane that a message takes.
func LaneOf(m message.Message) Lane {
	if m.Priority == message.Bulk {
		return BulkLane
	}
	return NormalLane
}

// DeliverRecord decodes a queue record and delivers it, or records it as rejected if
// it cannot be decoded. The record's own ID wins over the one in its body: only this
// system gives records an ID. fallbackID is used where there is neither.
func (s *Sender) DeliverRecord(ctx context.Context, r Record, fallbackID string, defaults message.Defaults) (Result, error) {
	m, err := message.Decode(r.Body, defaults)
	if invalid, ok := errors.AsType[*message.Error](err); ok {
		return s.Refuse(ctx, cmp.Or(r.ID, invalid.ID, fallbackID), r.Body, err)
	}
	m.ID = cmp.Or(r.ID, m.ID, fallbackID)
	j, err := s.newJob(m)
	if _, ok := errors.AsType[*message.Error](err); ok { // its id makes it too large
		return s.Refuse(ctx, m.ID, r.Body, err)
	}
	if err != nil {
		return Result{}, err
	}
	if r.Recheck {
		if err := s.look(ctx, j); err != nil {
			s.report(ctx, m, Result{}, err)
			return Result{}, err
		}
	}
	return s.run(ctx, j)
}
