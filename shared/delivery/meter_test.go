package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// meter notes what is counted.
type meter struct {
	mu    sync.Mutex
	noted []string
}

func (m *meter) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.noted = append(m.noted, fmt.Sprintf(format, args...))
}

func (m *meter) Rested(channel message.Channel, state delivery.State) {
	m.note("%s %s", channel, state)
}
func (m *meter) Posted(took time.Duration) { m.note("posted %v", took) }
func (m *meter) Waited(d time.Duration)    { m.note("waited %v", d) }
func (m *meter) KeyRefused()               { m.note("key refused") }
func (m *meter) Stuck()                    { m.note("stuck") }

// wantCounted compares what was counted since the last time.
func (w *world) wantCounted(want ...string) {
	w.t.Helper()
	m, ok := w.sender.Meter.(*meter)
	if !ok {
		w.t.Fatal("nothing is counted here")
	}
	if !slices.Equal(m.noted, want) {
		w.t.Errorf("counted %q, want %q", m.noted, want)
	}
	m.noted = nil
}

func newCountedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.sender.Meter = &meter{}
	return w
}

// A post takes a second here.
func (w *world) slowly(err error) {
	w.answer = func(context.Context, post) error {
		w.clock.advance(time.Second)
		return err
	}
}

func TestEachOutcomeIsCountedOnce(t *testing.T) {
	t.Parallel()
	const expired, waits = `,"expiresAt":"2026-11-23T11:00:00Z"`, "waited 0s"
	for name, tt := range map[string]struct {
		err  error
		more string
		want []string
	}{
		"sent":        {nil, "", []string{waits, "posted 1s", "whatsapp sent"}},
		"rejected":    {errRejected, "", []string{waits, "posted 1s", "whatsapp rejected"}},
		"unknown":     {errUnknown, "", []string{waits, "posted 1s", "whatsapp unknown"}},
		"not sent":    {errNotSent, "", []string{waits, "posted 1s"}},
		"key refused": {errKeyRefused, "", []string{waits, "posted 1s", "key refused"}},
		"expired":     {nil, expired, []string{"whatsapp expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCountedWorld(t)
			w.slowly(tt.err)
			m := text(t, "a", "Hello", tt.more)
			result := w.deliver(m)
			w.wantCounted(tt.want...)
			if result.Done {
				w.recheck(m)
				w.wantCounted() // it is at rest, and nothing was done
			}
		})
	}
}

func TestOfAMessageThatFailsTheEndAloneIsCounted(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.sender.Retry.Attempts = 2
	w.answers(errNotSent)
	w.until(text(t, "a", "Hello", ""))
	w.wantCounted("waited 0s", "posted 0s", "waited 0s", "posted 0s", "whatsapp failed")
}

func TestTheFallbackThatWasTriedLastIsCounted(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.answers(errRejected, nil)
	w.deliver(decode(t, `{"id":"a","channel":"whatsapp","type":"text","workspace":{"id":"W1"},"contact":{"id":"C"},"textMessage":"Hello",
		"fallback":[{"channel":"telegram","type":"template","textMessage":"Hello"}]}`))
	w.wantCounted("waited 0s", "posted 0s", "waited 0s", "posted 0s", "telegram sent")
}

// No key is stored: that is no refusal of DMLY's, no outcome, and no error of Lambda's.
func TestAMessageThatComesBackForAnErrorIsCountedEachTime(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	stored := w.sender.Keys
	w.sender.Keys = apikey.NewCache(apikey.Env(func(string) string { return "" }, "DMLY_API_KEY"), apikey.Options{Now: w.clock.Now})
	m := text(t, "a", "Hello", "")
	for range 2 {
		if _, err := w.try(m); err == nil {
			t.Fatal("it is sent")
		}
		w.wantCounted("stuck")
	}
	w.sender.Keys = stored
	w.deliver(m)
	w.wantCounted("waited 0s", "posted 0s", "whatsapp sent")
}

