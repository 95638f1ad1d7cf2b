package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func (w *world) cancel(id string) (delivery.Item, error) {
	w.t.Helper()
	return w.sender.Cancel(w.t.Context(), id, "ops")
}

func TestACancelledMessageIsNotSent(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w *world, q *shelf, m message.Message){
		"accepted": func(w *world, q *shelf, m message.Message) { accept(w.t, w, q, m) },
		"scheduled": func(w *world, q *shelf, m message.Message) {
			accept(w.t, w, q, m)
			item := w.item(m.ID)
			item.State, item.Revision = delivery.Scheduled, "scheduled"
			if _, ok, err := w.ledger.Memory.Put(w.t.Context(), item, w.item(m.ID).Revision, w.clock.Now()); err != nil || !ok {
				w.t.Fatal(ok, err)
			}
		},
		"waiting": func(w *world, q *shelf, m message.Message) {
			accept(w.t, w, q, m)
			w.answers(errNotSent)
			w.deliver(m)
			w.posts = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			m := text(t, "a", "Hello", "")
			begin(w, q, m)
			w.answers(nil)
			got, err := w.cancel("a")
			if err != nil || got.State != delivery.Cancelled || !got.NotBefore.IsZero() || got.History[len(got.History)-1].Reason != "cancelled by ops" {
				t.Fatalf("cancelled: %+v, %v", got, err)
			}
			w.clock.advance(time.Hour)
			recheck := q.records[0]
			recheck.Recheck, recheck.Generation = true, 0
			q.records = append(q.records, recheck, delivery.Record{Body: recheck.Body})
			for _, result := range w.come(q) {
				if !result.Done || result.Conflict || result.Item.State != delivery.Cancelled {
					t.Errorf("its record came to %+v", result)
				}
			}
			if again := w.sender.Accept(t.Context(), m, q.lanes()); again.Err != nil || !again.Known || !again.Result.Done || again.Result.Item.State != delivery.Cancelled {
				t.Errorf("accepted again: %+v", again)
			}
			if other := accept(t, w, q, text(t, "a", "Goodbye", "")); !other.Conflict {
				t.Errorf("other content: %+v", other)
			}
			if stands := w.item("a"); stands.Revision != got.Revision || len(w.posted()) != 0 || len(q.records) != 0 {
				t.Errorf("it stands as %+v after %d posts, with %d records", stands, len(w.posted()), len(q.records))
			}
		})
	}
}

func TestCancellingAgainWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accept(t, w, &shelf{}, text(t, "a", "Hello", ""))
	first, err := w.cancel("a")
	if err != nil {
		t.Fatal(err)
	}
	w.ledger.puts = 0
	if again, err := w.cancel("a"); err != nil || again.Revision != first.Revision || w.ledger.puts != 0 {
		t.Errorf("again: %+v, %v, %d writes", again, err, w.ledger.puts)
	}
}

func TestWhatCannotBeCancelledSaysWhereItStands(t *testing.T) {
	t.Parallel()
	for state, tc := range map[delivery.State]struct {
		answer error
		more   string
		want   string
	}{
		delivery.Sent:     {nil, "", "it is sent"},
		delivery.Rejected: {errRejected, "", "it is rejected"},
		delivery.Unknown:  {errUnknown, "", "it is unknown, as it may have been sent"},
		delivery.Expired:  {nil, `,"expiresAt":"2026-11-23T11:00:00Z"`, "it is expired"},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers(tc.answer)
			before := w.deliver(text(t, "a", "Hello", tc.more)).Item
			w.ledger.puts = 0
			got, err := w.cancel("a")
			if !errors.Is(err, delivery.ErrNotCancelled) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if got.State != state || got.Revision != before.Revision || w.ledger.puts != 0 {
				t.Errorf("it became %+v, with %d writes", got, w.ledger.puts)
			}
		})
	}
	if _, err := newWorld(t).cancel("nobody"); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
}

func TestWhatIsBeingSentIsNotCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(context.Context, post) error {
		if got, err := w.cancel("a"); !errors.Is(err, delivery.ErrNotCancelled) || got.State != delivery.Sending || !strings.Contains(err.Error(), "it is sending") {
			t.Errorf("in the middle of its post: %+v, %v", got, err)
		}
		return nil
	}
	if result := w.deliver(text(t, "a", "Hello", "")); result.Item.State != delivery.Sent {
		t.Errorf("it came to %+v", result.Item)
	}
}

