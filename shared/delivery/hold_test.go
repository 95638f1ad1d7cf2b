package delivery_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
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
