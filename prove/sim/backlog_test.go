package sim

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
)

// backlog puts so many messages onto the bulk queue at once, and one onto the send queue a while later.
func (w *World) backlog(bulk int, normalAt time.Duration) {
	add := func(id string, lane delivery.Lane, at time.Duration) {
		s := &spec{id: id, lane: lane, at: at, once: true, texts: []string{"text of " + id + "."}}
		s.body = fmt.Sprintf(`{"id":%q,"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":%q},"textMessage":%q,"priority":%q}`,
			id, phone, s.texts[0], lane)
		w.specs = append(w.specs, s)
	}
	for i := range bulk {
		add(fmt.Sprint("b", i), delivery.BulkLane, 0)
	}
	add("urgent", delivery.NormalLane, normalAt)
	w.tally.Messages = len(w.specs)
}

// A backlog goes out at the account's rate, at least 95 % of it and never more, and a normal message is not held up by it;
// also where processes end all the time.
func TestABacklogGoesAtTheRate(t *testing.T) {
	t.Parallel()
	const messages = 400
	for name, tc := range map[string]struct {
		trouble Trouble
		workers int
		least   float64 // of the rate
	}{
		"one worker":         {calm(), 1, 0.95},
		"two workers":        {calm(), 2, 0.95},
		"five workers":       {calm(), 5, 0.95},
		"workers that crash": {crashesOnly(), 2, 0.5}, // a process that ends takes its slots with it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, err := newWorld(tc.trouble, 1)
				if err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				w.backlog(messages, 90*time.Second)
				w.play(t.Context(), tc.workers)
				for _, p := range w.problems {
					t.Error(p)
				}
				if over := w.overRate(); over != "" {
					t.Error(over)
				}
				sent := w.dmly.Messages()
				// The first minute has a burst; what counts is how fast the backlog shrinks.
				took := sent[len(sent)-1].Time.Sub(begun)
				if rate := float64(len(sent)) / took.Minutes() / perMinute; tc.least > 0.9 && rate < tc.least {
					t.Errorf("%d messages took %v, %.1f %% of the rate", len(sent), took, 100*rate)
				}
				for _, m := range sent {
					if waited := m.Time.Sub(begun) - 90*time.Second; bytes.Contains(m.Body, []byte("text of urgent.")) && waited > 10*time.Second && tc.least > 0.9 {
						t.Errorf("the normal message waited %v behind bulk", waited)
					}
				}
			})
		})
	}
}
