package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
	"dmlysender/shared/message"
)

// timetable is a scheduler: one entry for each message and moment. Nothing comes of itself; see [world.pass].
type timetable struct {
	mu   sync.Mutex
	held map[moment]delivery.Record
	// during is called within Schedule, before the entry is written.
	during func(at time.Time)
	err    error
}

// moment is one of a message.
type moment struct {
	id string
	at time.Time
}

func newTimetable() *timetable { return &timetable{held: map[moment]delivery.Record{}} }

// until are the moments for which something is held, the first one first.
func (s *timetable) until() (all []time.Time) {
	for m := range s.held {
		all = append(all, m.at)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func (s *timetable) Schedule(_ context.Context, _ delivery.Lane, r delivery.Record, at time.Time) error {
	if s.during != nil {
		s.during(at)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.held[moment{r.ID, at.UTC()}] = r
	return nil
}

func (s *timetable) Unschedule(_ context.Context, id string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	delete(s.held, moment{id, at.UTC()})
	return nil
}

// scheduling is a world whose sender has a scheduler and a queue.
func scheduling(t *testing.T) (*world, *timetable, *shelf) {
	t.Helper()
	w, s := newWorld(t), newTimetable()
	w.sender.Scheduler = s
	return w, s, &shelf{}
}

// pass lets time pass, and then everything come that is due: from the timetable and from the queue.
func (w *world) pass(d time.Duration, s *timetable, q *shelf) {
	w.t.Helper()
	w.clock.advance(d)
	for m, r := range s.held {
		if !m.at.After(w.clock.Now()) {
			delete(s.held, m)
			q.records = append(q.records, r)
		}
	}
	var later []delivery.Record
	for _, r := range q.records {
		if r.Delay -= d; r.Delay > 0 {
			later = append(later, r)
			continue
		}
		result, err := w.sender.DeliverRecord(w.invocation(), r, "sqs-1", message.Defaults{})
		if err != nil {
			w.t.Fatal(err)
		}
		if !result.Done {
			r.Delay = result.RetryAt.Sub(w.clock.Now())
			later = append(later, r)
		}
	}
	q.records = later
}

func (w *world) move(id string, sendAt time.Time, q *shelf) error {
	_, err := w.sender.Move(w.t.Context(), id, sendAt, "ops", q.lanes())
	return err
}

const (
	inTwoDays    = `,"sendAt":"2026-11-25T12:00:00Z"`
	inTenMinutes = `,"sendAt":"2026-11-23T12:10:00Z"`
)

func TestARecordThatIsDueMuchLaterIsScheduledAndAcknowledged(t *testing.T) {
	t.Parallel()
	w, s, q := scheduling(t)
	m := text(t, "a", "Hello", inTwoDays)
	for range 3 { // it may come several times
		if got := w.deliver(m); !got.Done || got.Item.State != delivery.Scheduled || !got.Item.NotBefore.Equal(m.SendAt) {
			t.Fatalf("it came to %+v", got)
		}
	}
	if len(s.held) != 1 || !s.until()[0].Equal(m.SendAt) || w.ledger.puts != 1+2 { // the repeats look by trying to write
		t.Errorf("%v are held, after %d writes", s.held, w.ledger.puts)
	}
	w.pass(48*time.Hour-time.Second, s, q)
	if len(w.posted()) != 0 {
		t.Error("it was sent too early")
	}
	w.pass(time.Second, s, q)
	if got := w.item("a"); got.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("it stands as %s after %d posts", got.State, len(w.posted()))
	}
}

func TestWhatIsAcceptedForLaterIsScheduledAtOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		more          string
		held, records int
		delay         time.Duration
	}{
		"much later":      {inTwoDays, 1, 0, 0},
		"soon":            {inTenMinutes, 0, 1, 10 * time.Minute},
		"past":            {`,"sendAt":"2026-11-23T11:00:00Z"`, 0, 1, 0},
		"outside hours":   {`,"deliverWithin":{"from":"09:00","to":"10:00","timezone":"UTC"}`, 1, 0, 0},
		"opens too late":  {`,"expiresAt":"2026-11-24T08:00:00Z","deliverWithin":{"from":"09:00","to":"10:00","timezone":"UTC"}`, 0, 1, 0},
		"opens very soon": {`,"deliverWithin":{"from":"12:02","to":"13:00","timezone":"UTC"}`, 0, 1, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s, q := scheduling(t)
			m := text(t, "a", "Hello", tt.more)
			for n := range 2 {
				got := w.sender.Accept(t.Context(), m, q.lanes())
				if want := tt.held+tt.records == 1 && tt.delay > 0 || tt.held == 1; got.Err != nil || got.Known != (n == 1) || (got.Result.Item.State == delivery.Scheduled) != want {
					t.Fatalf("accepted as %+v", got)
				}
				if len(s.held) != tt.held || len(q.records) != tt.records*(n+1) {
					t.Errorf("%d are scheduled and %d queued", len(s.held), len(q.records))
				}
				for _, r := range q.records {
					if r.Delay != tt.delay {
						t.Errorf("the record is delayed by %v, want %v", r.Delay, tt.delay)
					}
				}
			}
			for range 96 {
				w.pass(30*time.Minute, s, q)
			}
			if got := w.item("a"); !got.State.Final() || len(w.posted()) > 1 {
				t.Errorf("it stands as %s after %d posts", got.State, len(w.posted()))
			}
		})
	}
}

