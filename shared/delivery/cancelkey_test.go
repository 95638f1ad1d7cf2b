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

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
)

// register is a [delivery.CancelKeys] of one page at a time.
type register struct {
	mu    sync.Mutex
	kept  map[string][]string
	tries int
	page  int
	err   error
}

func (r *register) Keep(ctx context.Context, cancelKey, id string, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.err == nil && !slices.Contains(r.kept[cancelKey], id) {
		r.kept[cancelKey] = append(r.kept[cancelKey], id)
	}
	return r.err
}

func (r *register) Under(_ context.Context, cancelKey string, n int, cursor string, _ time.Time) ([]string, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.kept[cancelKey]
	if cursor != "" {
		_, all, _ = cutAfter(all, cursor)
	}
	n = min(n, r.page, len(all))
	if n == len(all) {
		return all, "", r.err
	}
	return all[:n], all[n-1], r.err
}

func cutAfter(all []string, id string) (before, after []string, found bool) {
	i := slices.Index(all, id)
	return all[:i+1], all[i+1:], i >= 0
}

func keyed(t *testing.T) (*world, *timetable, *shelf, *register) {
	t.Helper()
	w, s, q := scheduling(t)
	r := &register{kept: map[string][]string{}, page: 2}
	w.sender.CancelKeys = r
	return w, s, q, r
}

// cancelOrder42 cancels all that waits under one cancelKey, and says in short what became of each.
func (w *world) cancelOrder42() (told []string, more bool) {
	w.t.Helper()
	told, next := w.cancelUnder("order-42", "")
	return told, next != ""
}

func (w *world) cancelUnder(cancelKey, cursor string) (told []string, next string) {
	w.t.Helper()
	all, next, err := w.sender.CancelUnder(w.t.Context(), cancelKey, cursor, "ops", ours)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		told = append(told, fmt.Sprintf("%s %s %v", c.Item.ID, c.Item.State, c.Err == nil))
	}
	slices.Sort(told)
	return told, next
}

// ours are all messages but one.
func ours(i delivery.Item) bool { return i.ID != "theirs" }

const underOrder42 = `,"cancelKey":"order-42"`

func TestAllThatWaitsUnderACancelKeyIsCancelled(t *testing.T) {
	t.Parallel()
	w, s, q, _ := keyed(t)
	accept(t, w, q, text(t, "accepted", "Hello", underOrder42))
	accept(t, w, q, text(t, "ahead", "Hello", underOrder42+inTwoDays))
	accept(t, w, q, text(t, "theirs", "Hello", underOrder42+inTwoDays))
	w.deliver(text(t, "queued", "Hello", underOrder42+inTenMinutes))
	w.deliver(text(t, "sent", "Hello", underOrder42))
	w.answers(errNotSent)
	w.deliver(text(t, "waiting", "Hello", underOrder42))
	w.answers(errUnknown)
	w.deliver(text(t, "resent", "Hello", underOrder42+`,"ifUnknown":"resend"`))
	accept(t, w, q, text(t, "other", "Hello", `,"cancelKey":"order-43"`+inTwoDays))
	accept(t, w, q, text(t, "none", "Hello", inTwoDays))
	w.answer = func(context.Context, post) error {
		told, more := w.cancelOrder42()
		want := []string{"accepted cancelled true", "ahead cancelled true", "queued cancelled true", "resent unknown false", "waiting cancelled true"}
		if !slices.Equal(told, want) || more {
			t.Errorf("got %q, want %q", told, want)
		}
		return nil
	}
	w.deliver(text(t, "last", "Hello", underOrder42)) // sent while the others are cancelled, and never one that waits
	if told, more := w.cancelOrder42(); len(told) > 0 || more {
		t.Errorf("again: %q", told)
	}
	if len(s.held) != 3 || w.item("other").State != delivery.Scheduled || w.item("none").State != delivery.Scheduled {
		t.Errorf("%d are still held", len(s.held))
	}
}

func TestWhatIsBeingSentUnderACancelKeyIsSaid(t *testing.T) {
	t.Parallel()
	w, _, _, _ := keyed(t)
	w.answers(errNotSent)
	m := text(t, "a", "Hello", underOrder42)
	w.deliver(m)
	w.clock.advance(time.Hour)
	w.answer = func(context.Context, post) error {
		if told, _ := w.cancelOrder42(); !slices.Equal(told, []string{"a sending false"}) {
			t.Errorf("got %q", told)
		}
		return nil
	}
	w.until(m)
}

