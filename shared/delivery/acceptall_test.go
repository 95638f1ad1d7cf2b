package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// shelves are the queues of both lanes.
type shelves map[delivery.Lane]*shelf

func newShelves() shelves { return shelves{delivery.NormalLane: {}, delivery.BulkLane: {}} }

func (s shelves) lane(lane delivery.Lane) delivery.Queue { return s[lane] }

// holds fails the test if other records stand there than of these messages, or they came in more than one call.
func (s shelves) holds(t *testing.T, lane delivery.Lane, ids ...string) {
	t.Helper()
	var got []string
	for _, r := range s[lane].records {
		got = append(got, r.ID)
	}
	if !slices.Equal(got, ids) || s[lane].calls > 1 {
		t.Errorf("on the %s lane are %q, in %d calls, want %q", lane, got, s[lane].calls, ids)
	}
}

// acceptAll accepts the messages, and says in short what became of each.
func (w *world) acceptAll(q shelves, messages ...message.Message) (all []string) {
	w.t.Helper()
	for _, a := range w.sender.AcceptAll(w.t.Context(), messages, q.lane) {
		told := string(a.Result.Item.State)
		switch {
		case a.Err != nil:
			told = "error"
		case a.Result.Conflict:
			told = "conflict"
		case a.Known && a.Result.Done:
			told += ", known and done"
		case a.Known:
			told += ", known"
		}
		all = append(all, told)
	}
	return all
}

const bulk = `,"priority":"bulk"`

func TestSeveralMessagesAreAcceptedInOneCallOfEachQueue(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), newShelves()
	w.deliver(text(t, "sent", "Hello", ""))
	w.answers(errRejected)
	w.deliver(text(t, "corrected", "Helo", ""))
	accept(t, w, &shelf{}, text(t, "known", "Hello", ""))
	large := `{"channel":"telegram","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"textMessage":"x","passthrough":{"p":"`
	tooLarge := decode(t, large+strings.Repeat("x", message.MaxBytes-len(large)-len(`"}}`))+`"}}`)
	tooLarge.ID = "large"

	got := w.acceptAll(q, text(t, "new", "Hello", ""), text(t, "sent", "Hello", bulk), text(t, "bulk", "Hello", bulk), tooLarge,
		text(t, "sent", "Goodbye", bulk), text(t, "corrected", "Hello", ""), text(t, "known", "Hello", bulk))
	want := []string{"accepted", "sent, known and done", "accepted", "error", "conflict", "accepted", "accepted, known"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	q.holds(t, delivery.NormalLane, "new", "corrected")
	q.holds(t, delivery.BulkLane, "bulk", "known")
	if again := w.acceptAll(newShelves()); len(again) != 0 {
		t.Errorf("of none: %q", again)
	}
}

func TestMessagesOfOneIDAreTakenInTheirOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stands string // what was rejected before
		texts  []string
		want   []string
		queued int
	}{
		"the same":                       {"", []string{"A", "A", "A"}, []string{"accepted", "accepted, known", "accepted, known"}, 1},
		"others":                         {"", []string{"A", "B", "A", "C"}, []string{"accepted", "conflict", "accepted, known", "conflict"}, 1},
		"two corrections":                {"X", []string{"A", "B"}, []string{"accepted", "conflict"}, 1},
		"a correction twice":             {"X", []string{"A", "A"}, []string{"accepted", "accepted, known"}, 1},
		"what was refused, then another": {"X", []string{"X", "B"}, []string{"rejected, known and done", "accepted"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), newShelves()
			if tc.stands != "" {
				w.answers(errRejected, nil)
				w.deliver(text(t, "a", tc.stands, ""))
			}
			var messages []message.Message
			for i, words := range tc.texts {
				messages = append(messages, text(t, "a", words, ""), text(t, fmt.Sprint("other-", i), "Hello", ""))
			}
			var got []string
			for i, told := range w.acceptAll(q, messages...) {
				if i%2 == 0 {
					got = append(got, told)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			q[delivery.NormalLane].records = slices.DeleteFunc(q[delivery.NormalLane].records, func(r delivery.Record) bool { return r.ID != "a" })
			if n := len(q[delivery.NormalLane].records); n != tc.queued {
				t.Errorf("%d records, want %d", n, tc.queued)
			}
			if sent := w.come(q[delivery.NormalLane]); sent[0].Item.State != delivery.Sent {
				t.Errorf("it came to %+v", sent[0])
			}
		})
	}
}

// Whether the second one is a conflict depends on what became of the first.
func TestAnErrorIsThatOfAllThatFollowUnderTheID(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), newShelves()
	w.ledger.fail = failFor(3)
	if got, want := w.acceptAll(q, text(t, "a", "A", ""), text(t, "a", "A", ""), text(t, "a", "B", "")), []string{"error", "error", "error"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := w.acceptAll(q, text(t, "a", "A", ""), text(t, "a", "A", ""), text(t, "a", "B", "")), []string{"accepted", "accepted, known", "conflict"}; !slices.Equal(got, want) {
		t.Errorf("again: got %q, want %q", got, want)
	}
}

