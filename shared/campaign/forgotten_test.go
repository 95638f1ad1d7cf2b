package campaign_test

import (
	"context"
	"errors"
	"fmt"
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

// unanswered is a queue that takes everything, and does not say so.
type unanswered struct{ delivery.Queue }

func (q unanswered) Enqueue(ctx context.Context, records ...delivery.Record) error {
	return errors.Join(q.Queue.Enqueue(ctx, records...), errors.New("no answer"))
}

// Was it on the queue before the pause? The ledger does not know any more who has got a message.
func TestWhatMayHaveBeenQueuedAMonthAgoIsNotQueuedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(100, "")
	queues := w.service.Queues
	w.service.Queues = func(lane delivery.Lane) delivery.Queue { return unanswered{queues(lane)} }
	if err := w.service.Tick(t.Context()); err == nil || w.queued() != 100 {
		t.Fatalf("%d are queued, with %v", w.queued(), err)
	}
	w.service.Queues = queues
	w.do(pause)
	w.send(100)
	w.clock.advance(month)
	w.do(resume)
	for range 10 {
		w.minute()
	}
	if status := w.status(); status.State != campaign.Paused || !strings.Contains(status.Reason, "remembered") || w.stops != 1 {
		t.Errorf("got %s: %s; it was counted %d times", status.State, status.Reason, w.stops)
	}
	for to, n := range w.posted {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
	w.do(cancel)
	if status := w.status(); status.EndedAt.IsZero() || status.Forgotten != 100 || len(status.Counts) > 0 {
		t.Errorf("cancelled, it stands as %+v", status)
	}
}

// The account was without a key for a month, say, so that most of it was on the queue and in no ledger.
func TestWhatIsTakenForForgottenAndComesAllTheSameAddsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(string) error { return errNotSent }
	w.begin(5, "")
	w.tick()
	w.clock.advance(48 * time.Hour)
	w.send(1)
	w.answer = nil
	w.clock.advance(month - 47*time.Hour)
	w.tick()
	if status := w.status(); status.Forgotten != 4 || status.State != campaign.Running {
		t.Fatalf("it is %s, and %d are forgotten", status.State, status.Forgotten)
	}
	if status := w.until(campaign.Complete); len(w.posted) != 5 || status.Counts[delivery.Sent] != 1 {
		t.Errorf("%d were sent to, and it counts %v", len(w.posted), status.Counts)
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

// Hundreds of messages that wait for their own times keep the campaign from looking behind them, until what stands there is forgotten.
func TestWhatIsForgottenBeforeItIsSeenIsSaidToBe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do    act
		state campaign.State
		want  delivery.State
	}{
		"all is sent":     {nil, campaign.Complete, delivery.Sent},
		"it is cancelled": {cancel, campaign.Cancelled, delivery.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			const held, soon = 301, 50
			var b strings.Builder
			b.WriteString("phone,name,at\n")
			for i := range held + soon {
				at := w.clock.Now().Add(time.Hour)
				if i < held {
					at = w.clock.Now().Add(2 * month)
				}
				fmt.Fprintf(&b, "%s,N,%s\n", number(i), at.Format(time.RFC3339))
			}
			w.files.put("audiences/spring.csv", b.String())
			w.start(parse(t, `{"id":"spring","audience":{"file":"spring.csv"},"message":{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},
				"recipient":{"phoneNumber":"{{phone}}"},"textMessage":"Hello {{name}}","sendAt":"{{at}}"}}`))
			for range 80 {
				w.minute()
			}
			if len(w.posted) != soon {
				t.Fatalf("%d are sent, want %d", len(w.posted), soon)
			}
			w.clock.advance(month + 25*time.Hour)
			w.tick()
			if tt.do != nil {
				w.do(tt.do)
			}
			w.clock.advance(month)
			for range 20 {
				w.minute()
			}
			status := w.status()
			if status.State != tt.state || status.EndedAt.IsZero() || status.Forgotten != soon || status.Counts[tt.want] != held {
				t.Errorf("it is %s, ended at %v, with %v and %d forgotten", status.State, status.EndedAt, status.Counts, status.Forgotten)
			}
			if _, found, err := w.ledger.Get(t.Context(), id(held), w.clock.Now()); found || err != nil {
				t.Errorf("what was sent and forgotten stands in the ledger: %v", err)
			}
		})
	}
}
