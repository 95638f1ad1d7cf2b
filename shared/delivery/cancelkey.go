package delivery

import (
	"context"
	"errors"
	"fmt"
)

// maxUnder is how many messages a call that cancels by cancelKey looks at; a page of them is looked at together.
const maxUnder, underPage = 1000, 100

// Cancellation is what became of one message that was to be cancelled.
type Cancellation struct {
	// Item is where it stands; only its ID if that is not known.
	Item Item
	// Err is nil if it is cancelled, or else as that of [Sender.Cancel].
	Err error
}

// errUnkept says that a message could not be noted under its cancelKey.
var errUnkept = errors.New("note its cancelKey")

// keepUnder notes, before an item is written down as one that waits, that it can be found by its cancelKey: each time, for it may
// be kept for longer than before. It takes half of the time that is left at most, so that the other half is the item's.
func (s *Sender) keepUnder(ctx context.Context, i Item) error {
	if s.CancelKeys == nil || i.CancelKey == "" || i.State != Accepted && i.State != Scheduled && i.State != Waiting {
		return nil
	}
	err := finish(ctx, s.left(ctx)/2, func(ctx context.Context) error { return s.CancelKeys.Keep(ctx, i.CancelKey, i.ID, i.ForgetAt) })
	if err != nil {
		return fmt.Errorf("%w: %w", errUnkept, err)
	}
	return nil
}

// CancelUnder cancels all that waits under a cancelKey: each message as [Sender.Cancel] does. It returns what became of those
// that can still be cancelled or are being sent; what had come to rest before is left out, and what is not mine. It looks at a thousand
// at most: where there may be others, next is the cursor of the call that goes on, and else empty. The first call has none.
//
// It finds what is in the ledger as accepted, scheduled or waiting: not what stands on a queue and no worker has seen, nor what
// waits after it was tried if its cancelKey could not be noted then, which was an error of its delivery.
//
// An error means that not all of them were found; repeating the call does no harm.
func (s *Sender) CancelUnder(ctx context.Context, cancelKey, cursor, by string, mine func(Item) bool) (all []Cancellation, next string, err error) {
	if s.CancelKeys == nil {
		return nil, "", errors.New("cancelKeys are not kept here")
	}
	// A key may be noted for an id whose message is another one: who sent with it was refused, or is a moment behind.
	under := func(i Item) bool { return i.CancelKey == cancelKey && mine(i) }
	next = cursor
	for looked := 0; looked < maxUnder; {
		var ids []string
		ids, next, err = s.CancelKeys.Under(ctx, cancelKey, underPage, next, s.Clock.Now())
		if err != nil {
			return all, "", fmt.Errorf("look up what waits under the cancelKey: %w", err)
		}
		all = append(all, s.cancelAll(ctx, ids, by, under)...)
		if next == "" {
			break
		}
		looked += len(ids)
	}
	return all, next, nil
}

func (s *Sender) cancelAll(ctx context.Context, ids []string, by string, mine func(Item) bool) []Cancellation {
	each := make([]Cancellation, len(ids))
	atOnce(len(ids), func(i int) { each[i] = s.cancelOne(ctx, ids[i], by, mine) })
	var all []Cancellation
	for _, c := range each {
		if c.Item.ID != "" {
			all = append(all, c)
		}
	}
	return all
}

// cancelOne is empty for what was at rest before, or is forgotten, or not mine.
func (s *Sender) cancelOne(ctx context.Context, id, by string, mine func(Item) bool) Cancellation {
	standing, err := s.look(ctx, id)
	switch {
	case err != nil:
		return Cancellation{Item: Item{ID: id}, Err: err}
	case standing == nil || standing.State.Final() || !mine(*standing):
		return Cancellation{}
	}
	item, err := s.Cancel(ctx, id, by)
	item.ID = id
	return Cancellation{Item: item, Err: err}
}
