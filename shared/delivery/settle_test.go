package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// settle has ops settle the generation of a message.
func (w *world) settle(id string, generation int, as delivery.Settlement, q *shelf) (delivery.Item, error) {
	w.t.Helper()
	return w.sender.Settle(w.t.Context(), id, generation, as, "ops", q.lanes())
}

// come delivers what stands on the shelf, in order, and takes it away.
func (w *world) come(q *shelf) (results []delivery.Result) {
	w.t.Helper()
	for _, r := range q.records {
		result, err := w.sender.DeliverRecord(w.invocation(), r, "sqs-1", message.Defaults{})
		if err != nil {
			w.t.Fatal(err)
		}
		results = append(results, result)
	}
	q.records = nil
	return results
}

func TestAnUnknownMessageIsSettledInThreeWays(t *testing.T) {
	t.Parallel()
	for as, want := range map[delivery.Settlement]struct {
		state      delivery.State
		generation int
		attention  bool
		content    bool
		posts      int
	}{
		delivery.SettleSent:   {delivery.Sent, 1, false, false, 1},
		delivery.SettleDrop:   {delivery.Unknown, 1, false, false, 1},
		delivery.SettleResend: {delivery.Sent, 2, false, false, 2},
	} {
		t.Run(string(as), func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			w.answers(errUnknown, nil)
			if first := w.deliver(text(t, "a", "Hello", "")); !first.Item.NeedsAttention() {
				t.Fatalf("it rests as %s and needs no attention", first.Item.State)
			}
			if _, err := w.settle("a", 1, as, q); err != nil {
				t.Fatal(err)
			}
			w.come(q)
			got := w.item("a")
			if got.State != want.state || got.Generation != want.generation || got.NeedsAttention() != want.attention || (got.Content != nil) != want.content || len(w.posted()) != want.posts {
				t.Errorf("it stands as %+v after %d posts", got, len(w.posted()))
			}
			if !slices.ContainsFunc(got.History, func(h delivery.Transition) bool { return strings.Contains(h.Reason, "by ops") }) {
				t.Errorf("the history does not say who settled it: %+v", got.History)
			}
		})
	}
}

// Over HTTP it is a key that settles, and cancels.
func TestTheHistoryNamesWhoDecidedAsTheyAreCalled(t *testing.T) {
	t.Parallel()
	const by = `key "orders"`
	for name, decide := range map[string]func(w *world, q *shelf) (delivery.Item, error){
		"settled as sent by": func(w *world, q *shelf) (delivery.Item, error) {
			return w.sender.Settle(w.t.Context(), "unknown", 1, delivery.SettleSent, by, q.lanes())
		},
		"to be sent again, ordered by": func(w *world, q *shelf) (delivery.Item, error) {
			return w.sender.Settle(w.t.Context(), "unknown", 1, delivery.SettleResend, by, q.lanes())
		},
		"dropped by": func(w *world, q *shelf) (delivery.Item, error) {
			return w.sender.Settle(w.t.Context(), "unknown", 1, delivery.SettleDrop, by, q.lanes())
		},
		"cancelled by": func(w *world, _ *shelf) (delivery.Item, error) {
			return w.sender.Cancel(w.t.Context(), "accepted", by)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			w.answers(errUnknown)
			w.deliver(text(t, "unknown", "Hello", ""))
			accept(t, w, q, text(t, "accepted", "Hello", ""))
			got, err := decide(w, q)
			if err != nil {
				t.Fatal(err)
			}
			if last := got.History[len(got.History)-1]; last.Reason != name+" "+by {
				t.Errorf("the history ends with %q", last.Reason)
			}
		})
	}
}

