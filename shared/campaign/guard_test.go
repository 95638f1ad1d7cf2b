package campaign_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

func TestABurstOfRejectionsPausesACampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rejecting := true
	w.answer = func(to string) error {
		if rejecting && strings.HasSuffix(to, "3") || rejecting && strings.HasSuffix(to, "6") || rejecting && strings.HasSuffix(to, "9") {
			return errRejected
		}
		return nil
	}
	w.begin(1000, "")
	status := w.until(campaign.Paused)
	if !strings.Contains(status.Reason, "were rejected") || status.NotFed == 0 {
		t.Errorf("paused because %q with %d not fed", status.Reason, status.NotFed)
	}
	for range 10 {
		w.minute()
	}
	if fed := w.status().Fed; fed != status.Fed {
		t.Errorf("paused, it feeds %d more", fed-status.Fed)
	}
	rejecting = false
	w.do(resume)
	if status := w.until(campaign.Complete); status.Counts[delivery.Rejected]+status.Counts[delivery.Sent] != 1000 {
		t.Errorf("got %v", status.Counts)
	}
}

func TestABurstOfUnknownsPausesACampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	w.answer = func(string) error {
		if n++; n <= 6 {
			return errUnknown
		}
		return nil
	}
	w.begin(1000, "")
	if status := w.until(campaign.Paused); !strings.Contains(status.Reason, "6 of the last 96 messages that came to rest are unknown") {
		t.Errorf("paused because %q", status.Reason)
	}
}

func TestARefusedKeyPausesACampaignBeforeAnythingIsFed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account.refused = start.Add(time.Hour)
	w.begin(10, "")
	w.tick()
	status := w.status()
	if status.State != campaign.Paused || !strings.Contains(status.Reason, "refused the API key") || w.queued() > 0 || w.stops != 1 {
		t.Errorf("got %s because %q, %d queued, counted %d times", status.State, status.Reason, w.queued(), w.stops)
	}
	w.do(resume)
	w.tick()
	if status := w.status(); status.State != campaign.Paused {
		t.Errorf("resumed with the same key, it is %s", status.State)
	}
	w.account.refused = time.Time{}
	w.do(resume)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 10})
}

// renewed are keys of which another one was stored than is known here.
type renewed struct {
	known, stored apikey.Keys
	read          bool
}

func (k *renewed) Get(context.Context) (apikey.Keys, error) {
	if k.read {
		return k.stored, nil
	}
	return k.known, nil
}

func (k *renewed) Refresh(ctx context.Context, _ apikey.Key) (apikey.Keys, error) {
	k.read = true
	return k.Get(ctx)
}

// Whoever stores the right key resumes the campaign at once, and this process knows the one before for some minutes more.
func TestACampaignGoesOnWithTheKeyThatWasJustStored(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{"refused before": "old", "without one before": `{"workspaces":{"W2":"key"}}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			keys := &renewed{known: parseKeys(t, secret), stored: parseKeys(t, "new")}
			w.service.Keys = keys
			w.account.refused = start.Add(time.Hour)
			if key, ok := keys.known.For("W1"); ok {
				w.account.version = key.Version()
			} else {
				w.account.version = "another"
			}
			w.begin(10, "")
			w.tick()
			if status := w.status(); status.State != campaign.Running || w.queued() != 10 || w.stops != 0 {
				t.Errorf("it is %s because %q, %d queued", status.State, status.Reason, w.queued())
			}
		})
	}
}

func TestNothingFollowsACanaryBeforeItHasComeToRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(700, `,"ramp":{"canary":50}`)
	w.tick()
	w.send(49)
	for range 5 {
		w.clock.advance(time.Minute)
		w.tick()
	}
	if status := w.status(); status.Fed != 50 || status.Counts[delivery.Sent] != 49 {
		t.Errorf("with one under way, %d are fed and %v", status.Fed, status.Counts)
	}
	w.send(1)
	for _, want := range []int{150, 350, 700} {
		w.tick()
		if fed := w.status().Fed; fed != want {
			t.Errorf("%d are fed, want %d", fed, want)
		}
		w.send(500)
		w.clock.advance(time.Minute)
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 700})
}

func TestACanaryThatIsRejectedIsAllThatIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(string) error { return errRejected }
	w.begin(700, `,"ramp":{"canary":10}`)
	if status := w.until(campaign.Paused); len(w.posted) != 10 || !strings.Contains(status.Reason, "10 of the last 10") {
		t.Errorf("%d were sent to, paused because %q", len(w.posted), status.Reason)
	}
}

// What an earlier run has left rejected is no burst of this one.
func TestOldRejectionsPauseNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(string) error { return errRejected }
	w.begin(30, `,"ramp":{"maxRejectedPercent":100}`)
	w.until(campaign.Complete)
	w.answer = nil
	w.files.put("audiences/spring.csv", csv(700))
	w.start(definition(t, ""))
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Rejected: 30, delivery.Sent: 670})
}

func TestACampaignsOwnRateIsNotExceeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(60, `,"ratePerMinute":6`)
	for minute := 1; minute <= 12; minute++ {
		w.tick()
		for range 6 { // ten seconds each
			w.send(96)
			w.clock.advance(10 * time.Second)
		}
		// A little less than the rate, and so a minute more for all of them.
		if sent := len(w.posted); sent > 6*minute || sent < min(60, 6*minute-minute/2-1) {
			t.Errorf("after %d minutes %d are sent, at 6 a minute", minute, sent)
		}
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 60})
}

func TestNothingIsFedOutsideOfItsHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := definition(t, "")
	d.Message = []byte(strings.Replace(string(d.Message), `"textMessage"`, `"deliverWithin":{"from":"13:00","to":"20:00","timezone":"UTC"},"textMessage"`, 1))
	w.files.put("audiences/spring.csv", csv(10))
	w.start(d)
	for range 60 { // from noon to one o'clock
		w.minute()
		if w.queued() > 0 || len(w.posted) > 0 {
			t.Fatalf("at %v it is fed", w.clock.Now())
		}
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 10})
}

func TestCampaignsShareTheRoomOnTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(1000, "")
	other := definition(t, "")
	other.ID = "summer"
	w.clock.advance(time.Second)
	w.start(other)
	w.tick()
	summer, err := w.service.Status(t.Context(), "summer")
	if err != nil || w.status().Fed != 250 || summer.Fed != 250 || w.queued() != 500 {
		t.Errorf("fed are %d and %d, %v", w.status().Fed, summer.Fed, err)
	}
}

// The one that cannot be worked on holds nobody up, and neither does one that panics.
func TestOneCampaignsErrorIsItsOwn(t *testing.T) {
	t.Parallel()
	w := planned(t, func(string) string { return "" })
	other := definition(t, "")
	other.ID = "summer"
	w.clock.advance(time.Second)
	w.start(other)
	for range 4 {
		if err := w.service.Tick(t.Context()); err == nil || !strings.Contains(err.Error(), "spring") {
			t.Errorf("got %v", err)
		}
		w.send(96)
		w.clock.advance(time.Minute)
	}
	if summer, err := w.service.Status(t.Context(), "summer"); err != nil || summer.State != campaign.Complete {
		t.Errorf("the other one: %+v, %v", summer, err)
	}
}
