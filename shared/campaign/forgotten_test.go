package campaign_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

const month = 30 * 24 * time.Hour

// The ledger does not know any more who has got a message: to start the campaign again would send to all of them once more.
func TestACampaignIsNotRunAgainOnceItsMessagesAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(5, "")
	w.until(campaign.Complete)
	w.clock.advance(month)
	_, _, err := w.service.Start(t.Context(), definition(t, ""), "ops")
	if state, ok := errors.AsType[*campaign.StateError](err); !ok || state.State != campaign.Complete || !strings.Contains(err.Error(), "another id") {
		t.Errorf("got %v", err)
	}
	for range 10 {
		w.minute()
	}
	for to, n := range w.posted {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
}

// What had failed is forgotten as well, and a campaign that waits for it would never end.
func TestWhatIsForgottenIsNotSentOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sender.Retry.Attempts = 1
	w.answer = func(to string) error {
		if to == number(1) {
			return errNotSent
		}
		return nil
	}
	w.begin(5, "")
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 4, delivery.Failed: 1})
	w.clock.advance(month)
	_, err := resend(w.service, w)
	if state, ok := errors.AsType[*campaign.StateError](err); !ok || state.State != campaign.Complete {
		t.Errorf("got %v", err)
	}
	w.sums(w.status(), map[delivery.State]int{delivery.Sent: 4, delivery.Failed: 1})
}

// The second run gets into the time in which the first one's messages are forgotten.
func TestARunThatTakesTooLongPauses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(600, "")
	w.until(campaign.Complete)
	w.clock.advance(month - 25*time.Hour)
	w.files.put("audiences/spring.csv", "phone,name\n"+number(1000)+",New\n"+strings.TrimPrefix(csv(600), "phone,name\n"))
	w.start(definition(t, `,"ramp":{"canary":1}`))
	w.tick() // the new one is the canary
	w.clock.advance(25 * time.Hour)
	w.send(96)
	for range 10 {
		w.minute()
	}
	if status := w.status(); status.State != campaign.Paused || !strings.Contains(status.Reason, "remembered") {
		t.Errorf("got %s: %s", status.State, status.Reason)
	}
	for to, n := range w.posted {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
}

func TestACampaignThatTakesMoreThanAMonthAddsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(1000, "")
	w.minute()
	w.minute()
	w.do(pause)
	for range 10 {
		w.minute()
	}
	fed := w.status().Fed
	w.clock.advance(month)
	if got := w.status().Counts[delivery.Sent]; got != fed || fed == 0 {
		t.Errorf("%d are sent, want %d", got, fed)
	}
	w.do(resume)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 1000})
}
