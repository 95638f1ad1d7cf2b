package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
)

func TestAMovedMessageIsSentAtItsNewTimeOnly(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]time.Duration{
		"later": 50 * time.Hour, "earlier": 40 * time.Hour, "soon": 5 * time.Minute, "now": 0, "past": -time.Hour, "the same": 48 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s, q := scheduling(t)
			accept(t, w, q, text(t, "a", "Hello", inTwoDays))
			old := s.held[moment{"a", start.Add(48 * time.Hour)}]
			for range 2 { // again changes nothing
				if err := w.move("a", start.Add(to), q); err != nil {
					t.Fatal(err)
				}
			}
			to = max(to, 0)
			if got := w.item("a"); got.State != delivery.Scheduled || !got.NotBefore.Equal(start.Add(to)) || !strings.HasSuffix(got.Reason, "by ops") {
				t.Errorf("it stands as %+v", got)
			}
			for passed := time.Duration(0); passed <= 60*time.Hour; passed += 5 * time.Minute {
				if passed == 48*time.Hour { // its first schedule may fire all the same, and twice
					q.records = append(q.records, old, old)
				}
				w.pass(min(5*time.Minute, passed), s, q)
				if want := passed >= to; (len(w.posted()) == 1) != want || len(w.posted()) > 1 {
					t.Fatalf("after %v there are %d posts", passed, len(w.posted()))
				}
			}
			if len(s.held) != 0 || len(q.records) != 0 {
				t.Errorf("%d are still held, and %d queued", len(s.held), len(q.records))
			}
		})
	}
}

// A producer that sends twice sends the time as it was.
func TestTheTimeOfARecordDoesNotCountOnceItsMessageIsScheduled(t *testing.T) {
	t.Parallel()
	w, _, q := scheduling(t)
	m := text(t, "a", "Hello", inTwoDays)
	accept(t, w, q, m)
	if err := w.move("a", start.Add(40*time.Hour), q); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(41 * time.Hour)
	if got := w.deliver(m); got.Item.State != delivery.Sent {
		t.Errorf("it came to %+v", got)
	}
}

// It was tried at its time, and waits for the next try: a repeat with a later time does not put that off.
func TestTheTimeOfARecordDoesNotCountOnceItsMessageWasTried(t *testing.T) {
	t.Parallel()
	w, _, q := scheduling(t)
	w.answers(errNotSent)
	w.deliver(text(t, "a", "Hello", ""))
	w.answer = nil
	w.clock.advance(time.Hour)
	repeat := text(t, "a", "Hello", inTwoDays)
	accept(t, w, q, repeat)
	if got := w.deliver(repeat); got.Item.State != delivery.Sent {
		t.Errorf("it came to %+v", got)
	}
}

func TestTheTimeOfARecordDoesNotCountOnceItsMessageIsResent(t *testing.T) {
	t.Parallel()
	w, _, q := scheduling(t)
	w.answers(errNotSent, errUnknown)
	w.deliver(text(t, "a", "Hello", ""))
	w.clock.advance(time.Hour)
	w.deliver(text(t, "a", "Hello", inTwoDays))
	w.answer = nil
	if _, err := w.settle("a", 1, delivery.SettleResend, q); err != nil {
		t.Fatal(err)
	}
	if got := w.come(q)[0]; got.Item.State != delivery.Sent || got.Item.Generation != 2 {
		t.Errorf("it came to %+v", got.Item)
	}
}

