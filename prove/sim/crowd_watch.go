package sim

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// feeds is for how long something may be put on the queue after a stop: what was decided before, within its lease.
const feeds = 2 * time.Minute

// watch looks at the campaign each minute.
func (c *crowd) watch(ctx context.Context) {
	for sleep(ctx, time.Minute-c.dice.between("look", 0, time.Second)) == nil {
		c.mu.Lock()
		for lane, q := range c.queues {
			c.sampled[lane] = q.Depth()
		}
		c.mu.Unlock()
		c.look(ctx)
	}
}

// look holds what a campaign says of itself against the ledger.
func (c *crowd) look(ctx context.Context) {
	now := time.Now()
	before, _ := c.ledger.Counts(ctx, campaignID, now)
	r, _, _ := c.store.Get(ctx, campaignID, now)
	status, err := c.plain.Status(ctx, campaignID)
	after, errAfter := c.ledger.Counts(ctx, campaignID, now)
	standing, _, _ := c.store.Get(ctx, campaignID, now)
	switch {
	case errors.Is(err, campaign.ErrNoCampaign), ctx.Err() != nil:
		return
	case err != nil || errAfter != nil:
		c.broken("the campaign cannot be looked at: %v", errors.Join(err, errAfter))
		return
	case !maps.Equal(before, after) || standing.Revision != r.Revision: // somebody wrote meanwhile
		return
	}
	c.seen.looks++
	if status.PlannedAt.IsZero() {
		if status.Total != 0 || len(status.Counts) > 0 {
			c.broken("it is not planned, and says it has %d messages, %v", status.Total, status.Counts)
		}
		return
	}
	c.judgeSummary(status)
	c.judgeCounts(status, r, after)
	if status.State == campaign.Complete {
		c.judgeAllRest(ctx)
	}
}

// judgeSummary looks at what is said of the audience.
func (c *crowd) judgeSummary(s campaign.Status) {
	again, bad := 0, 0
	for _, isAgain := range c.audience.problems {
		if isAgain {
			again++
		} else {
			bad++
		}
	}
	if good := len(c.audience.order); s.Total != good || s.Summary.Bad != bad || s.Summary.Duplicates != again || s.Summary.Rows != good+bad+again {
		c.broken("of the audience's %d good rows, %d bad ones and %d that come again, it says %d, %d and %d of %d",
			good, bad, again, s.Total, s.Summary.Bad, s.Summary.Duplicates, s.Summary.Rows)
	}
}

// judgeCounts looks at how many messages are said to stand in which state.
func (c *crowd) judgeCounts(s campaign.Status, r campaign.Record, ledger map[delivery.State]int) {
	sum, resting := sums(s.Counts)
	_, inLedger := sums(ledger)
	unfed := 0
	if s.State == campaign.Cancelled {
		unfed = s.Total - r.Feeding.Row
	}
	switch {
	case s.Fed+s.NotFed != s.Total:
		c.broken("fed are %d, and not fed %d of %d", s.Fed, s.NotFed, s.Total)
	case sum > s.Total:
		c.broken("the counts add up to %d of %d: %v", sum, s.Total, s.Counts)
	case resting-unfed > inLedger:
		c.broken("it says that %d have come to rest, %d of them unfed, and the ledger has %d", resting, unfed, inLedger)
	case r.Run == 1 && sum-unfed != total(ledger):
		c.broken("it says %v, %d of them unfed, and the ledger has %v", s.Counts, unfed, ledger)
	case !s.EndedAt.IsZero() && resting != s.Total:
		c.broken("it has ended, and %d of %d rest: %v", resting, s.Total, s.Counts)
	case s.State == campaign.Complete && s.EndedAt.IsZero(), s.State == campaign.Paused && s.Reason == "":
		c.broken("it is %s because %q, and ended at %v", s.State, s.Reason, s.EndedAt)
	}
}

// judgeAllRest looks whether each message rests.
func (c *crowd) judgeAllRest(ctx context.Context) {
	items, err := c.ledger.States(ctx, c.audience.order, time.Now())
	if err != nil {
		c.broken("the ledger cannot be asked: %v", err)
	}
	for _, id := range c.audience.order {
		if item, found := items[id]; !found || !item.State.Final() {
			c.broken("it is complete, and message %s stands as %q", id, item.State)
			return
		}
	}
}

