package delivery

import (
	"errors"
	"fmt"
	"time"

	"dmlysender/shared/dmly"
)

const (
	// maxRetryAfter is the longest that a Retry-After is believed.
	maxRetryAfter = 15 * time.Minute
	// rateLimitDelay is the delay after a 429 that names none.
	rateLimitDelay = 30 * time.Second
	// resendAfter is how long a message with ifUnknown "resend" waits before it is sent again.
	resendAfter = 30 * time.Second
)

var (
	// errUnused says that a claim was won too late to use it, or that its owner was to stop.
	errUnused = errors.New("its turn came when there was no time left to send it")
	// errAbandoned says that the owner of a claim never recorded an outcome. Its token
	// stays, so that one that was merely slow can still record that it was sent.
	errAbandoned = errors.New("its sender ended between claiming it and recording what became of it")
)

// outcome is what a post came to, as far as the decision goes.
type outcome struct {
	response dmly.MessageResponse
	err      error
}

// ending is where a claimed message goes after its post.
var ending = table{
	{
		when: "DMLY took it", then: "`sent`",
		holds: func(s situation) bool { return s.post.err == nil },
		to:    []State{Sent},
		do: func(s situation) decision {
			d := s.ends(Sent, "")
			d.item.DMLYID, d.item.DMLYStatus = s.post.response.ID, s.post.response.Status
			return d
		},
	}, {
		when: "rejected, but it had been posted before with an unknown outcome", then: "`unknown`",
		holds: func(s situation) bool { return s.post.rejected() && s.item.Resent },
		to:    []State{Unknown},
		do:    func(s situation) decision { return s.answered().ends(Unknown, s.post.err.Error()) },
	}, {
		when: "rejected, and it has another fallback", then: "`waiting`, and at once the next step",
		holds: func(s situation) bool { return s.post.rejected() && s.item.Step+1 < s.record.steps },
		to:    []State{Waiting},
		do: func(s situation) decision {
			reason := fmt.Sprintf("%v; its fallback %d is next", s.post.err, s.item.Step+1)
			d := s.answered().waits(reason, 0)
			d.item.Step++
			d.item.Attempts = 0
			return d
		},
	}, {
		when: "rejected", then: "`rejected`",
		holds: func(s situation) bool { return s.post.rejected() },
		to:    []State{Rejected},
		do:    func(s situation) decision { return s.answered().ends(Rejected, s.post.err.Error()) },
	}, {
		when: "the key was refused, also when read anew", then: "`waiting`, no attempt used; the account pauses until it has another key, 1 to 15 min",
		holds: func(s situation) bool { return as[*dmly.KeyRefusedError](s.post.err) },
		to:    []State{Waiting},
		do: func(s situation) decision {
			d := s.givesBack().waits(s.post.err.Error(), 0)
			d.pause.keyRefused = true
			return d
		},
	}, {
		when: "429", then: "`waiting`, no attempt used; the account waits for the Retry-After, at most 15 min",
		holds: func(s situation) bool { return s.post.notSent().RateLimited },
		to:    []State{Waiting},
		do: func(s situation) decision {
			d := s.givesBack().waits(s.post.err.Error(), 0)
			d.pause.delay = rateLimitDelay
			if asked := s.post.notSent().RetryAfter; asked > 0 {
				d.pause.delay = min(asked, maxRetryAfter)
			}
			return d
		},
	}, {
		when: "there was no time left to post it", then: "`waiting`, no attempt used",
		holds: func(s situation) bool { return errors.Is(s.post.err, errUnused) },
		to:    []State{Waiting},
		do:    func(s situation) decision { return s.givesBack().waits(s.post.err.Error(), time.Second) },
	}, {
		when: "not sent, 8 attempts used, and it had been posted before with an unknown outcome", then: "`unknown`",
		holds: func(s situation) bool { return s.unsent() && s.usedUp() && s.item.Resent },
		to:    []State{Unknown},
		do:    func(s situation) decision { return s.ends(Unknown, s.post.err.Error()) },
	}, {
		when: "not sent, 8 attempts used", then: "`failed`",
		holds: func(s situation) bool { return s.unsent() && s.usedUp() },
		to:    []State{Failed},
		do: func(s situation) decision {
			return s.ends(Failed, fmt.Sprintf("given up after %d attempts: %v", s.item.Attempts, s.post.err))
		},
	}, {
		when: "not sent", then: "`waiting`: a random time from 2 s to 6, 18, 54 s …, at most 15 min, and at least the Retry-After",
		holds: situation.unsent,
		to:    []State{Waiting},
		do: func(s situation) decision {
			asked := min(s.post.notSent().RetryAfter, maxRetryAfter)
			return s.waits(s.post.err.Error(), max(s.retry.backOff(s.item.Attempts), asked))
		},
	}, {
		when: "in any other way, `ifUnknown` is `resend`, it has not been resent, and has attempts left", then: "`waiting` for 30 s",
		holds: func(s situation) bool { return s.record.resend && !s.item.Resent && !s.usedUp() },
		to:    []State{Waiting},
		do: func(s situation) decision {
			item := *s.item
			item.Resent = true
			s.item = &item
			return s.waits(s.post.err.Error()+"; it will be sent once more, as its ifUnknown says", resendAfter)
		},
	}, {
		when: "in any other way: it may have been sent", then: "`unknown`",
		holds: always,
		to:    []State{Unknown},
		do:    func(s situation) decision { return s.ends(Unknown, s.post.err.Error()) },
	},
}

