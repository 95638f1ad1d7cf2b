package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// What is tested here went wrong in public in AWS Lambda Powertools, the library that teams use elsewhere to do a thing once.
// Each test names the issue. Two more, which concern a batch's answer, stand beside the worker.

// In python#8049 a function that timed out left its lock in progress, with the time-out as its end; the next try took the
// lock over, and the effect was repeated.
func TestPowertoolsPython8049TheEffectIsNotRepeatedAfterATimeOut(t *testing.T) {
	t.Parallel()
	for name, timeOut := range map[string]func(*world){
		"of the post": func(w *world) {
			w.answer = func(ctx context.Context, _ post) error {
				<-ctx.Done()
				return &dmly.UnknownError{Failure: dmly.Failure{Err: ctx.Err()}}
			}
		},
		"of the function, after the post":  func(w *world) { w.ledger.fail = failOnce(delivery.Sent) },
		"of the function, before the post": func(w *world) { w.ledger.lose = failOnce(delivery.Sending) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				timeOut(w)
				m := text(t, "a", "Hello", "")
				for range 10 {
					_, err := w.try(m)
					if err != nil && !errors.Is(err, errLedger) {
						t.Fatal(err)
					}
					w.clock.advance(time.Hour)
				}
				posts := 1
				if name == "of the function, before the post" {
					posts = 0 // nobody but the one that is gone can know
				}
				if got := w.item("a"); got.State != delivery.Unknown || got.Content == nil || len(w.posted()) != posts {
					t.Errorf("%s after %d posts, want %s after %d", got.State, len(w.posted()), delivery.Unknown, posts)
				}
			})
		})
	}
}

// duplicates are what can come under the id of a message that is under way or done, and must not touch it.
var duplicates = map[string]func(*testing.T, *world) (done bool){
	"the same record": func(t *testing.T, w *world) bool {
		t.Helper()
		return w.deliver(text(t, "a", "Hello", "")).Done
	},
	"the same record, looked up": func(t *testing.T, w *world) bool {
		t.Helper()
		return w.recheck(text(t, "a", "Hello", "")).Done
	},
	"the same over HTTP": func(t *testing.T, w *world) bool {
		t.Helper()
		return accept(t, w, &shelf{}, text(t, "a", "Hello", "")).Done
	},
	"other content": func(t *testing.T, w *world) bool {
		t.Helper()
		return w.deliver(text(t, "a", "Goodbye", "")).Conflict
	},
	"no message at all": func(t *testing.T, w *world) bool {
		t.Helper()
		result, err := w.sender.Refuse(w.invocation(), message.Message{ID: "a"}, []byte(`{"id":"a"`), errors.New("it is cut off"))
		if err != nil {
			t.Error(err)
		}
		return result.Conflict
	},
	"a person who drops it": func(t *testing.T, w *world) bool {
		t.Helper()
		_, err := w.sender.Settle(w.invocation(), "a", 1, delivery.SettleDrop, "somebody", nil)
		return errors.Is(err, delivery.ErrNotSettled)
	},
}

// In typescript#5675 a duplicate that was turned away deleted the lock of the one that was still at work, so that a third one
// went ahead; one with other content deleted the record of what was done.
func TestPowertoolsTypeScript5675ARejectedDuplicateLeavesTheOwnersClaimAlone(t *testing.T) {
	t.Parallel()
	for name, duplicate := range duplicates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			meanwhile := func(when string) (done bool) {
				before := w.item("a")
				done = duplicate(t, w)
				if after := w.item("a"); !reflect.DeepEqual(after, before) {
					t.Errorf("%s it changed the item\nfrom %+v\n  to %+v", when, before, after)
				}
				return done
			}
			w.answer = func(context.Context, post) error {
				w.answer = nil // the duplicate's own post would be taken
				meanwhile("while it is under way")
				return nil
			}
			m := text(t, "a", "Hello", "")
			if result := w.deliver(m); result.Item.State != delivery.Sent || !result.Done {
				t.Errorf("the owner: %+v", result)
			}
			if !meanwhile("when it is done") {
				t.Error("when it is done, the duplicate comes again")
			}
			if again := w.deliver(m); !again.Done || len(w.posted()) != 1 {
				t.Errorf("a third one: %+v after %d posts", again, len(w.posted()))
			}
		})
	}
}

