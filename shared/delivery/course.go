package delivery

import "time"

// effect is something that is to be carried out. There are seven of them.
type effect struct {
	kind effectKind
	// item is to be written if what stands still has the revision over.
	item Item
	over string
	// pause is for the account.
	pause pause
	// at is until when the record is held.
	at time.Time
	// result is how the record ends.
	result Result
}

type effectKind string

const (
	// look reads the item that stands under the message's id.
	look effectKind = "look"
	// reserve finds the account's key, and waits for a slot of its pace.
	reserve effectKind = "reserve"
	// write puts the item into the ledger, on condition.
	write effectKind = "write"
	// post hands the claimed message to DMLY.
	post effectKind = "post"
	// hold has the whole account wait.
	hold effectKind = "hold"
	// schedule has the record come again at a later time.
	schedule effectKind = "schedule"
	// end acknowledges the record, or says when it comes back.
	end effectKind = "end"
)

// event is what came of the last effect.
type event struct {
	// item is what stands, after look and after a write that was refused; nil if nothing does.
	item *Item
	// written says that the item of a write stands.
	written bool
	// by is the owner that a slot is for; if there was no slot, retryAt says when to come back.
	by      claimant
	retryAt time.Time
	// post is what a post came to.
	post outcome
	// held says that the record was scheduled.
	held bool
}

// maxRaces is how often a write is decided anew because others wrote too.
const maxRaces = 8

// course is one record on its way: what it asks for, what stands under its id as far as it was seen, and what it waits
// for. It decides and does nothing: next says which effect comes next, and has no clock, no randomness and no token of its
// own. Whoever carries the effects out ([Sender], or a test that tries every order) tells it what came of them.
type course struct {
	record arrival
	retry  Retry
	// looksFirst says that something stands already, and is to be looked at before anything is decided.
	looksFirst bool

	// awaits is the effect that was asked for last; empty at the beginning.
	awaits effectKind
	// standing is the item as last seen: nil if nothing stands, or nothing was seen.
	standing *Item
	// by is who has a slot; it is used up by a post.
	by *claimant
	// claim is the item that is ours from the claim to the record.
	claim *Item
	// decided is what the write under way means.
	decided decision
	posted  outcome
	races   int
}

// next takes what came of the last effect and returns the next one. The first event is empty.
func (c *course) next(e event, now time.Time) effect {
	switch c.awaits {
	case look:
		c.standing = e.item
		return c.decide(now)
	case reserve:
		if e.by.owner == "" {
			return c.end(Result{Item: c.item(), RetryAt: e.retryAt})
		}
		c.by = &e.by
		return c.decide(now)
	case write:
		return c.wrote(e, now)
	case post:
		c.posted = e.post
		return c.ended(now)
	case hold:
		return c.conclude(now)
	case schedule:
		if !e.held { // there is nobody who could
			return c.end(Result{Item: c.item(), RetryAt: c.decided.at})
		}
		return c.end(Result{Item: c.item(), Done: true})
	default:
		if c.looksFirst {
			return c.await(effect{kind: look})
		}
		return c.decide(now)
	}
}

func (c *course) await(e effect) effect {
	c.awaits = e.kind
	return e
}

func (c *course) end(r Result) effect { return c.await(effect{kind: end, result: r}) }

// situation is the one that the record meets.
func (c *course) situation(now time.Time) situation {
	s := situation{record: c.record, item: c.standing, retry: c.retry, now: now}
	if c.by != nil {
		s.by = *c.by
	}
	return s
}

// decide says what becomes of a record that holds no claim.
func (c *course) decide(now time.Time) effect {
	d := arriving.decide(c.situation(now))
	switch {
	case d.verdict == claim && c.by == nil:
		return c.await(effect{kind: reserve})
	case d.verdict == conflict:
		c.decided = d
		return c.await(effect{kind: write, item: c.record.apart().refused(TakenReason, now)})
	case d.item != nil:
		return c.write(d)
	}
	c.decided = d
	return c.conclude(now)
}

func (c *course) write(d decision) effect {
	c.decided = d
	over := ""
	if c.standing != nil {
		over = c.standing.Revision
	}
	return c.await(effect{kind: write, item: *d.item, over: over})
}

// wrote goes on after a write, or decides anew over what somebody else wrote.
func (c *course) wrote(e event, now time.Time) effect {
	if c.decided.verdict == conflict && e.item != nil { // whoever wrote it: it is recorded
		return c.end(Result{Item: *e.item, Done: true, Conflict: true})
	}
	c.standing = e.item
	if !e.written {
		c.races++
		switch {
		case c.races >= maxRaces:
			return c.end(Result{Item: c.item(), RetryAt: now.Add(backOffBase)})
		case c.claim != nil:
			return c.ended(now)
		default:
			return c.decide(now)
		}
	}
	c.races = 0
	if c.decided.verdict == claim {
		c.claim = e.item
		return c.await(effect{kind: post})
	}
	if p := c.decided.pause; p != (pause{}) {
		return c.await(effect{kind: hold, pause: p})
	}
	return c.conclude(now)
}

// ended writes what the post came to, even if somebody took us for dead meanwhile.
func (c *course) ended(now time.Time) effect {
	s := c.situation(now)
	if s.item == nil { // forgotten by time, in the middle of a post
		return c.end(Result{Item: *c.claim, RetryAt: now.Add(backOffBase)})
	}
	s.post = c.posted
	d := ending.decide(s)
	if c.standing.Revision != c.claim.Revision {
		s.next = d.item
		d = overtaking.decide(s)
	}
	if d.item != nil {
		return c.write(d)
	}
	c.decided = d
	return c.conclude(now)
}

// conclude ends the record, or takes the message one post further: to its next fallback, or behind a pause of its account.
func (c *course) conclude(now time.Time) effect {
	d := c.decided
	owned := c.claim != nil
	c.claim, c.by = nil, nil
	switch {
	case d.verdict == rest:
		return c.end(Result{Item: c.item(), Done: true})
	case d.verdict == outdated:
		return c.end(Result{Item: c.item(), Done: true, Conflict: true})
	case d.verdict == putOff && d.at.Sub(now) > soon:
		return c.await(effect{kind: schedule, at: d.at})
	case owned && d.item != nil && !d.at.After(now):
		return c.decide(now)
	default:
		return c.end(Result{Item: c.item(), RetryAt: d.at})
	}
}

// item is what stands, as far as it is known.
func (c *course) item() Item {
	if c.standing == nil {
		return Item{ID: c.record.id}
	}
	return *c.standing
}