// overtaking is what an owner may still write when it comes with an outcome (next) and finds that somebody took it for
// dead (item). Its record is gone from the queue then, so that nothing would bring the message back from waiting.
var overtaking = table{
	{
		when: "the claim is another owner's", then: "nothing is changed",
		holds: func(s situation) bool { return s.item.Owner != s.by.owner },
		do:    situation.leave,
	}, {
		when: "it was sent, and stands as `unknown`, `waiting` or `scheduled`", then: "`sent`",
		holds: func(s situation) bool {
			return s.next.State == Sent && (s.item.State == Unknown || s.item.State == Waiting || s.item.State == Scheduled)
		},
		to: []State{Sent},
		do: func(s situation) decision { return decision{verdict: rest, item: s.next} },
	}, {
		when: "it does not stand as `unknown`, or it was resent", then: "nothing is changed",
		holds: func(s situation) bool { return s.item.State != Unknown || s.item.Resent },
		do:    situation.leave,
	}, {
		when: "the owner does not know either", then: "nothing is changed",
		holds: func(s situation) bool { return s.next.State == Unknown || s.next.Resent },
		do:    situation.leave,
	}, {
		when: "it was rejected, and stands as `unknown`", then: "`rejected`",
		holds: func(s situation) bool { return s.next.State == Rejected },
		to:    []State{Rejected},
		do:    func(s situation) decision { return decision{verdict: rest, item: s.next} },
	}, {
		when: "it is proven unsent, and stands as `unknown`", then: "`failed`",
		holds: always,
		to:    []State{Failed},
		do: func(s situation) decision {
			return s.ends(Failed, fmt.Sprintf("proven unsent after its record was given up: %v", s.post.err))
		},
	},
}

// leave changes nothing and acknowledges what rests.
func (s situation) leave() decision {
	if s.item.State.Final() {
		return decision{verdict: rest}
	}
	return decision{verdict: comeBack, at: later(s.item.NotBefore, s.now.Add(backOffBase))}
}

// waits has the message wait for so long.
func (s situation) waits(reason string, d time.Duration) decision {
	next := s.item.moved(Waiting, reason, s.now)
	if next.Resent { // it may have to rest as unknown without its record
		next.Content = s.record.content
	}
	next.NotBefore = s.now.Add(d)
	return decision{verdict: comeBack, item: &next, at: next.NotBefore}
}

// givesBack is the situation with the attempt not counted: what it waits for is not the message's fault. The claim leaves
// no trace in the history, nor does a wait for the same reason before it: an account that waits for hours would push
// out everything else.
func (s situation) givesBack() situation {
	item := *s.item
	item.Attempts--
	item.History = withoutLast(item.History, func(t Transition) bool { return t.State == Sending })
	reason := clip(s.post.err.Error(), maxHistoryReason)
	item.History = withoutLast(item.History, func(t Transition) bool { return t.State == Waiting && t.Reason == reason })
	s.item = &item
	return s
}

func withoutLast(history []Transition, match func(Transition) bool) []Transition {
	if n := len(history); n > 0 && match(history[n-1]) {
		return history[:n-1]
	}
	return history
}

// answered is the situation with what DMLY said of the message it rejected.
func (s situation) answered() situation {
	item := *s.item
	if rejected, ok := errors.AsType[*dmly.RejectedError](s.post.err); ok {
		item.DMLYID, item.DMLYStatus = rejected.ID, rejected.Status
	}
	s.item = &item
	return s
}

func (s situation) usedUp() bool { return s.item.Attempts >= s.retry.attempts() }

func (s situation) unsent() bool { return as[*dmly.NotSentError](s.post.err) }

// rejected says whether it will not get better: DMLY's word, or that of the checks before the request.
func (o outcome) rejected() bool {
	return as[*dmly.RejectedError](o.err) || as[*dmly.ValidationError](o.err)
}

// notSent is what is known of a post that did not happen; its zero value if it may have.
func (o outcome) notSent() dmly.NotSentError {
	if e, ok := errors.AsType[*dmly.NotSentError](o.err); ok {
		return *e
	}
	return dmly.NotSentError{}
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
