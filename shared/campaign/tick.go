package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/panics"
)

const (
	// tickTime is how long a Tick works whose context has no deadline.
	tickTime = 50 * time.Second
	// reserve is kept free at the end of a context's time, or a fifth of it if that is less: what has begun ends in it.
	reserve = 10 * time.Second
	// leaseTime is how long a campaign is left alone by others after the last write of whoever works on it, and leaseMargin
	// what is added, as the clocks of two machines differ.
	leaseTime, leaseMargin = 90 * time.Second, 10 * time.Second
	// recordTime is what the last write may take, even if the context has ended.
	recordTime = 3 * time.Second
	maxWrites  = 3
)

// tick is one call of [Service.Tick].
type tick struct {
	*Service
	// until is when nothing more is begun.
	until time.Time
	// depths are how much stands on the queues, with what this tick has put there. A queue's own answer may be a minute old.
	depths map[delivery.Lane]int
	// sharers is how many campaigns have yet to be fed, this one included.
	sharers int
	// hungry are those that would have been fed more if there were fewer of them.
	hungry []string
}

func (s *Service) newTick(ctx context.Context) *tick {
	now := s.Clock.Now()
	until := now.Add(tickTime)
	if end, ok := ctx.Deadline(); ok {
		until = end.Add(-min(reserve, end.Sub(now)/5))
	}
	return &tick{Service: s, until: until, depths: map[delivery.Lane]int{}, sharers: 1}
}

// Tick takes every campaign that has something left to do one step further: it plans, watches, feeds and concludes, until the
// context's deadline is near. It is to be called each minute; that one call begins before another has ended, or ends
// anywhere, does no harm. A planning that did not end is begun again.
//
// The error says which campaigns could not be worked on. The others were.
func (s *Service) Tick(ctx context.Context) error {
	ids, err := s.Store.Active(ctx)
	if err != nil {
		return err
	}
	t := s.newTick(ctx)
	var problems []error
	for len(ids) > 0 && t.hasTime(ctx) { // what some leave of their shares is given to those that want more
		problems = append(problems, t.round(ctx, ids)...)
		ids, t.hungry = t.hungry, nil
		if !t.hasRoom() {
			break
		}
	}
	return errors.Join(problems...)
}

// round works on these campaigns, of which the last one has all that the others left: it is not hungry after that.
func (t *tick) round(ctx context.Context, ids []string) (problems []error) {
	for i, id := range ids {
		if !t.hasTime(ctx) {
			break
		}
		t.sharers = len(ids) - i
		if err := t.work(ctx, id); err != nil {
			problems = append(problems, fmt.Errorf("campaign %s: %w", id, err))
		}
	}
	return problems
}

// hasRoom says whether a queue that was fed could have more.
func (t *tick) hasRoom() bool {
	for _, depth := range t.depths {
		if depth < int(float64(t.AccountPerMinute)*feedAhead.Minutes()) {
			return true
		}
	}
	return false
}

func (t *tick) hasTime(ctx context.Context) bool {
	return ctx.Err() == nil && t.Clock.Now().Before(t.until)
}

// errTaken ends the work on a campaign that somebody else works on.
var errTaken = errors.New("another one works on the campaign")

// work takes one campaign as far as it goes. A panic is this campaign's error.
func (t *tick) work(ctx context.Context, id string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			panics.Log(ctx, t.Log, p, slog.String("campaign", id))
			err = fmt.Errorf("panic: %T", p)
		}
	}()
	now := t.Clock.Now()
	r, found, err := t.Store.Get(ctx, id, now)
	if err != nil || !found || !r.Active() || r.Owner != "" && now.Before(r.Lease) {
		return err
	}
	h := &hand{tick: t, owner: t.NewToken(), r: r}
	err = h.take(ctx)
	if err == nil {
		err = errors.Join(h.run(ctx), h.release(ctx))
	}
	if err == nil && h.hungry {
		t.hungry = append(t.hungry, id)
	}
	if errors.Is(err, errTaken) {
		return nil
	}
	return err
}

// hand works on one campaign.
type hand struct {
	*tick
	owner string
	// r is the record as it was read or written last.
	r Record
	// fed is how many records were put on the queue.
	fed int
	// intended is up to where this hand decided to feed.
	intended Place
	// resent is how many messages were to be sent once more.
	resent int
	// hungry says that it would have fed more if it had not to share.
	hungry bool
}

// run does what is to be done for the campaign as it stands.
func (h *hand) run(ctx context.Context) error {
	if h.r.State == Planning {
		if err := h.plan(ctx); err != nil {
			return err
		}
	}
	if h.r.PlannedAt.IsZero() || !h.r.Active() {
		return nil
	}
	for {
		as := h.r.State
		if err := h.watch(ctx); err != nil {
			if h.r.State == Cancelled && isLost(err) {
				return h.abandon(ctx)
			}
			return err
		}
		if h.r.State == Running {
			if err := h.feed(ctx); err != nil {
				return err
			}
		}
		if h.r.State == as || !h.hasTime(ctx) { // otherwise a person has changed it meanwhile
			return h.conclude(ctx)
		}
	}
}

