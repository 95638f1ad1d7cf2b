package delivery

import (
	"context"
	"fmt"
	"slices"

	"dmlysender/shared/message"
)

// Refuse records as rejected what cannot be a message: content that does not
// decode, under the id that it or its record has. It is kept, so that it can be
// mended and sent again; of what is far larger than any message, the beginning.
func (s *Sender) Refuse(ctx context.Context, id string, content []byte, reason error) (Result, error) {
	item, err := s.refuse(ctx, id, message.FingerprintOf(content), content, reason.Error())
	s.report(ctx, message.Message{ID: id}, Result{Item: item, Done: true}, err)
	return Result{Item: item, Done: err == nil, Conflict: item.ID != id}, err
}

func (s *Sender) refuseConflict(ctx context.Context, j *job) (Result, error) {
	const reason = "another message with this id was accepted before; use a new id, or send the same content again"
	item, err := s.putRefused(ctx, conflictID(j.arrival.id, j.arrival.fingerprint), j.arrival.fingerprint, j.arrival.content, reason)
	return Result{Item: item, Done: err == nil, Conflict: true}, err
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
	now := s.Clock.Now()
	item := Item{ID: id, Fingerprint: fingerprint, Generation: 1}.moved(Rejected, reason, now)
	item.Content = content[:min(len(content), maxContent)]
	item.Revision = s.NewToken()
	standing, ok, err := s.Ledger.Put(ctx, item, "", now)
	switch {
	case err != nil:
		return Item{}, fmt.Errorf("record message %s as rejected: %w", id, err)
	case ok:
		return item, nil
	default:
		return standing, nil
	}
}

// conflictID is where a message is recorded whose id was taken.
func conflictID(id, fingerprint string) string {
	const shown = 8
	return "conflict:" + id + ":" + fingerprint[len(fingerprint)-shown:]
}
