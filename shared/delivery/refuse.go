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

// ConflictPrefix begins the id under which a message is recorded whose id was taken: that id follows, then a colon and a part of
// the fingerprint.
const ConflictPrefix = "conflict:"

// Refuse records as rejected what cannot be a message: content that does not
// decode, under the id that it or its record has. It is kept, so that it can be
// mended and sent again; of what is far larger than any message, the beginning.
// Of m it needs the id, and the workspace if that is known.
func (s *Sender) Refuse(ctx context.Context, m message.Message, content []byte, reason error) (Result, error) {
	a := arrival{id: m.ID, workspace: m.Workspace.ID, fingerprint: message.FingerprintOf(content), content: content}
	item, err := s.refuse(ctx, a, reason.Error())
	result := Result{Item: item, Done: err == nil, Conflict: err == nil && item.ID != m.ID}
	s.report(ctx, message.Message{ID: m.ID}, apikey.Key{}, result, err)
	return result, err
}

func (s *Sender) refuse(ctx context.Context, a arrival, reason string) (Item, error) {
	item, err := s.putRefused(ctx, a, reason)
	if err != nil || item.Fingerprint == a.fingerprint || slices.Contains(item.Refused, a.fingerprint) {
		return item, err
	}
	// The id is another message's, which stays as it is.
	return s.putRefused(ctx, a.apart(), reason)
}

// putRefused writes a rejected item where there is none, and returns what stands.
func (s *Sender) putRefused(ctx context.Context, a arrival, reason string) (Item, error) {
	item := a.refused(reason, s.Clock.Now())
	item.Revision = s.NewToken()
	standing, ok, err := s.put(ctx, item, "")
	switch {
	case err != nil:
		return Item{}, fmt.Errorf("record message %s as rejected: %w", a.id, err)
	case ok:
		s.rested("", item.State)
		return item, nil
	default:
		return standing, nil
	}
}

// refused is the item of what was never a message of its own.
func (a arrival) refused(reason string, now time.Time) Item {
	item := Item{ID: a.id, Workspace: a.workspace, Fingerprint: a.fingerprint, Generation: 1}.moved(Rejected, reason, now)
	item.Content = a.content[:min(len(a.content), maxContent)]
	return item
}

// apart is the arrival under an id of its own, where it is recorded if its id was taken.
func (a arrival) apart() arrival {
	const shown = 8
	a.id = ConflictPrefix + a.id + ":" + a.fingerprint[len(a.fingerprint)-shown:]
	return a
}