// It was posted once, and DMLY's answer was lost: nobody may say that it was taken back.
func TestWhatMayHaveBeenSentIsUnknownWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	for name, first := range map[string][]error{
		"before it is sent once more":              {errUnknown},
		"and its second post was proven unsent":    {errUnknown, errNotSent},
		"and its second post waited for the key":   {errUnknown, errKeyRefused},
		"and its second post waited for the limit": {errUnknown, errRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
			w.answers(append(slices.Clone(first), nil)...)
			for range first {
				waits := w.deliver(m)
				w.clock.advance(waits.RetryAt.Sub(w.clock.Now()))
			}
			got, err := w.cancel("a")
			if !errors.Is(err, delivery.ErrNotCancelled) || !strings.Contains(err.Error(), "it is unknown") || got.State != delivery.Unknown {
				t.Fatalf("cancelled: %+v, %v", got, err)
			}
			if again, err := w.cancel("a"); !errors.Is(err, delivery.ErrNotCancelled) || again.Revision != got.Revision {
				t.Errorf("again: %+v, %v", again, err)
			}
			if late := w.deliver(m); !late.Done || late.Item.State != delivery.Unknown || len(w.posted()) != len(first) {
				t.Errorf("its record came to %+v after %d posts", late.Item, len(w.posted()))
			}
			if _, err := w.settle("a", 1, delivery.SettleResend, q); err != nil { // its content was kept
				t.Fatal(err)
			}
			if sent := w.come(q)[0]; sent.Item.State != delivery.Sent {
				t.Errorf("settled, it came to %+v", sent.Item)
			}
		})
	}
}

// The owner of an abandoned claim was merely slow; meanwhile its message waited for its second post, and was cancelled.
func TestASlowOwnerStillRecordsThatACancelledMessageWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
	w.answer = func(context.Context, post) error {
		w.clock.advance(time.Minute)
		if other := w.deliver(m); other.Item.State != delivery.Waiting {
			t.Errorf("the other one left it %s", other.Item.State)
		}
		if _, err := w.cancel("a"); !errors.Is(err, delivery.ErrNotCancelled) {
			t.Errorf("cancelled: %v", err)
		}
		return nil
	}
	w.deliver(m)
	if got := w.item("a"); got.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("it stands as %+v after %d posts", got, len(w.posted()))
	}
}

// Whoever writes first has it: the other one finds what stands, and decides anew.
func TestACancelAndAClaimAreDecidedByTheLedger(t *testing.T) {
	t.Parallel()
	m := text(t, "a", "Hello", "")
	t.Run("the claim comes first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		accept(t, w, &shelf{}, m)
		w.ledger.fail = func(item delivery.Item) error {
			if item.State == delivery.Cancelled && len(w.posted()) == 0 {
				w.deliver(m)
			}
			return nil
		}
		if got, err := w.cancel("a"); !errors.Is(err, delivery.ErrNotCancelled) || got.State != delivery.Sent {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("the cancel comes first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		accept(t, w, &shelf{}, m)
		w.ledger.fail = func(item delivery.Item) error {
			if item.State == delivery.Sending {
				if _, err := w.cancel("a"); err != nil {
					t.Error(err)
				}
			}
			return nil
		}
		if got := w.deliver(m); !got.Done || got.Item.State != delivery.Cancelled || len(w.posted()) != 0 {
			t.Errorf("got %+v after %d posts", got, len(w.posted()))
		}
	})
}

func TestACancelWhoseAnswerIsLostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accept(t, w, &shelf{}, text(t, "a", "Hello", ""))
	w.ledger.lose = failFor(2)
	if got, err := w.cancel("a"); err != nil || got.State != delivery.Cancelled || len(w.item("a").History) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}

	accept(t, w, &shelf{}, text(t, "b", "Hello", ""))
	w.ledger.fail, w.ledger.lose = nil, failOnce(delivery.Cancelled)
	if _, err := w.cancel("b"); !errors.Is(err, errLedger) || errors.Is(err, delivery.ErrNotCancelled) {
		t.Errorf("when nobody answers: %v", err)
	}
	if got, err := w.cancel("b"); err != nil || got.State != delivery.Cancelled || len(w.item("b").History) != 2 {
		t.Errorf("again: %+v, %v", got, err)
	}
}

func TestACancelGivesUpWhenOthersKeepWriting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accept(t, w, &shelf{}, text(t, "a", "Hello", ""))
	others := 0
	w.ledger.fail = func(item delivery.Item) error {
		if item.State == delivery.Cancelled {
			others++
			next := w.item("a")
			over := next.Revision
			next.Revision = fmt.Sprintf("other-%d", others)
			if _, ok, err := w.ledger.Memory.Put(t.Context(), next, over, w.clock.Now()); err != nil || !ok {
				t.Error(ok, err)
			}
		}
		return nil
	}
	if _, err := w.cancel("a"); err == nil || errors.Is(err, delivery.ErrNotCancelled) || others != 8 {
		t.Errorf("got %v after %d writes of others", err, others)
	}
	if got := w.item("a"); got.State != delivery.Accepted {
		t.Errorf("it stands as %s", got.State)
	}
}
