package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func (w *world) cancelUnseen(m message.Message) (delivery.Item, error) {
	w.t.Helper()
	return w.sender.CancelUnseen(w.t.Context(), m, "ops")
}

func TestWhatNobodyHasSeenIsCancelledBeforeItsRecordComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", `,"expiresAt":"2027-11-23T12:00:00Z"`)
	got, err := w.cancelUnseen(m)
	if err != nil || got.State != delivery.Cancelled || got.Generation != 1 || got.Workspace != "W1" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if want := m.ExpiresAt.Add(30 * 24 * time.Hour); !got.ForgetAt.Equal(want) {
		t.Errorf("it is remembered until %v, want %v", got.ForgetAt, want)
	}
	if again, err := w.cancelUnseen(m); err != nil || again.Revision != got.Revision {
		t.Errorf("again: %+v, %v", again, err)
	}
	if result := w.deliver(m); !result.Done || result.Conflict || result.Item.State != delivery.Cancelled || len(w.posted()) != 0 {
		t.Errorf("its record came to %+v after %d posts", result, len(w.posted()))
	}
}

func TestACorrectionThatNobodyHasSeenIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errRejected)
	w.deliver(text(t, "a", "Helo", ""))
	w.answers(nil)
	m := text(t, "a", "Hello", "")
	got, err := w.cancelUnseen(m)
	if err != nil || got.State != delivery.Cancelled || got.Generation != 2 || len(got.Refused) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, m := range []message.Message{m, text(t, "a", "Helo", "")} {
		if result := w.deliver(m); !result.Done || result.Item.State != delivery.Cancelled || len(w.posted()) != 1 {
			t.Errorf("a record came to %+v after %d posts", result, len(w.posted()))
		}
	}
}

func TestWhatHasBegunIsCancelledAsEver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		want   delivery.State
		is     error
	}{
		"sent":              {nil, delivery.Sent, delivery.ErrNotCancelled},
		"rejected as it is": {errRejected, delivery.Rejected, delivery.ErrNotCancelled},
		"waiting":           {errNotSent, delivery.Cancelled, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers(tt.answer)
			m := text(t, "a", "Hello", "")
			w.deliver(m)
			if got, err := w.cancelUnseen(m); !errors.Is(err, tt.is) || got.State != tt.want {
				t.Errorf("got %s, %v, want %s, %v", got.State, err, tt.want, tt.is)
			}
		})
	}
}

// A worker claims the message between the look and the write: it goes out, and that is said.
func TestAClaimThatIsFasterThanTheCancellationWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	w.ledger.fail = func(item delivery.Item) error {
		if item.State == delivery.Cancelled {
			w.ledger.fail = nil
			w.deliver(m)
		}
		return nil
	}
	got, err := w.cancelUnseen(m)
	if !errors.Is(err, delivery.ErrNotCancelled) || got.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("got %s, %v after %d posts", got.State, err, len(w.posted()))
	}
}

func TestACancellationThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.fail = failOnce(delivery.Cancelled)
	m := text(t, "a", "Hello", "")
	if _, err := w.cancelUnseen(m); !errors.Is(err, errLedger) {
		t.Errorf("got %v, want %v", err, errLedger)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.sender.CancelUnseen(ended, m, "ops"); err == nil {
		t.Error("with an ended context it reports no error")
	}
}