func TestAMoveHeedsHoursAndExpiry(t *testing.T) {
	t.Parallel()
	w, s, q := scheduling(t)
	m := text(t, "a", "Hello", `,"sendAt":"2026-11-25T12:00:00Z","expiresAt":"2026-11-26T12:00:00Z","deliverWithin":{"from":"09:00","to":"17:00","timezone":"UTC"}`)
	accept(t, w, q, m)
	if err := w.move("a", start.Add(36*time.Hour), q); err != nil { // midnight
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC); !s.until()[0].Equal(want) {
		t.Errorf("it is held until %v, want %v", s.until(), want)
	}
	for sendAt, want := range map[time.Time]string{
		start.Add(72 * time.Hour):                "before its expiresAt, 2026-11-26T12:00:00Z",
		start.Add(54*time.Hour).AddDate(0, 0, 1): "before its expiresAt",
		start.AddDate(2, 0, 0):                   "a year ahead",
	} {
		if err := w.move("a", sendAt, q); !errors.Is(err, delivery.ErrNotMoved) || !strings.Contains(err.Error(), want) {
			t.Errorf("moved to %v: %v, want %q", sendAt, err, want)
		}
	}
}

func TestWhatIsNotScheduledCannotBeMoved(t *testing.T) {
	t.Parallel()
	w, _, q := scheduling(t)
	accept(t, w, q, text(t, "accepted", "Hello", ""))
	w.deliver(text(t, "sent", "Hello", ""))
	w.answer = func(context.Context, post) error {
		if err := w.move("sending", start.Add(time.Hour), q); !errors.Is(err, delivery.ErrNotMoved) || !strings.Contains(err.Error(), "sending") {
			t.Errorf("while it is sent: %v", err)
		}
		return nil
	}
	w.deliver(text(t, "sending", "Hello", ""))
	for _, id := range []string{"accepted", "sent"} {
		if err := w.move(id, start.Add(time.Hour), q); !errors.Is(err, delivery.ErrNotMoved) || !strings.Contains(err.Error(), "it is "+id) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := w.move("nothing", start, q); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("nothing: %v", err)
	}
}

// Two people move it at the same time, and the one whose write is the last is not the last to schedule it.
func TestTheLedgerDecidesBetweenTwoWhoMove(t *testing.T) {
	t.Parallel()
	w, s, q := scheduling(t)
	accept(t, w, q, text(t, "a", "Hello", inTwoDays))
	s.during = func(at time.Time) {
		if at.Equal(start.Add(60 * time.Hour)) {
			s.during = nil
			if err := w.move("a", start.Add(30*time.Hour), q); err != nil {
				t.Error(err)
			}
		}
	}
	if err := w.move("a", start.Add(60*time.Hour), q); err != nil {
		t.Fatal(err)
	}
	if at := w.item("a").NotBefore; !at.Equal(start.Add(30*time.Hour)) || !slices.ContainsFunc(s.until(), at.Equal) {
		t.Errorf("it is to go at %v, and is held until %v", at, s.until())
	}
}

// The schedule has fired, and its record is being claimed while somebody moves the message.
func TestAMoveAndAClaimAreDecidedByTheLedger(t *testing.T) {
	t.Parallel()
	t.Run("the claim comes first", func(t *testing.T) {
		t.Parallel()
		w, s, q := scheduling(t)
		accept(t, w, q, text(t, "a", "Hello", inTwoDays))
		w.clock.advance(48 * time.Hour)
		w.ledger.fail = func(item delivery.Item) error {
			if item.State == delivery.Scheduled && len(w.posted()) == 0 {
				w.pass(0, s, q)
			}
			return nil
		}
		if err := w.move("a", start.Add(60*time.Hour), q); !errors.Is(err, delivery.ErrNotMoved) || w.item("a").State != delivery.Sent {
			t.Errorf("%v, and it is %s", err, w.item("a").State)
		}
	})
	t.Run("the move comes first", func(t *testing.T) {
		t.Parallel()
		w, s, q := scheduling(t)
		accept(t, w, q, text(t, "a", "Hello", inTwoDays))
		w.ledger.fail = func(item delivery.Item) error {
			if item.State == delivery.Sending && w.clock.Now().Before(start.Add(60*time.Hour)) {
				if err := w.move("a", start.Add(60*time.Hour), q); err != nil {
					t.Error(err)
				}
			}
			return nil
		}
		w.pass(48*time.Hour, s, q)
		if got := w.item("a"); got.State != delivery.Scheduled || len(w.posted()) != 0 || !s.until()[0].Equal(start.Add(60*time.Hour)) {
			t.Errorf("it is %s after %d posts, and held until %v", got.State, len(w.posted()), s.until())
		}
		w.pass(12*time.Hour, s, q)
		if got := w.item("a"); got.State != delivery.Sent || len(w.posted()) != 1 {
			t.Errorf("then it is %s after %d posts", got.State, len(w.posted()))
		}
	})
}