// Nothing waits that the register does not know.
func TestWhatCannotBeNotedIsNotWrittenDown(t *testing.T) {
	t.Parallel()
	w, _, q, r := keyed(t)
	r.err = errors.New("no answer")
	if got := w.sender.Accept(t.Context(), text(t, "a", "Hello", underOrder42), q.lanes()); got.Err == nil || len(q.records) != 0 {
		t.Errorf("accepted as %+v", got)
	}
	if _, err := w.try(text(t, "b", "Hello", underOrder42+inTwoDays)); err == nil || !strings.Contains(err.Error(), "message b as scheduled: note its cancelKey") {
		t.Errorf("its record ended with %v", err)
	}
	if _, _, err := w.sender.CancelUnder(t.Context(), "order-42", "", "ops", ours); !errors.Is(err, r.err) {
		t.Errorf("cancelled: %v", err)
	}
	if w.ledger.puts != 0 {
		t.Errorf("%d writes", w.ledger.puts)
	}
}

// A message that was not sent must not be left as one that may have been.
func TestWhatWasTriedWaitsEvenIfItsKeyCannotBeNoted(t *testing.T) {
	t.Parallel()
	w, _, _, r := keyed(t)
	r.err = errors.New("no answer")
	w.answers(errNotSent)
	if _, err := w.try(text(t, "a", "Hello", underOrder42)); !errors.Is(err, r.err) {
		t.Errorf("its record ended with %v, want it to come back with the error", err)
	}
	if got := w.item("a").State; got != delivery.Waiting {
		t.Errorf("it stands as %s", got)
	}
	if r.tries != 3 {
		t.Errorf("its key was to be noted %d times, want 3", r.tries)
	}
}

func TestACancelKeyIsNotedThoughTheInvocationIsToEnd(t *testing.T) {
	t.Parallel()
	w, _, _, _ := keyed(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.answer = func(context.Context, post) error {
		cancel()
		return errNotSent
	}
	if _, err := w.sender.Deliver(ctx, text(t, "a", "Hello", underOrder42)); err != nil {
		t.Fatal(err)
	}
	if told, _ := w.cancelOrder42(); !slices.Equal(told, []string{"a cancelled true"}) {
		t.Errorf("got %q", told)
	}
}

// It was sent at once the first time, and so never waited under its key.
func TestWhatAPersonResendsCanBeCancelledByItsKey(t *testing.T) {
	t.Parallel()
	w, _, q, _ := keyed(t)
	w.answers(errUnknown)
	w.deliver(text(t, "a", "Hello", underOrder42))
	if _, err := w.settle("a", 1, delivery.SettleResend, q); err != nil {
		t.Fatal(err)
	}
	if told, _ := w.cancelOrder42(); !slices.Equal(told, []string{"a cancelled true"}) {
		t.Errorf("got %q", told)
	}
}

// The schedule of the time before fires all the same. What it notes is shorter than what is noted already.
func TestAMovedMessageIsCancelledByItsKeyUntilItsNewTime(t *testing.T) {
	t.Parallel()
	w, _, q, _ := keyed(t)
	w.sender.CancelKeys = &ledger.Memory{}
	m := text(t, "a", "Hello", underOrder42+inTwoDays)
	accept(t, w, q, m)
	if err := w.move("a", start.AddDate(0, 0, 60), q); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(48*time.Hour - time.Minute)
	if got := w.deliver(m); got.Item.State != delivery.Scheduled {
		t.Fatalf("it came to %+v", got)
	}
	w.clock.advance(45 * 24 * time.Hour)
	if told, _ := w.cancelOrder42(); !slices.Equal(told, []string{"a cancelled true"}) {
		t.Errorf("got %q", told)
	}
}

func TestManyUnderOneCancelKeyTakeSeveralCalls(t *testing.T) {
	t.Parallel()
	w, _, q, r := keyed(t)
	r.page = 300
	var all []message.Message
	for i := range 1200 {
		all = append(all, text(t, fmt.Sprint("m", i), "Hello", underOrder42+inTwoDays))
	}
	w.sender.AcceptAll(t.Context(), all, q.lanes())
	cursor := ""
	for i, want := range []int{1000, 200, 0, 0} { // the second time all of them are at rest, and it gets past them
		told, next := w.cancelUnder("order-42", cursor)
		if len(told) != want || (next != "") != (i%2 == 0) {
			t.Errorf("call %d: %d were cancelled, and it goes on at %q; want %d", i, len(told), next, want)
		}
		cursor = next
	}
}

// Whoever is refused, as the id is another message's, does not get that one under a cancelKey of theirs.
func TestACancelKeyIsThatOfTheMessageThatStands(t *testing.T) {
	t.Parallel()
	w, _, q, _ := keyed(t)
	accept(t, w, q, text(t, "a", "Hello", underOrder42+inTwoDays))
	if got := w.sender.Accept(t.Context(), text(t, "a", "Good day", `,"cancelKey":"order-43"`+inTwoDays), q.lanes()); !got.Result.Conflict {
		t.Errorf("other content came to %+v", got)
	}
	if told, _ := w.cancelUnder("order-43", ""); len(told) > 0 || w.item("a").State != delivery.Scheduled {
		t.Errorf("under another key: %q", told)
	}
	if told, _ := w.cancelOrder42(); !slices.Equal(told, []string{"a cancelled true"}) {
		t.Errorf("under its own key: %q", told)
	}
}