func TestAQueueThatFailsFailsItsLaneAlone(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), newShelves()
	w.deliver(text(t, "sent", "Hello", ""))
	q[delivery.BulkLane].err = fmt.Errorf("no answer: %w", delivery.ErrThrottled)
	messages := []message.Message{text(t, "a", "A", bulk), text(t, "b", "B", ""), text(t, "a", "A", bulk), text(t, "sent", "Hello", bulk), text(t, "a", "B", bulk)}
	if got, want := w.acceptAll(q, messages...), []string{"error", "accepted", "error", "sent, known and done", "conflict"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	failed := w.sender.Accept(t.Context(), messages[0], q.lane)
	if !errors.Is(failed.Err, delivery.ErrThrottled) || !strings.Contains(failed.Err.Error(), "queue message a") {
		t.Errorf("the error is %v", failed.Err)
	}
	q[delivery.BulkLane] = &shelf{}
	if got, want := w.acceptAll(q, messages...), []string{"accepted, known", "accepted, known", "accepted, known", "sent, known and done", "conflict"}; !slices.Equal(got, want) {
		t.Errorf("again: got %q, want %q", got, want)
	}
	q.holds(t, delivery.BulkLane, "a")
}

func TestAtMostTenMessagesAreWrittenAtTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, q := newWorld(t), newShelves()
		var mu sync.Mutex
		writing, most := 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			writing += n
			most = max(most, writing)
		}
		w.ledger.fail = func(delivery.Item) error {
			count(1)
			defer count(-1)
			return delivery.SystemClock{}.Sleep(t.Context(), time.Second)
		}
		var messages []message.Message
		var ids []string
		for i := range 25 {
			ids = append(ids, fmt.Sprint("m", i))
			messages = append(messages, text(t, ids[i], "Hello", ""))
		}
		begun := time.Now()
		w.acceptAll(q, messages...)
		if took := time.Since(begun); most != 10 || took != 3*time.Second {
			t.Errorf("%d at the same time, within %v, want 10 within 3 s", most, took)
		}
		q.holds(t, delivery.NormalLane, ids...)
	})
}

func TestNothingMoreIsAcceptedWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), newShelves()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := w.sender.Accept(ctx, text(t, "a", "Hello", ""), q.lane)
	if !errors.Is(got.Err, context.Canceled) || w.ledger.puts != 0 || q[delivery.NormalLane].calls != 0 {
		t.Errorf("got %+v after %d writes", got, w.ledger.puts)
	}
}

func TestALedgerThatIsThrottledIsToldFromOneThatIsBroken(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), newShelves()
	accept(t, w, &shelf{}, text(t, "accepted", "Hello", ""))
	w.answers(errUnknown)
	w.deliver(text(t, "unknown", "Hello", ""))
	throttled := fmt.Errorf("write it: %w", delivery.ErrThrottled)
	w.ledger.fail = func(delivery.Item) error { return throttled }
	_, cancelErr := w.cancel("accepted")
	_, settleErr := w.settle("unknown", 1, delivery.SettleSent, &shelf{})
	_, deliverErr := w.try(text(t, "new", "Hello", ""))
	sender := *w.sender
	sender.Ledger = unreadable{w.ledger, throttled}
	_, lookErr := sender.Look(t.Context(), text(t, "new", "Hello", ""))
	for of, err := range map[string]error{
		"Accept": w.sender.Accept(t.Context(), text(t, "new", "Hello", ""), q.lane).Err,
		"Cancel": cancelErr, "Settle": settleErr, "Deliver": deliverErr, "Look": lookErr,
	} {
		if !errors.Is(err, delivery.ErrThrottled) {
			t.Errorf("%s: %v", of, err)
		}
	}
}

// unreadable is a ledger that answers no question.
type unreadable struct {
	delivery.Ledger
	err error
}

func (u unreadable) Get(context.Context, string, time.Time) (delivery.Item, bool, error) {
	return delivery.Item{}, false, u.err
}

// brokenLedger fails as no ledger should.
type brokenLedger struct{ delivery.Ledger }

func (l brokenLedger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	if item.ID == "broken" {
		panic("personal")
	}
	return l.Ledger.Put(ctx, item, over, now)
}

func TestAPanicIsThatOfOneMessageAlone(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), newShelves()
	w.sender.Ledger = brokenLedger{w.sender.Ledger}
	got := w.acceptAll(q, text(t, "a", "A", ""), text(t, "broken", "B", ""), text(t, "c", "C", ""))
	if want := []string{"accepted", "error", "accepted"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(q[delivery.NormalLane].records); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}
