package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/message"
)

// TakenReason is said of a message whose id belongs to another one.
const TakenReason = "another message with this id was accepted before; use a new id, or send the same content again"

// Refuse records as rejected what cannot be a message: content that does not
// decode, under the id that it or its record has. It is kept, so that it can be
// mended and sent again; of what is far larger than any message, the beginning.
func (s *Sender) Refuse(ctx context.Context, id string, content []byte, reason error) (Result, error) {
	item, err := s.refuse(ctx, id, message.FingerprintOf(content), content, reason.Error())
	s.report(ctx, message.Message{ID: id}, apikey.Key{}, Result{Item: item, Done: true}, err)
	return Result{Item: item, Done: err == nil, Conflict: item.ID != id}, err
}

func (s *Sender) refuse(ctx context.Context, id, fingerprint string, content []byte, reason string) (Item, error) {
	item, err := s.putRefused(ctx, id, fingerprint, content, reason)
	if err != nil || item.Fingerprint == fingerprint || slices.Contains(item.Refused, fingerprint) {
		return item, err
	}
	// The id is another message's, which stays as it is.
	return s.putRefused(ctx, conflictID(id, fingerprint), fingerprint, content, reason)
}

// putRefused writes a rejected item where there is none, and returns what stands.
func (s *Sender) putRefused(ctx context.Context, id, fingerprint string, content []byte, reason string) (Item, error) {
	item := refused(id, fingerprint, content, reason, s.Clock.Now())
	item.Revision = s.NewToken()
	standing, ok, err := s.put(ctx, item, "")
	switch {
	case err != nil:
		return Item{}, fmt.Errorf("record message %s as rejected: %w", id, err)
	case ok:
		return item, nil
	default:
		return standing, nil
	}
}

// refused is the item of what was never a message of its own.
func refused(id, fingerprint string, content []byte, reason string, now time.Time) Item {
	item := Item{ID: id, Fingerprint: fingerprint, Generation: 1}.moved(Rejected, reason, now)
	item.Content = content[:min(len(content), maxContent)]
	return item
}

// conflictID is where a message is recorded whose id was taken.
func conflictID(id, fingerprint string) string {
	const shown = 8
	return "conflict:" + id + ":" + fingerprint[len(fingerprint)-shown:]
}
