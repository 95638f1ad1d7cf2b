package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/dmly"
	"dmlysender/shared/panics"
)

// post hands a claimed message to DMLY. If the key is refused it is read anew, once,
// and if that brings another key the post is tried with it.
func (j *job) post(ctx context.Context, claimed Item) outcome {
	req := j.message.Request(claimed.Step)
	first := j.postOnce(ctx, req, j.key, claimed.Lease)
	if !as[*dmly.KeyRefusedError](first.err) {
		return first
	}
	refresh, cancel := context.WithTimeout(ctx, claimed.Lease.Sub(j.Clock.Now()))
	defer cancel()
	fresh, ok := j.otherKey(refresh, j.key)
	if !ok {
		return first
	}
	second := j.postOnce(ctx, req, fresh, claimed.Lease)
	if errors.Is(second.err, errUnused) {
		return outcome{err: errUnused} // proven unsent either way, and nothing is known of the new key
	}
	j.key = fresh
	return second
}

// postOnce compares the wall clock with the lease, and with the message's expiry, right before the request: a process may
// have been frozen since the claim. A post that has begun is finished, even if the context ends; a panic in it proves nothing.
func (j *job) postOnce(ctx context.Context, req dmly.Request, key apikey.Key, lease time.Time) (o outcome) {
	now := j.Clock.Now()
	left := lease.Sub(now)
	if left < postTime/2 || ctx.Err() != nil || j.course.record.expired(now) {
		return outcome{err: errUnused}
	}
	defer func() {
		if p := recover(); p != nil {
			panics.Log(ctx, j.Log, p, slog.String("id", j.message.ID))
			o = outcome{err: fmt.Errorf("panic while posting: %T", p)}
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(left, maxPostTime))
	defer cancel()
	defer j.posted(j.Clock.Now())
	response, err := j.Poster.Post(ctx, key, req)
	return outcome{response: response, err: err}
}
