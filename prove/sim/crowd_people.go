package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/dmlytest"
)

// act has a person do something to the campaign, again and again until it is done, or turns out to be nothing to be done.
func (c *crowd) act(ctx context.Context, who string, do func(context.Context, *campaign.Service) error) error {
	const patience = 50
	var err error
	for range patience {
		alive, l := c.newLife(ctx, who)
		ended := l.process.Run(func() { err = do(alive, c.service(l)) })
		l.process.Stop()
		if _, impossible := errors.AsType[*campaign.StateError](err); ended && (err == nil || impossible) {
			return err
		}
		if ended && c.story.calm() {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("it is never done: %w", err)
}

// start has two people start the campaign at once.
func (c *crowd) start(ctx context.Context, run int) {
	d, err := c.story.definition()
	if err != nil {
		c.broken("the campaign is not one: %v", err)
		return
	}
	c.mu.Lock()
	clear(c.queued)
	c.startedAt = time.Now()
	c.stopped = stopped{}
	c.mu.Unlock()
	c.seen.runs++
	var wg sync.WaitGroup
	for _, who := range []string{"person who starts", "another who starts"} {
		wg.Go(func() {
			if err := c.act(ctx, who, func(ctx context.Context, s *campaign.Service) error {
				status, _, err := s.Start(ctx, d, who)
				if err == nil && status.Run != run {
					c.broken("it was started as run %d, want %d", status.Run, run)
				}
				return err
			}); err != nil {
				c.broken("%s: %v", who, err)
			}
		})
	}
	wg.Wait()
}

// tell has people do to the campaign what the story says, until it has ended.
func (c *crowd) tell(ctx context.Context) {
	if err := c.publish(ctx, invite(c.story.recipients)); err != nil {
		c.broken("the audience could not be put down: %v", err)
		return
	}
	c.start(ctx, 1)
	var others sync.WaitGroup
	defer others.Wait()
	if c.story.pauses {
		others.Go(func() { c.pauseAndResume(ctx) })
	}
	if len(c.story.bursts) > 0 {
		others.Go(func() { c.haveBursts(ctx) })
	}
	if c.story.cancels && !c.story.meddled {
		_ = sleep(ctx, c.dice.between("cancel", c.story.minutes()/10, c.story.minutes()/2))
		if err := c.act(ctx, "person who cancels", func(ctx context.Context, s *campaign.Service) error {
			_, err := s.Cancel(ctx, campaignID, "ops")
			return err
		}); err != nil {
			c.broken("it could not be cancelled: %v", err)
		}
	}
	c.untilEnded(ctx)
	if !c.story.again {
		return
	}
	if err := c.publish(ctx, invite(c.story.recipients+c.story.recipients/20)); err != nil {
		c.broken("the audience could not be put down: %v", err)
		return
	}
	c.start(ctx, 2)
	c.untilEnded(ctx)
	// Nothing is missing now.
	c.waitForQuiet(ctx)
	before := c.requestsOfCampaign()
	c.start(ctx, 3)
	c.untilEnded(ctx)
	if after := c.requestsOfCampaign(); after != before {
		c.broken("nothing was missing, and a further run posted %d messages", after-before)
	}
}

// untilEnded waits until the campaign has ended. What it paused by itself is resumed, by a person who takes a while.
func (c *crowd) untilEnded(ctx context.Context) {
	limit := 4*c.story.minutes() + 12*time.Hour
	for begun := time.Now(); time.Since(begun) < limit; {
		r, _, err := c.store.Get(ctx, campaignID, time.Now())
		if err != nil || !r.Active() {
			return
		}
		if r.State == campaign.Paused && !strings.HasPrefix(r.Reason, "paused by ") {
			c.end(r.Reason)
			_ = sleep(ctx, c.dice.between("resume", time.Minute, 20*time.Minute))
			c.resume(ctx)
		}
		if sleep(ctx, c.dice.between("person", time.Second, time.Minute)) != nil {
			return
		}
	}
	r, _, _ := c.store.Get(ctx, campaignID, time.Now())
	c.broken("the campaign does not end: it is %s because %q, fed %d of %d, watched %d, open %d, resting %v",
		r.State, r.Reason, r.Fed.Row, r.Summary.Good, r.Watched.Row, len(r.Open), r.Resting)
}

func (c *crowd) resume(ctx context.Context) {
	if err := c.act(ctx, "person who resumes", func(ctx context.Context, s *campaign.Service) error {
		_, err := s.Resume(ctx, campaignID, "ops")
		return err
	}); err != nil && ctx.Err() == nil {
		c.count("not resumed, as it had ended")
	}
}

// pauseAndResume has a person pause the campaign somewhere, even while it is planned, and resume it later.
func (c *crowd) pauseAndResume(ctx context.Context) {
	latest := c.story.minutes() / 2
	if c.dice.roll("early pause", 0.3) {
		latest = 2 * time.Minute
	}
	_ = sleep(ctx, c.dice.between("pause", time.Second, latest)) // act looks at the context
	if err := c.act(ctx, "person who pauses", func(ctx context.Context, s *campaign.Service) error {
		_, err := s.Pause(ctx, campaignID, "ops")
		return err
	}); err != nil {
		if !c.story.cancels {
			c.broken("it could not be paused: %v", err)
		}
		return
	}
	c.count("paused")
	_ = sleep(ctx, c.dice.between("pause", 3*time.Minute, 20*time.Minute)) // act looks at the context
	c.resume(ctx)
}

// haveBursts has DMLY fail in one way after the other, each time until the campaign has paused because of it.
func (c *crowd) haveBursts(ctx context.Context) {
	for i, b := range c.story.bursts {
		c.untilFeeding(ctx)
		_ = sleep(ctx, c.dice.between("burst", 0, time.Minute)) // what follows looks at the context
		c.begin(b)
		begun := time.Now()
		for c.lasts() && ctx.Err() == nil {
			if time.Since(begun) > 10*time.Minute {
				c.broken("the campaign went on through burst %d, %q", i, b.reason)
				c.end("")
				return
			}
			_ = sleep(ctx, time.Second) // the loop looks at the context
		}
	}
}

// untilFeeding waits until the campaign runs, and its last messages are good ones again.
func (c *crowd) untilFeeding(ctx context.Context) {
	for ctx.Err() == nil {
		r, _, err := c.store.Get(ctx, campaignID, time.Now())
		if err == nil && r.State == campaign.Running && r.Fed.Row > 0 && len(r.Recent) >= 20 && !strings.Contains(r.Recent[len(r.Recent)-10:], "r") {
			return
		}
		if err == nil && r.ID != "" && !r.Active() {
			return
		}
		_ = sleep(ctx, 10*time.Second) // the loop looks at the context
	}
}

// begin begins a burst.
func (c *crowd) begin(b burst) {
	if b.key {
		c.setKey("key-2")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.burst, c.always = b, b.fault
	if b.key {
		c.refusals = append(c.refusals, period{from: time.Now()})
	}
}

// end ends the burst that the campaign has paused because of.
func (c *crowd) end(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.burst.reason != "" && reason != "" && !strings.Contains(reason, c.burst.reason) {
		c.problems = append(c.problems, "the campaign has paused because "+reason+", and should because of "+c.burst.reason)
	}
	c.always = dmlytest.Fault{}
	if c.burst.key {
		c.secret = "key-2"
		c.refusals[len(c.refusals)-1].to = time.Now().Add(16 * time.Minute) // when the account's pause is over
	}
	c.burst = burst{}
}

// lasts says whether a burst is under way.
func (c *crowd) lasts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.burst.reason != ""
}

func (c *crowd) requestsOfCampaign() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.requests {
		if ofCampaign(r.about) {
			n++
		}
	}
	return n
}