// Schedule and Unschedule are effects of a process, too.
func (m mortal) Schedule(ctx context.Context, lane delivery.Lane, r delivery.Record, at time.Time) error {
	return m.Do("schedule", func() error { return m.world.sender.Scheduler.Schedule(ctx, lane, r, at) })
}

func (m mortal) Unschedule(ctx context.Context, id string, at time.Time) error {
	return m.Do("unschedule", func() error { return m.world.sender.Scheduler.Unschedule(ctx, id, at) })
}

// Somebody schedules a message and moves it, repeating each until it is confirmed, perhaps in another process each time; then
// it is sent once, and not before the time that was confirmed last.
func TestWhateverEndsAMoveItIsSentOnceAtAConfirmedTime(t *testing.T) {
	t.Parallel()
	play := func(to time.Duration, faults map[int]hostile.Fault) *hostile.Script {
		w, s, q := scheduling(t)
		script := hostile.NewScript(faults)
		m := text(t, "a", "Hello", inTwoDays)
		w.untilDone(script, q, func(sender delivery.Sender, lanes func(delivery.Lane) delivery.Queue) error {
			return sender.Accept(t.Context(), m, lanes).Err
		})
		w.untilDone(script, q, func(sender delivery.Sender, lanes func(delivery.Lane) delivery.Queue) error {
			_, err := sender.Move(t.Context(), "a", start.Add(to), "ops", lanes)
			return err
		})
		step := 5 * time.Minute
		for passed := step; passed <= 60*time.Hour; passed += step {
			w.pass(step, s, q)
			if posts := len(w.posted()); posts > 1 || posts == 1 != (passed >= to) {
				t.Errorf("%v: after %v there are %d posts", faults, passed, posts)
				break
			}
		}
		if script.Fired() != len(faults) {
			t.Errorf("%v: %d faults happened", faults, script.Fired())
		}
		return script
	}
	variants := []hostile.Fault{hostile.Refuse, hostile.LoseAnswer, hostile.EndBefore, hostile.EndAfter}
	for _, to := range []time.Duration{50 * time.Hour, 40 * time.Hour, 10 * time.Minute} {
		plain := len(play(to, nil).Effects())
		if plain != 4 {
			t.Fatalf("it has %d effects, want 2 writes and 2 records", plain)
		}
		for i := 1; i <= plain; i++ {
			for _, first := range variants {
				play(to, map[int]hostile.Fault{i: first})
				for j := i + 1; j <= plain+1; j++ {
					for _, second := range variants {
						play(to, map[int]hostile.Fault{i: first, j: second})
					}
				}
			}
		}
	}
}

// untilDone repeats something until it is confirmed, each time perhaps in another process.
func (w *world) untilDone(script *hostile.Script, q *shelf, do func(delivery.Sender, func(delivery.Lane) delivery.Queue) error) {
	w.t.Helper()
	for range 10 {
		_, process := hostile.NewProcess(w.t.Context(), script, nil)
		life := mortal{process, w, shelves{delivery.NormalLane: q, delivery.BulkLane: q}}
		sender := *w.sender
		sender.Ledger, sender.Scheduler = life, life
		var err error
		ended := !process.Run(func() { err = do(sender, life.lane) })
		process.Stop()
		if err == nil && !ended {
			return
		}
	}
	w.t.Error("it is never confirmed")
}