// In typescript#5715 the key was computed anew from the input after the handler had run; where the handler had changed it, the
// result was kept under a key that nobody looks up, and the effect could be repeated.
func TestPowertoolsTypeScript5715WhatTheSendingChangesDoesNotChangeTheKey(t *testing.T) {
	t.Parallel()
	const more = `,"passthrough":{"note":"x"}`
	tests := map[string]func(t *testing.T, w *world) error{
		"in the record's body": func(t *testing.T, w *world) error {
			t.Helper()
			m := text(t, "a", "Hello", more)
			body, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			w.answer = func(context.Context, post) error {
				for i := range body {
					body[i] = 'x'
				}
				return errUnknown
			}
			_, err = w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: body}, "sqs-1", message.Defaults{})
			return err
		},
		"in the message": func(t *testing.T, w *world) error {
			t.Helper()
			m := text(t, "a", "Hello", more)
			w.answer = func(context.Context, post) error {
				clear(m.Passthrough)
				m.Passthrough["processed"] = []byte(`true`)
				return errUnknown
			}
			_, err := w.try(m)
			return err
		},
	}
	for name, deliver := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := deliver(t, w); err != nil {
				t.Fatal(err)
			}
			m := text(t, "a", "Hello", more)
			want, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if got := w.item("a"); got.State != delivery.Unknown || string(got.Content) != string(want) {
				t.Errorf("%s, with the content %s\nwant %s", got.State, got.Content, want)
			}
			if again := w.deliver(m); !again.Done || again.Conflict || len(w.posted()) != 1 {
				t.Errorf("the second time: %+v after %d posts", again, len(w.posted()))
			}
		})
	}
}

// In typescript#2058 a payload that was not the one under the same key was no longer noticed: the check was left out where the item
// came back with the failed condition instead of being read.
func TestPowertoolsTypeScript2058OtherContentIsNoticedOnEveryPath(t *testing.T) {
	t.Parallel()
	states := map[delivery.State]func(*testing.T, *world, message.Message){
		delivery.Accepted: func(t *testing.T, w *world, m message.Message) { t.Helper(); accept(t, w, &shelf{}, m) },
		delivery.Sending: func(_ *testing.T, w *world, m message.Message) {
			w.ledger.fail = failOnce(delivery.Sent)
			_, _ = w.try(m)
		},
		delivery.Waiting: func(_ *testing.T, w *world, m message.Message) { w.answers(errNotSent); w.deliver(m) },
		delivery.Sent:    func(_ *testing.T, w *world, m message.Message) { w.deliver(m) },
		delivery.Unknown: func(_ *testing.T, w *world, m message.Message) { w.answers(errUnknown); w.deliver(m) },
	}
	paths := map[string]func(*testing.T, *world, message.Message) delivery.Result{
		"claimed":     func(_ *testing.T, w *world, m message.Message) delivery.Result { return w.deliver(m) },
		"read before": func(_ *testing.T, w *world, m message.Message) delivery.Result { return w.recheck(m) },
		"accepted": func(t *testing.T, w *world, m message.Message) delivery.Result {
			t.Helper()
			return accept(t, w, &shelf{}, m)
		},
		"only looked up": func(t *testing.T, w *world, m message.Message) delivery.Result {
			t.Helper()
			result, err := w.sender.Look(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			return result
		},
	}
	for state, reach := range states {
		for path, bring := range paths {
			t.Run(fmt.Sprintf("%s, %s", state, path), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				reach(t, w, text(t, "a", "Hello", ""))
				before, posts := w.item("a"), len(w.posted())
				if before.State != state {
					t.Fatalf("it stands as %s", before.State)
				}
				w.answers(nil)
				if result := bring(t, w, text(t, "a", "Goodbye", "")); !result.Conflict {
					t.Errorf("not noticed: %+v", result)
				}
				if after := w.item("a"); !reflect.DeepEqual(after, before) || len(w.posted()) != posts {
					t.Errorf("after %d further posts it stands as %+v", len(w.posted())-posts, after)
				}
			})
		}
	}
}

// In python#4759 no time left, 0 ms, was read as not known, and the lock that was taken then had no end.
func TestPowertoolsPython4759NoTimeLeftIsNotUnlimitedTime(t *testing.T) {
	t.Parallel()
	for name, deadline := range map[string]time.Time{
		"none":                      start,
		"less than none":            start.Add(-680 * time.Millisecond),
		"a deadline of zero":        {},
		"too little to be finished": start.Add(4999 * time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := text(t, "a", "Hello", "")
			result, err := w.sender.Deliver(deadlineContext{t.Context(), deadline}, m)
			if err != nil || result.Done || !result.RetryAt.After(start) {
				t.Errorf("got %+v, %v, want it to come back", result, err)
			}
			if w.ledger.puts != 0 || len(w.posted()) != 0 {
				t.Errorf("%d writes, %d posts, want none", w.ledger.puts, len(w.posted()))
			}
			if again := w.until(m); again.Item.State != delivery.Sent || len(w.posted()) != 1 {
				t.Errorf("with time: %s after %d posts", again.Item.State, len(w.posted()))
			}
		})
	}
	t.Run("not known", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var lease time.Time
		w.answer = func(context.Context, post) error {
			lease = w.item("a").Lease
			return nil
		}
		if _, err := w.sender.Deliver(t.Context(), text(t, "a", "Hello", "")); err != nil || !lease.Equal(start.Add(20*time.Second)) {
			t.Errorf("the claim ends at %v, %v", lease, err)
		}
	})
}