// judgeRecord looks at a write of the campaign's record that has taken place: who may write what over what.
func (c *crowd) judgeRecord(l *life, before, after campaign.Record) {
	if before.ID == "" || before.Run != after.Run {
		return
	}
	now := time.Now()
	ledger, _ := c.ledger.Counts(context.Background(), campaignID, now)
	_, inLedger := sums(ledger)
	resting := total(after.Resting)
	if after.State == campaign.Cancelled && !after.EndedAt.IsZero() {
		resting -= after.Summary.Good - after.Feeding.Row
	}
	advanced := after.Feeding.Row > before.Feeding.Row
	switch {
	case before.Owner != "" && after.Owner != "" && after.Owner != before.Owner && l.clock.Now().Before(before.Lease):
		c.broken("%s took the campaign while another one worked on it", l.who)
	case !before.Active():
		c.broken("%s wrote %s over a run that had ended as %s", l.who, after.State, before.State)
	case after.Fed.Row < before.Fed.Row, after.Feeding.Row < before.Feeding.Row, after.Fed.Row > after.Feeding.Row, after.Watched.Row < before.Watched.Row:
		c.broken("%s wrote fed %d to %d, watched %d over fed %d to %d, watched %d", l.who,
			after.Fed.Row, after.Feeding.Row, after.Watched.Row, before.Fed.Row, before.Feeding.Row, before.Watched.Row)
	case advanced && (before.State != campaign.Running || after.State != campaign.Running):
		c.broken("%s decided to feed up to %d of a campaign that is %s", l.who, after.Feeding.Row, after.State)
	case resting > inLedger:
		c.broken("%s counted %d at rest, and the ledger has %d", l.who, resting, inLedger)
	}
	if after.Fed.Row > before.Fed.Row {
		c.judgeFed(before, after)
	}
	if canary := after.Definition.Ramp.Canary; advanced && after.Feeding.Row > canary {
		c.judgeCanary(canary)
	}
	c.noteStop(l, before, after, now)
}

// judgeFed looks whether rows are on the queue of which that is written.
func (c *crowd) judgeFed(before, after campaign.Record) {
	for _, id := range c.audience.order[before.Fed.Row:after.Fed.Row] {
		c.mu.Lock()
		queued := c.queued[id]
		c.mu.Unlock()
		if queued > 0 {
			continue
		}
		item, found, err := c.ledger.Get(context.Background(), id, time.Now())
		if err != nil || !found || !item.State.Final() || !after.Again {
			c.broken("message %s is said to be fed, and was not; it stands as %q", id, item.State)
			return
		}
	}
}

// judgeCanary looks whether the canary rests.
func (c *crowd) judgeCanary(canary int) {
	for _, id := range c.audience.order[:min(canary, len(c.audience.order))] {
		item, found, err := c.ledger.Get(context.Background(), id, time.Now())
		if err != nil || !found || !item.State.Final() {
			c.broken("more than the canary is fed, and of that message %s stands as %q", id, item.State)
			return
		}
	}
}

// noteStop notes how the campaign stood when it was stopped, and what it said about it.
func (c *crowd) noteStop(l *life, before, after campaign.Record, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stops := after.State == campaign.Paused || after.State == campaign.Cancelled
	if !stops {
		c.stopped = stopped{}
		return
	}
	if after.State == before.State {
		return
	}
	if c.stopped.at.IsZero() {
		c.stopped = stopped{at: now, feeding: after.Feeding.Row}
	}
	if strings.Contains(l.who, "scheduler") && after.State == campaign.Paused {
		c.pauses = append(c.pauses, after.Reason)
	}
}

// judgeFeed looks at rows that are about to be put on the queue.
func (c *crowd) judgeFeed(l *life, records []delivery.Record) {
	c.mu.Lock()
	stop := c.stopped
	late, beyond, twice, unknown, idle := 0, 0, 0, 0, 0
	for _, r := range records {
		row, known := c.audience.index[r.ID]
		if !known {
			unknown++
		}
		if item, found, err := c.ledger.Get(context.Background(), r.ID, time.Now()); found && err == nil && item.State.Final() && item.TakenBack == "" && item.Place().Since.Before(c.startedAt) {
			idle++
		}
		c.queued[r.ID]++
		if c.queued[r.ID] > 1 {
			twice++
		}
		if stop.at.IsZero() {
			continue
		}
		if time.Since(stop.at) > feeds+2*c.trouble.Skew {
			late++
		}
		if row >= stop.feeding {
			beyond++
		}
	}
	c.mu.Unlock()
	switch {
	case unknown > 0:
		c.broken("%d messages are fed that nobody asked for", unknown)
	case idle > 0:
		c.broken("%s fed %d messages that had come to rest in an earlier run", l.who, idle)
	case late+beyond > 0:
		c.broken("%s fed %d messages of a campaign that was stopped %v before, %d of them not decided on by then", l.who, len(records), time.Since(stop.at), beyond)
	case twice > 0 && c.story.calm():
		c.broken("%s fed %d messages that were fed before, without a reason", l.who, twice)
	}
	if ahead := c.queues[delivery.BulkLane].Depth() + len(records); c.story.calm() && c.story.stale == 0 && ahead > 5*c.story.perMinute {
		c.broken("there are %d messages on the queue, more than five minutes ahead", ahead)
	}
}

// sums are how many messages there are, and how many of them rest.
func sums(counts map[delivery.State]int) (all, resting int) {
	for state, n := range counts {
		all += n
		if state.Final() {
			resting += n
		}
	}
	return all, resting
}

func total(counts map[delivery.State]int) int {
	all, _ := sums(counts)
	return all
}