// take writes the lease down, unless somebody was faster.
func (h *hand) take(ctx context.Context) error {
	next := h.r.clone()
	next.Owner = h.owner
	ok, err := h.put(ctx, &next)
	if err == nil && !ok {
		err = errTaken
	}
	return err
}

// put writes the record over the one that is known, and extends the lease. A write whose answer is an error is tried again:
// the store knows one that it has done.
func (h *hand) put(ctx context.Context, next *Record) (ok bool, err error) {
	now := h.Clock.Now()
	if next.Owner != "" {
		next.Lease = now.Add(leaseTime)
		if next.State == Planning { // which may take all the time that there is, without a write
			next.Lease = h.until
		}
		next.Lease = next.Lease.Add(leaseMargin)
	}
	next.Revision = h.NewToken()
	for range maxWrites {
		if ok, err = h.Store.Put(ctx, *next, h.r.Revision, now); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err == nil && ok {
		h.r = *next
	}
	return ok, err
}

// change writes a change of the record, which is decided anew if a person was faster. It may decide that there is nothing to
// change any more; then changed is false.
func (h *hand) change(ctx context.Context, decide func(r *Record) bool) (changed bool, err error) {
	for range maxRaces {
		next := h.r.clone()
		if !decide(&next) {
			return false, nil
		}
		if ok, err := h.put(ctx, &next); ok || err != nil {
			return ok, err
		}
		standing, found, err := h.Store.Get(ctx, h.r.ID, h.Clock.Now())
		switch {
		case err != nil:
			return false, err
		case !found || standing.Owner != h.owner:
			return false, errTaken
		}
		h.r = standing
	}
	return false, errors.New("others kept writing")
}

// release ends the lease, and notes how many messages have come to rest by now.
func (h *hand) release(ctx context.Context) error {
	if !h.r.Active() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	_, err := h.change(ctx, func(r *Record) bool {
		r.Owner, r.Lease = "", time.Time{}
		if !r.PlannedAt.IsZero() {
			r.mark(h.Clock.Now())
		}
		return true
	})
	return err
}

// conclude ends the campaign if every message of it has come to rest, or was never fed and never will be.
func (h *hand) conclude(ctx context.Context) error {
	r, last := h.r, h.r.end()
	if r.State == Cancelled {
		last = r.Feeding
	}
	if r.Watched != last || len(r.Open) > 0 || r.State != Cancelled && r.Fed != last {
		return nil
	}
	resting, err := h.resting(ctx, last.Row)
	if err != nil {
		return err
	}
	changed, err := h.change(ctx, func(r *Record) bool {
		r.Resting = maps.Clone(resting)
		switch {
		case r.State == Cancelled:
			if unfed := r.Summary.Good - r.Feeding.Row; unfed > 0 {
				r.Resting[delivery.Cancelled] += unfed
			}
		case last != r.end():
			return false
		default:
			r.State, r.Reason = Complete, ""
		}
		r.finish(h.Clock.Now())
		return r.resting() == r.Summary.Good
	})
	if changed {
		h.log(ctx, h.r, "ended")
	}
	return err
}

// abandon ends a cancelled campaign whose plan is lost: without it, nobody knows which messages could be taken back.
func (h *hand) abandon(ctx context.Context) error {
	changed, err := h.change(ctx, func(r *Record) bool {
		if r.State != Cancelled {
			return false
		}
		if r.Resting == nil {
			r.Resting = map[delivery.State]int{}
		}
		r.Resting[delivery.Cancelled] += r.Summary.Good - r.Feeding.Row
		r.Forgotten += r.Summary.Good - r.resting()
		r.Reason += "; its plan is lost, so that what was on its way is sent all the same"
		r.finish(h.Clock.Now())
		return true
	})
	if changed {
		h.log(ctx, h.r, "ended")
	}
	return err
}

// resting is how the messages have come to rest: as they stand now, if the ledger's are all this run's, else as they were
// counted one by one. What was unknown may have turned out as sent since; what was forgotten may have come all the same.
func (h *hand) resting(ctx context.Context, total int) (map[delivery.State]int, error) {
	counted := h.r.clone().Resting
	if counted == nil {
		counted = map[delivery.State]int{}
	}
	if h.r.Again || h.r.Forgotten > 0 {
		return counted, nil
	}
	now, err := h.Ledger.Counts(ctx, h.r.ID, h.Clock.Now())
	if err != nil {
		return nil, err
	}
	for state, n := range now {
		if !state.Final() {
			return counted, nil
		}
		total -= n
	}
	if total != 0 {
		return counted, nil
	}
	return now, nil
}
