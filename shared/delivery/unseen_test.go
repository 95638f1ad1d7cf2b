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
	return w.sender.TakeBack(w.t.Context(), m, 0, "run 1", "ops")
}

// takeBack has a run of a campaign cancel the message.
func (w *world) takeBack(m message.Message, generation int, run string) delivery.Item {
	w.t.Helper()
	item, err := w.sender.TakeBack(w.t.Context(), m, generation, run, "ops")
	if err != nil {
		w.t.Fatal(err)
	}
	return item
}

// order is a record that orders a generation of the message; 0 for the first one that a run queues.
func order(t *testing.T, m message.Message, generation int) delivery.Record {
	t.Helper()
	body, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Record{Body: body, Generation: generation}
}

func (w *world) take(r delivery.Record) delivery.Result {
	w.t.Helper()
	result, err := w.sender.DeliverRecord(w.invocation(), r, "sqs-1", message.Defaults{})
	if err != nil {
		w.t.Fatal(err)
	}
	return result
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

// What a run of a campaign has taken back, a record of another run sends: with its own content, once, and whatever records of
// the run before are still on the queue.
func TestWhatARunHasTakenBackAnotherOneSends(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text string }{"the same text": {"Helo"}, "a mended text": {"Hello"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			earlier, m := text(t, "a", "Helo", ""), text(t, "a", tt.text, "")
			w.takeBack(earlier, 0, "run 1")
			for i, r := range []delivery.Record{order(t, earlier, 0), order(t, m, 2), order(t, m, 2), order(t, earlier, 0)} {
				if result := w.take(r); !result.Done || result.Item.ID != "a" || len(w.posted()) != min(i, 1) {
					t.Errorf("record %d came to %+v after %d posts", i, result, len(w.posted()))
				}
			}
			if got := w.item("a"); got.State != delivery.Sent || got.Generation != 2 || got.TakenBack != "" || len(w.posted()) != 1 {
				t.Errorf("it stands as %+v after %d posts", got, len(w.posted()))
			}
		})
	}
}

// An order that a run has given, and perhaps not, is taken back like its first record: once, however often that is tried.
func TestAnOrderIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	w.takeBack(m, 0, "run 1")
	first := w.takeBack(m, 2, "run 2")
	if first.Generation != 2 || first.TakenBack != "run 2" || first.State != delivery.Cancelled {
		t.Fatalf("got %+v", first)
	}
	if again := w.takeBack(m, 2, "run 2"); again.Revision != first.Revision {
		t.Errorf("again: %+v", again)
	}
	if result := w.take(order(t, m, 2)); !result.Done || len(w.posted()) != 0 {
		t.Errorf("the order came to %+v after %d posts", result, len(w.posted()))
	}
	if result := w.take(order(t, m, 3)); result.Item.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("the next came to %+v after %d posts", result, len(w.posted()))
	}
}

// What a person has cancelled by itself stays so.
func TestWhatAPersonHasCancelledNoRunSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errNotSent)
	m := text(t, "a", "Hello", "")
	w.deliver(m)
	if _, err := w.sender.Cancel(t.Context(), "a", "ops"); err != nil {
		t.Fatal(err)
	}
	w.answers(nil)
	if result := w.take(order(t, m, 2)); !result.Done || result.Item.State != delivery.Cancelled || len(w.posted()) != 1 {
		t.Errorf("it came to %+v after %d posts", result, len(w.posted()))
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
	if _, err := w.sender.TakeBack(ended, m, 0, "run 1", "ops"); err == nil {
		t.Error("with an ended context it reports no error")
	}
}