func TestWhatCannotBeScheduledIsNotAccepted(t *testing.T) {
	t.Parallel()
	w, s, q := scheduling(t)
	s.err = delivery.ErrThrottled
	m := text(t, "a", "Hello", inTwoDays)
	if got := w.sender.Accept(t.Context(), m, q.lanes()); !errors.Is(got.Err, delivery.ErrThrottled) {
		t.Errorf("accepted as %+v", got)
	}
	if _, err := w.try(m); !errors.Is(err, delivery.ErrThrottled) {
		t.Errorf("its record ended with %v", err)
	}
	s.err = nil
	if got := w.sender.Accept(t.Context(), m, q.lanes()); got.Err != nil || !got.Known || len(s.held) != 1 {
		t.Errorf("repeated: %+v, %d held", got, len(s.held))
	}
}

func TestWithoutASchedulerTheQueueBringsItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", inTwoDays)
	if got := w.deliver(m); got.Done || !got.RetryAt.Equal(m.SendAt) {
		t.Errorf("it came to %+v", got)
	}
	if got := w.until(m); got.Item.State != delivery.Sent {
		t.Errorf("then to %+v", got)
	}
}

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

func TestACancelledMessageIsNotHeldAnyMore(t *testing.T) {
	t.Parallel()
	w, s, q := scheduling(t)
	for _, id := range []string{"a", "b"} {
		accept(t, w, q, text(t, id, "Hello", inTwoDays))
	}
	if _, err := w.sender.Cancel(t.Context(), "a", "ops"); err != nil || len(s.held) != 1 {
		t.Fatalf("%v, %d held", err, len(s.held))
	}
	s.err = errors.New("no answer")
	if got, err := w.sender.Cancel(t.Context(), "b", "ops"); err != nil || got.State != delivery.Cancelled || got.Content != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if got := w.logs.String(); !strings.Contains(got, "stays scheduled") || !strings.Contains(got, `"id":"b"`) {
		t.Errorf("the log has %s", got)
	}
	s.err = nil
	w.pass(48*time.Hour, s, q)
	if len(w.posted()) != 0 || len(q.records) != 0 {
		t.Errorf("%d posts, %d records left", len(w.posted()), len(q.records))
	}
}

// What failed shortly before its hours end goes on when they open again, and with the attempts it has left.
func TestAMessageThatWaitsOutsideItsHoursIsScheduled(t *testing.T) {
	t.Parallel()
	w, s, q := scheduling(t)
	w.answers(errNotSent, nil)
	m := text(t, "a", "Hello", `,"deliverWithin":{"from":"09:00","to":"12:00","timezone":"UTC"}`)
	w.clock.advance(-time.Second)
	if got := w.deliver(m); got.Item.State != delivery.Waiting {
		t.Fatalf("first %+v", got)
	}
	w.clock.advance(time.Minute)
	if got := w.deliver(m); !got.Done || got.Item.State != delivery.Scheduled || got.Item.Attempts != 1 {
		t.Fatalf("then %+v", got)
	}
	w.pass(21*time.Hour, s, q)
	if got := w.item("a"); got.State != delivery.Sent || got.Attempts != 2 {
		t.Errorf("in the end %+v", got)
	}
}

// What may have been sent and waits for its hours is no more cancelled than if it waited for its policy.
func TestWhatMayHaveBeenSentIsNotCancelledWhileItIsScheduled(t *testing.T) {
	t.Parallel()
	w, _, q := scheduling(t)
	w.answers(errUnknown)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend","deliverWithin":{"from":"09:00","to":"12:00","timezone":"UTC"}`)
	w.clock.advance(-time.Second)
	w.deliver(m)
	w.clock.advance(time.Minute)
	if got := w.deliver(m); got.Item.State != delivery.Scheduled {
		t.Fatalf("it came to %+v", got)
	}
	if got, err := w.sender.Cancel(t.Context(), "a", "ops"); !errors.Is(err, delivery.ErrNotCancelled) || got.State != delivery.Unknown || got.Content == nil {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
	if err := w.move("a", start, q); !errors.Is(err, delivery.ErrNotMoved) {
		t.Errorf("moved: %v", err)
	}
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
