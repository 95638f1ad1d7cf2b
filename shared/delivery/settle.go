package delivery

import (
	"errors"
	"fmt"
	"time"

	"dmlysender/shared/dmly"
)

// maxPause is the longest that a Retry-After is believed.
const maxPause = 15 * time.Minute

// Waits where DMLY does not name one.
const (
	rateLimitPause  = 30 * time.Second
	keyRefusedPause = time.Minute
)

// outcome is what a post came to, as far as the decision goes.
type outcome struct {
	response dmly.MessageResponse
	err      error
}

// settled is what follows from an outcome.
type settled struct {
	item Item
	// pause is how long the whole account has to wait.
	pause time.Duration
}

// settle says where a claimed message goes after its post. steps is how many
// things it can be sent as.
func (r Retry) settle(a arrival, item Item, o outcome, steps int, now time.Time) settled {
	var (
		rejected *dmly.RejectedError
		invalid  *dmly.ValidationError
		refused  *dmly.KeyRefusedError
		notSent  *dmly.NotSentError
	)
	switch {
	case o.err == nil:
		next := item.moved(Sent, "", now)
		next.DMLYID, next.DMLYStatus = o.response.ID, o.response.Status
		return settled{item: next}
	case errors.As(o.err, &rejected):
		item.DMLYID, item.DMLYStatus = rejected.ID, rejected.Status
		return settled{item: a.rejected(item, rejected.Error(), steps, now)}
	case errors.As(o.err, &invalid):
		return settled{item: a.rejected(item, invalid.Error(), steps, now)}
	case errors.As(o.err, &refused):
		return settled{item: r.held(item, refused.Error(), keyRefusedPause, now), pause: keyRefusedPause}
	case errors.As(o.err, &notSent) && notSent.RateLimited:
		pause := rateLimitPause
		if notSent.RetryAfter > 0 {
			pause = min(notSent.RetryAfter, maxPause)
		}
		return settled{item: r.held(item, notSent.Error(), pause, now), pause: pause}
	case errors.As(o.err, &notSent):
		return settled{item: r.again(a, item, notSent, now)}
	default: // an *UnknownError, and whatever else: it may have been sent
		return settled{item: a.unknown(item, o.err.Error(), now)}
	}
}

// rejected moves on to the next fallback, or to rest.
func (a arrival) rejected(item Item, reason string, steps int, now time.Time) Item {
	if item.Resent { // the earlier post may have been sent all the same
		return a.unknown(item, reason, now)
	}
	if item.Step+1 < steps {
		next := item.moved(Waiting, fmt.Sprintf("%s; its fallback %d is next", reason, item.Step+1), now)
		next.Step++
		next.Attempts = 0
		next.NotBefore = now
		return next
	}
	next := item.moved(Rejected, reason, now)
	next.Content = a.content
	return next
}

// held waits for something that is not the message's fault, and so uses no attempt.
func (r Retry) held(item Item, reason string, wait time.Duration, now time.Time) Item {
	item.Attempts--
	next := item.moved(Waiting, reason, now)
	next.NotBefore = now.Add(wait)
	return next
}

// again tries once more, later, or gives up.
func (r Retry) again(a arrival, item Item, why *dmly.NotSentError, now time.Time) Item {
	if item.Attempts >= r.attempts() && item.Resent {
		return a.unknown(item, why.Error(), now)
	}
	if item.Attempts >= r.attempts() {
		next := item.moved(Failed, fmt.Sprintf("given up after %d attempts: %v", item.Attempts, why), now)
		next.Content = a.content
		return next
	}
	next := item.moved(Waiting, why.Error(), now)
	next.NotBefore = now.Add(max(r.backOff(item.Attempts), min(why.RetryAfter, maxPause)))
	return next
}
