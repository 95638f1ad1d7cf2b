package sim

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/hostile"
)

// stops are what a person does in the middle of a tick.
var stops = map[string]func(context.Context, *campaign.Service) error{
	"pause": func(ctx context.Context, s *campaign.Service) error {
		_, err := s.Pause(ctx, campaignID, "ops")
		return err
	},
	"cancel": func(ctx context.Context, s *campaign.Service) error {
		_, err := s.Cancel(ctx, campaignID, "ops")
		return err
	},
}

// playStop plays a short campaign that a person stops before its nth effect, and says how many there are.
func playStop(t *testing.T, name string, nth int) (effects int) {
	t.Helper()
	dir, where := t.TempDir(), ""
	s := story{name: name, recipients: 30, perMinute: 20, canary: 4, cancels: name == "cancel", meddled: true}
	synctest.Test(t, func(t *testing.T) {
		c, err := newCrowd(s, dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer c.files.Close()
		var resumed sync.WaitGroup
		defer resumed.Wait()
		c.faults = func(effect, who string) hostile.Fault {
			if strings.HasPrefix(who, "scheduler") {
				if effects++; effects == nth {
					where = effect
					if c.stop(t.Context(), stops[name]) == campaign.Paused {
						resumed.Go(func() {
							_ = sleep(t.Context(), 10*time.Minute) // resume looks at the context
							c.resume(t.Context())
						})
					}
				}
			}
			return hostile.Pass
		}
		c.play(t.Context())
		for _, p := range c.problems {
			t.Errorf("%s before effect %d, %s: %s", name, nth, where, p)
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

// A campaign that is paused or cancelled in the middle of a tick feeds nothing more than it had decided to, wherever that is.
func TestACampaignIsStoppedAnywhere(t *testing.T) {
	t.Parallel()
	for name := range stops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			effects := playStop(t, name, 0)
			for nth := 1; nth <= effects && !t.Failed(); nth++ {
				playStop(t, name, nth)
			}
		})
	}
}
