package delivery

import (
	"cmp"
	"errors"

	"dmlysender/shared/message"
)

// IDOf is the id under which [Sender.DeliverRecord] delivers a record, or records it as rejected.
func IDOf(r Record, fallbackID string) string {
	m, err := message.Decode(r.Body, message.Defaults{})
	if invalid, ok := errors.AsType[*message.Error](err); ok {
		return cmp.Or(r.ID, invalid.ID, fallbackID)
	}
	return cmp.Or(r.ID, m.ID, fallbackID)
}
