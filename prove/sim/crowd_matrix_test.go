package sim

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/prove/tally"
	"dmlysender/shared/campaign"
	"dmlysender/shared/hostile"
)

// meddling is what happens at one effect of a tick: a fault, or a person stops the campaign right before it.
type meddling struct {
	fault hostile.Fault
	stop  func(context.Context, *campaign.Service) error
	story story
}

func meddlings() map[string]meddling {
	steps := story{recipients: 30, perMinute: 20, canary: 4, meddled: true}
	atOnce := story{recipients: 60, perMinute: 20, meddled: true}
	cancelled := atOnce
	cancelled.cancels = true
	return map[string]meddling{
		"refuse":      {story: atOnce, fault: hostile.Refuse},
		"lose answer": {story: atOnce, fault: hostile.LoseAnswer},
		"end before":  {story: atOnce, fault: hostile.EndBefore},
		"end after":   {story: steps, fault: hostile.EndAfter},
		"pause": {story: steps, stop: func(ctx context.Context, s *campaign.Service) error {
			_, err := s.Pause(ctx, campaignID, "ops")
			return err
		}},
		"cancel": {story: cancelled, stop: func(ctx context.Context, s *campaign.Service) error {
			_, err := s.Cancel(ctx, campaignID, "ops")
			return err
		}},
	}
}

// play plays a short campaign with the meddling at the nth effect of its ticks, and says how many of these there are.
func (m meddling) play(t *testing.T, nth int) (effects int) {
	t.Helper()
	dir, where := t.TempDir(), ""
	synctest.Test(t, func(t *testing.T) {
		c, err := newCrowd(m.story, dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer c.files.Close()
		var resumed sync.WaitGroup
		defer resumed.Wait()
		c.faults = func(effect, who string) hostile.Fault {
			if !strings.HasPrefix(who, "scheduler") {
				return hostile.Pass
			}
			if effects++; effects != nth {
				return hostile.Pass
			}
			where = effect
			if m.stop != nil && c.stop(t.Context(), m.stop) == campaign.Paused {
				resumed.Go(func() {
					_ = sleep(t.Context(), 10*time.Minute) // resume looks at the context
					c.resume(t.Context())
				})
			}
			return m.fault
		}
		c.play(t.Context())
		for _, p := range c.problems {
			t.Errorf("at effect %d, %s: %s", nth, where, p)
		}
	})
	return effects
}

// stop stops the campaign at this moment, and says how it stands then. Nobody may sleep meanwhile, so it is done without trouble.
func (c *crowd) stop(ctx context.Context, do func(context.Context, *campaign.Service) error) campaign.State {
	err := do(ctx, c.plain)
	if _, ended := errors.AsType[*campaign.StateError](err); ended {
		return ""
	}
	if err != nil {
		c.broken("it could not be stopped: %v", err)
	}
	r, _, err := c.store.Get(ctx, campaignID, timeZero)
	if err != nil {
		c.broken("its record cannot be read: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = stopped{at: time.Now(), feeding: r.Feeding.Row}
	return r.State
}

// Whatever happens in the middle of a tick, at each of its effects: each recipient gets one message, and one that is stopped
// feeds nothing more than it had decided to.
func TestCampaignMatrix(t *testing.T) {
	t.Parallel()
	for name, m := range meddlings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			effects, step := m.play(t, 0), 1
			if !tally.Full() {
				step = 2
			}
			for nth := 1; nth <= effects && !t.Failed(); nth += step {
				m.play(t, nth)
			}
			tally.Report(t, "campaigns", tally.Counts{"schedules": effects / step, "faults": effects / step})
		})
	}
}