func TestWhatCannotBeSettledSaysWhy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer error
		as     delivery.Settlement
		want   string
	}{
		"sent":              {nil, delivery.SettleResend, `a message that is sent cannot be settled as "resend"`},
		"rejected":          {errRejected, delivery.SettleResend, "mended, and sent again under the same id"},
		"rejected, as sent": {errRejected, delivery.SettleSent, "only an unknown one can"},
		"no settlement":     {errUnknown, "burn", `there are "sent", "resend" and "drop"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			w.answers(tc.answer)
			before := w.deliver(text(t, "a", "Hello", "")).Item
			_, err := w.settle("a", 1, tc.as, q)
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, delivery.ErrNotSettled) == (tc.as == "burn") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if got := w.item("a"); got.Revision != before.Revision || len(q.records) != 0 {
				t.Errorf("it changed to %+v, with %d records", got, len(q.records))
			}
		})
	}
	w := newWorld(t)
	w.answers(errUnknown)
	w.deliver(text(t, "a", "Hello", ""))
	if _, err := w.settle("a", 2, delivery.SettleSent, &shelf{}); !errors.Is(err, delivery.ErrNotSettled) || !strings.Contains(err.Error(), "no generation 2 yet") {
		t.Errorf("a generation that is not there: %v", err)
	}
	if _, err := w.settle("nobody", 1, delivery.SettleDrop, &shelf{}); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
}

func TestWhatWasDroppedSaysSo(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	w.answers(errUnknown)
	w.deliver(text(t, "a", "Hello", ""))
	if _, err := w.settle("a", 1, delivery.SettleDrop, q); err != nil {
		t.Fatal(err)
	}
	before := w.item("a")
	if again, err := w.settle("a", 1, delivery.SettleDrop, q); err != nil || again.Revision != before.Revision {
		t.Errorf("dropped twice: got %v and %v, want what stands", again, err)
	}
	for _, as := range []delivery.Settlement{delivery.SettleSent, delivery.SettleResend} {
		_, err := w.settle("a", 1, as, q)
		if !errors.Is(err, delivery.ErrNotSettled) || !strings.Contains(err.Error(), "a message that was dropped cannot be settled as") {
			t.Errorf("as %s: got %v", as, err)
		}
	}
	if len(q.records) != 0 {
		t.Errorf("%d records were queued", len(q.records))
	}
}

// Whoever is not told that the order was taken gives it again, and it may have been carried out meanwhile.
func TestAnOrderThatIsGivenTwiceSendsOnce(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	w.answers(errUnknown, errUnknown, nil)
	w.deliver(text(t, "a", "Hello", ""))
	w.ledger.fail = failOnce(delivery.Accepted)
	if _, err := w.settle("a", 1, delivery.SettleResend, q); !errors.Is(err, errLedger) || len(q.records) != 1 {
		t.Fatalf("err = %v, %d records", err, len(q.records))
	}
	if results := w.come(q); results[0].Item.State != delivery.Unknown || results[0].Item.Generation != 2 {
		t.Fatalf("the order's record alone came to %+v", results[0].Item)
	}
	got, err := w.settle("a", 1, delivery.SettleResend, q)
	if err != nil || got.Generation != 2 || got.State != delivery.Unknown || len(q.records) != 0 {
		t.Errorf("given again: %+v, %v, %d records", got, err, len(q.records))
	}
	if n := len(w.posted()); n != 2 {
		t.Errorf("%d posts, want 2", n)
	}
}

// The order stands on the queue alone, as its write failed; then its giver thinks better of it.
func TestWhatIsDroppedIsNotSentByAnEarlierOrder(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	w.answers(errUnknown, nil)
	w.deliver(text(t, "a", "Hello", ""))
	w.ledger.fail = failOnce(delivery.Accepted)
	if _, err := w.settle("a", 1, delivery.SettleResend, q); err == nil {
		t.Fatal("the order was written")
	}
	if dropped, err := w.settle("a", 1, delivery.SettleDrop, q); err != nil || !dropped.Dropped {
		t.Fatalf("dropped: %+v, %v", dropped, err)
	}
	if late := w.come(q)[0]; !late.Done || len(w.posted()) != 1 {
		t.Errorf("the order came to %+v after %d posts", late, len(w.posted()))
	}
}

func TestWhatCouldNotGoInTimeCannotBeResent(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"it has expired":                  `,"expiresAt":"2026-11-23T12:10:00Z"`,
		"its hours come after it expires": `,"expiresAt":"2026-11-23T22:00:00Z","deliverWithin":{"from":"09:00","to":"13:00","timezone":"UTC"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			w.answers(errUnknown)
			w.deliver(text(t, "a", "Hello", more))
			w.clock.advance(2 * time.Hour)
			_, err := w.settle("a", 1, delivery.SettleResend, q)
			if !errors.Is(err, delivery.ErrNotSettled) || !strings.Contains(err.Error(), "before its expiresAt") || len(q.records) != 0 {
				t.Errorf("got %v, %d records", err, len(q.records))
			}
			if got := w.item("a"); !got.NeedsAttention() || got.State != delivery.Unknown {
				t.Errorf("it stands as %+v", got)
			}
		})
	}
}

func TestRecordsOfAnEarlierGenerationAreAcknowledgedUnsent(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	w.answers(errUnknown, errUnknown, nil)
	w.deliver(text(t, "a", "Hello", ""))
	if _, err := w.settle("a", 1, delivery.SettleResend, q); err != nil {
		t.Fatal(err)
	}
	second := slices.Clone(q.records)
	w.come(q) // the second generation is unknown, too
	if _, err := w.settle("a", 2, delivery.SettleResend, q); err != nil {
		t.Fatal(err)
	}
	if late := w.come(&shelf{records: second})[0]; !late.Done || late.Item.Generation != 3 || len(w.posted()) != 2 {
		t.Errorf("the second order, come again: %+v after %d posts", late, len(w.posted()))
	}
	if third := w.come(q)[0]; third.Item.State != delivery.Sent || len(w.posted()) != 3 {
		t.Errorf("the third: %+v after %d posts", third, len(w.posted()))
	}
}

// A slow owner of an earlier generation does not touch the next one, wherever that stands.
func TestASlowOwnerLeavesTheNextGenerationAlone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		second error
		come   bool
		state  delivery.State
	}{
		"before it is claimed": {nil, false, delivery.Accepted},
		"unknown as well":      {errUnknown, true, delivery.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &shelf{}
			m := text(t, "a", "Hello", "")
			w.answer = func(context.Context, post) error {
				w.answers(tc.second)
				w.clock.advance(time.Minute)
				w.deliver(m) // it is unknown now
				if _, err := w.settle("a", 1, delivery.SettleResend, q); err != nil {
					t.Error(err)
				}
				if tc.come {
					w.come(q)
				}
				return nil
			}
			w.deliver(m)
			if got := w.item("a"); got.State != tc.state || got.Generation != 2 || got.DMLYID != "" {
				t.Errorf("it stands as %+v", got)
			}
		})
	}
}
