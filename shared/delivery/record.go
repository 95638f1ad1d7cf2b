package delivery

import (
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
	if err != nil {
		id := fallbackID
		if invalid, ok := errors.AsType[*message.Error](err); ok && invalid.ID != "" {
			id = invalid.ID
		}
		if r.ID != "" {
			id = r.ID
		}
		return s.Refuse(ctx, id, r.Body, err)
	}
	if r.ID != "" {
		m.ID = r.ID
	}
	if m.ID == "" {
		m.ID = fallbackID
	}
	return s.Deliver(ctx, m)
}
