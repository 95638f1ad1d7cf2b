package delivery

import (
	"cmp"
	"errors"

	"dmlysender/shared/message"
)

// decode reads the message of a record, under the id that it is delivered by: the record's own wins over the one in its
// body, as only this system gives records an id, and fallbackID is used where there is neither. The id is there even if
// the message is not: then invalid says why.
func (r Record) decode(fallbackID string, defaults message.Defaults) (m message.Message, invalid *message.Error) {
	m, err := message.Decode(r.Body, defaults)
	if invalid, ok := errors.AsType[*message.Error](err); ok {
		return message.Message{ID: cmp.Or(r.ID, invalid.ID, fallbackID)}, invalid
	}
	m.ID = cmp.Or(r.ID, m.ID, fallbackID)
	return m, nil
}

// IDOf is the id under which [Sender.DeliverRecord] delivers a record, or records it as rejected.
func IDOf(r Record, fallbackID string) string {
	m, _ := r.decode(fallbackID, message.Defaults{})
	return m.ID
}