func TestWhatIsRefusedUnreadIsCountedOnce(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	for range 2 {
		if _, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: []byte(`{"channel":"fax"}`)}, "sqs-1", message.Defaults{}); err != nil {
			t.Fatal(err)
		}
	}
	w.wantCounted(" rejected")
}

func TestAMessageWhoseIDIsTakenIsCountedOnce(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.deliver(text(t, "a", "Hello", ""))
	w.wantCounted("waited 0s", "posted 0s", "whatsapp sent")
	for range 2 {
		if got := w.deliver(text(t, "a", "Another", "")); !got.Conflict {
			t.Errorf("got %+v", got)
		}
	}
	w.wantCounted("waited 0s", "whatsapp rejected", "waited 0s") // only with its slot does it see what stands there
}

func TestWhatADeadSenderLeftIsCountedByWhoeverFindsIt(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	m := text(t, "a", "Hello", "")
	w.dead(m)
	w.wantCounted("waited 0s", "stuck")
	w.recheck(m)
	w.wantCounted("whatsapp unknown")
}

func TestAPostThatPanicsIsCounted(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.answer = func(context.Context, post) error { panic("no") }
	w.deliver(text(t, "a", "Hello", ""))
	w.wantCounted("waited 0s", "posted 0s", "whatsapp unknown")
}

func TestARefusedKeyThatIsReplacedIsTwoRequests(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.answer = func(_ context.Context, p post) error {
		if p.key == "key-1" {
			w.rotate("key-2")
			w.clock.advance(11 * time.Second) // the key may be read anew
			return errKeyRefused
		}
		return nil
	}
	w.deliver(text(t, "a", "Hello", ""))
	w.wantCounted("waited 0s", "posted 11s", "posted 0s", "whatsapp sent")
}

func TestTheWaitForASlotIsCountedWhereThereWasOne(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.pacer.until["default"] = start.Add(5 * time.Second)
	batch := w.sender.Batch(1)
	body, err := text(t, "a", "Hello", "").Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batch.DeliverRecord(w.invocation(), delivery.Record{Body: body}, "sqs-1", message.Defaults{}); err != nil {
		t.Fatal(err)
	}
	w.wantCounted("waited 5s", "posted 0s", "whatsapp sent")
	w.pacer.until["default"] = w.clock.Now().Add(time.Minute)
	w.deliver(text(t, "b", "Hello", "")) // alone, it comes back at once
	w.wantCounted()
}

func TestWhatPeopleDoIsNoOutcome(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.answers(errUnknown)
	w.deliver(text(t, "a", "Hello", ""))
	w.wantCounted("waited 0s", "posted 0s", "whatsapp unknown")
	if _, err := w.sender.Settle(t.Context(), "a", 1, delivery.SettleSent, "anna", nil); err != nil {
		t.Fatal(err)
	}
	w.answers(errNotSent)
	w.deliver(text(t, "b", "Hello", ""))
	w.wantCounted("waited 0s", "posted 0s")
	if _, err := w.sender.Cancel(t.Context(), "b", "anna"); err != nil {
		t.Fatal(err)
	}
	w.wantCounted()
}

// Who cancels what may have been sent did not ask for that: it is unknown, and somebody has to hear of it.
func TestWhatIsUnknownByACancelIsCounted(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.answers(errUnknown)
	w.deliver(text(t, "a", "Hello", `,"ifUnknown":"resend"`))
	w.wantCounted("waited 0s", "posted 0s")
	if _, err := w.sender.Cancel(t.Context(), "a", "ops"); !errors.Is(err, delivery.ErrNotCancelled) {
		t.Fatal(err)
	}
	w.wantCounted(" unknown")
}

func TestWhatWasNotWrittenDownIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newCountedWorld(t)
	w.ledger.fail = func(item delivery.Item) error {
		if item.State == delivery.Sent {
			return errors.New("no answer")
		}
		return nil
	}
	if _, err := w.try(text(t, "a", "Hello", "")); err == nil || !strings.Contains(err.Error(), "as sent") {
		t.Fatalf("got %v", err)
	}
	w.wantCounted("waited 0s", "posted 0s", "stuck")
}
