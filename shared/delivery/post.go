package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/dmly"
)

// errLateForLease says that a claim was won too late to use it.
var errLateForLease = errors.New("the lease was nearly over before the request could start")

// post hands a claimed message to DMLY. If the key is refused it is read anew, once,
// and if that brings another key the post is tried with it.
func (s *Sender) post(ctx context.Context, j *job, key apikey.Key, claimed Item) outcome {
	req := j.message.Request(claimed.Step)
	first := s.postOnce(ctx, req, key, claimed.Lease)
	refused, ok := errors.AsType[*dmly.KeyRefusedError](first.err)
	if !ok {
		return first
	}
	refresh, cancel := context.WithTimeout(ctx, claimed.Lease.Sub(s.Clock.Now()))
	defer cancel()
	keys, err := s.Keys.Refresh(refresh, key)
	if err != nil {
		return first
	}
	fresh, ok := keys.For(j.message.Workspace.ID)
	if !ok || fresh.Version() == key.Version() {
		return first
	}
	second := s.postOnce(ctx, req, fresh, claimed.Lease)
	if errors.Is(second.err, errLateForLease) {
		return outcome{err: refused} // proven unsent either way
	}
	return second
}

// postOnce compares the wall clock with the lease right before the request: a
// process may have been frozen since the claim.
func (s *Sender) postOnce(ctx context.Context, req dmly.Request, key apikey.Key, lease time.Time) outcome {
	left := lease.Sub(s.Clock.Now())
	if left < postTime/2 {
		return outcome{err: errLateForLease}
	}
	ctx, cancel := context.WithTimeout(ctx, min(left, maxPostTime))
	defer cancel()
	response, err := s.Poster.Post(ctx, key, req)
	return outcome{response: response, err: err}
}

// record writes what came of a claim, as long as the claim is still ours, even if
// somebody took us for dead. It does so even if the context has ended: the ledger has
// to stay true.
func (s *Sender) record(ctx context.Context, j *job, claimed Item, next func(Item, time.Time) Item) (Item, error) {
	left := recordTime
	if end, ok := ctx.Deadline(); ok {
		left = max(left, end.Sub(s.Clock.Now()))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), left)
	defer cancel()
	standing := claimed
	for range maxRaces {
		now := s.Clock.Now()
		item := next(standing, now)
		if standing.State != Sending {
			left, ok := overtaken(standing, item, now)
			if !ok {
				j.standing = &standing
				return standing, nil
			}
			item = left
		}
		item.Revision = s.NewToken()
		found, written, err := s.Ledger.Put(ctx, item, standing.Revision, now)
		if err != nil {
			return Item{}, fmt.Errorf("record message %s as %s: %w", claimed.ID, item.State, err)
		}
		if written {
			j.standing = &item
			return item, nil
		}
		if found.Owner != claimed.Owner {
			j.standing = &found
			return found, nil // no longer ours: change nothing
		}
		standing = found
	}
	return Item{}, fmt.Errorf("record message %s: others kept writing", claimed.ID)
}

// overtaken is what an owner may still write after somebody took it for dead: that
// the message was sent, always; and another final state, if it was left unknown. Its
// record is gone from the queue then, so that nothing would bring it back from
// waiting: what is proven unsent ends as failed.
func overtaken(standing, item Item, now time.Time) (Item, bool) {
	switch {
	case item.State == Sent && (standing.State == Unknown || standing.State == Waiting):
		return item, true
	case standing.State != Unknown || standing.Resent:
		return Item{}, false
	case item.State.Final():
		return item, true
	default:
		return standing.moved(Failed, "proven unsent after its record was given up: "+item.Reason, now), true
	}
}

// release gives a claim back unused.
func (s *Sender) release(ctx context.Context, j *job, claimed Item) (Result, bool, error) {
	item, err := s.record(ctx, j, claimed, func(item Item, now time.Time) Item {
		return s.Retry.held(item, errLateForLease.Error(), 0, now)
	})
	if err != nil {
		return Result{}, false, err
	}
	return Result{Item: item, Done: item.State.Final(), RetryAt: item.NotBefore}, false, nil
}
