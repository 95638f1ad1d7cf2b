// Package ledgertest is the suite that every [delivery.Ledger] passes. Only tests import it.
package ledgertest

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

// Ledger is what the suite is about.
type Ledger interface {
	delivery.Ledger
	delivery.ProblemLister
}

// start is a whole number of milliseconds, which every ledger can keep.
var start = time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)

// whole has every field filled, so that a field which a ledger forgets is noticed.
func whole(id, revision string) delivery.Item {
	return delivery.Item{
		ID: id, Workspace: "W1", Fingerprint: "1:abc", Revision: revision, State: delivery.Waiting,
		Generation: 2, Step: 1, Attempts: 3, Owner: "owner-1", Lease: start.Add(time.Second),
		NotBefore: start.Add(time.Minute), Resent: true, TakenBack: "run 1", CancelKey: "order-42", Dropped: true, DMLYID: "m-1", DMLYStatus: "success",
		Reason: "später – „zu viele“", Content: []byte("{\"a\":\"\\u0000\"}\x00\xff"),
		Refused: []string{"1:old", "raw:older"},
		History: []delivery.Transition{
			{At: start, State: delivery.Sending, Attempt: 1},
			{At: start.Add(time.Millisecond), State: delivery.Waiting, Reason: "not sent", Attempt: 1},
		},
		ForgetAt: start.Add(time.Hour),
	}
}

// Run runs the suite. open returns an empty ledger.
func Run(t *testing.T, open func(t *testing.T) Ledger) {
	t.Helper()
	RunWithoutList(t, func(t *testing.T) delivery.Ledger {
		t.Helper()
		return open(t)
	})
	run(t, open, map[string]func(*testing.T, Ledger){
		"lists the problems of a state, the oldest first":  listsOldestFirst,
		"lists page by page":                               listsPages,
		"lists no message that was settled or dropped":     forgetsTheSettled,
		"lists a message that is a problem once more":      listsAgain,
		"lists nothing that is forgotten":                  listsNothingForgotten,
		"lists on from where a message was settled":        listsOnFromTheSettled,
		"lists on from another ledger's cursor harmlessly": takesForeignCursors,
		"lists only what there is":                         refusesOtherLists,
	})
}

// RunWithoutList runs the suite for a ledger that lists no problems, as delivery itself needs no more.
func RunWithoutList(t *testing.T, open func(t *testing.T) delivery.Ledger) {
	t.Helper()
	run(t, open, map[string]func(*testing.T, delivery.Ledger){
		"keeps every field":                   keepsEveryField,
		"keeps empty fields empty":            keepsEmptyFields,
		"writes only over what was named":     writesOnlyOverNamed,
		"takes its own lost answer for done":  knowsItsOwnWrite,
		"forgets by time":                     forgetsByTime,
		"ids do not touch each other":         idsAreApart,
		"one of many concurrent writers wins": oneWriterWins,
		"takes ids as they are":               takesAnyID,
		"is linearizable":                     isLinearizable,
	})
}

func run[L any](t *testing.T, open func(t *testing.T) L, tests map[string]func(*testing.T, L)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func put(t *testing.T, l delivery.Ledger, item delivery.Item, over string, now time.Time) (delivery.Item, bool) {
	t.Helper()
	standing, ok, err := l.Put(t.Context(), item, over, now)
	if err != nil {
		t.Fatalf("Put(%s over %q): %v", item.Revision, over, err)
	}
	return standing, ok
}

func get(t *testing.T, l delivery.Ledger, id string, now time.Time) (delivery.Item, bool) {
	t.Helper()
	item, ok, err := l.Get(t.Context(), id, now)
	if err != nil {
		t.Fatalf("Get(%s): %v", id, err)
	}
	return item, ok
}

func same(t *testing.T, got, want delivery.Item) {
	t.Helper()
	if !equal(got, want) {
		t.Errorf("item\n got %+v\nwant %+v", got, want)
	}
}

func equal(a, b delivery.Item) bool { return reflect.DeepEqual(inUTC(a), inUTC(b)) }

// inUTC makes equal instants equal values.
func inUTC(i delivery.Item) delivery.Item {
	i.Lease, i.NotBefore, i.ForgetAt = i.Lease.UTC(), i.NotBefore.UTC(), i.ForgetAt.UTC()
	history := make([]delivery.Transition, len(i.History))
	for n, h := range i.History {
		h.At = h.At.UTC()
		history[n] = h
	}
	i.History = history
	return i
}

func keepsEveryField(t *testing.T, l delivery.Ledger) {
	t.Helper()
	item := whole("fields", "r1")
	if v := reflect.ValueOf(item); true {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Fatalf("the suite leaves %s empty", v.Type().Field(i).Name)
			}
		}
	}
	if _, ok := put(t, l, item, "", start); !ok {
		t.Fatal("the first write was refused")
	}
	got, ok := get(t, l, "fields", start)
	if !ok {
		t.Fatal("it was not found")
	}
	same(t, got, item)
	standing, ok := put(t, l, whole("fields", "r2"), "other", start)
	if ok {
		t.Fatal("a write over another revision was taken")
	}
	same(t, standing, item)
}

func keepsEmptyFields(t *testing.T, l delivery.Ledger) {
	t.Helper()
	item := delivery.Item{ID: "plain", Fingerprint: "1:abc", Revision: "r1", State: delivery.Sending, Generation: 1, ForgetAt: start.Add(time.Hour)}
	put(t, l, item, "", start)
	got, _ := get(t, l, "plain", start)
	same(t, got, item)
	if got.Content != nil || got.Refused != nil || !got.NotBefore.IsZero() || !got.Lease.IsZero() {
		t.Errorf("empty fields came back as %+v", got)
	}
}

func writesOnlyOverNamed(t *testing.T, l delivery.Ledger) {
	t.Helper()
	if standing, ok := put(t, l, whole("named", "r1"), "r0", start); ok || standing.ID != "" {
		t.Errorf("a write over what is not there: ok=%v standing=%+v", ok, standing)
	}
	if _, ok := get(t, l, "named", start); ok {
		t.Error("a refused write left something")
	}
	put(t, l, whole("named", "r1"), "", start)
	if standing, ok := put(t, l, whole("named", "r2"), "", start); ok || standing.Revision != "r1" {
		t.Errorf("a second first write: ok=%v standing=%s", ok, standing.Revision)
	}
	if _, ok := put(t, l, whole("named", "r2"), "r1", start); !ok {
		t.Error("a write over the standing revision was refused")
	}
	if standing, ok := put(t, l, whole("named", "r3"), "r1", start); ok || standing.Revision != "r2" {
		t.Errorf("a write over an older revision: ok=%v standing=%s", ok, standing.Revision)
	}
}

func knowsItsOwnWrite(t *testing.T, l delivery.Ledger) {
	t.Helper()
	put(t, l, whole("own", "r1"), "", start)
	if _, ok := put(t, l, whole("own", "r1"), "", start); !ok {
		t.Error("the same first write, repeated, was refused")
	}
	put(t, l, whole("own", "r2"), "r1", start)
	if _, ok := put(t, l, whole("own", "r2"), "r1", start); !ok {
		t.Error("the same write, repeated, was refused")
	}
	if _, ok := put(t, l, whole("own", "r1"), "", start); ok {
		t.Error("a write that somebody has written over since was taken for done")
	}
}

func forgetsByTime(t *testing.T, l delivery.Ledger) {
	t.Helper()
	item := whole("old", "r1")
	put(t, l, item, "", start)
	for _, tc := range []struct {
		at    time.Time
		found bool
	}{{item.ForgetAt.Add(-time.Millisecond), true}, {item.ForgetAt, false}, {item.ForgetAt.Add(time.Hour), false}} {
		if _, ok := get(t, l, "old", tc.at); ok != tc.found {
			t.Errorf("at %v: found=%v, want %v", tc.at.Sub(start), ok, tc.found)
		}
	}
	if standing, ok := put(t, l, whole("old", "r2"), "r1", item.ForgetAt); ok || standing.ID != "" {
		t.Errorf("a write over what is forgotten: ok=%v standing=%+v", ok, standing)
	}
	if _, ok := put(t, l, whole("old", "r3"), "", item.ForgetAt); !ok {
		t.Error("a first write where something is forgotten was refused")
	}
}

func idsAreApart(t *testing.T, l delivery.Ledger) {
	t.Helper()
	put(t, l, whole("a", "r1"), "", start)
	put(t, l, whole("b", "r2"), "", start)
	if got, _ := get(t, l, "a", start); got.Revision != "r1" {
		t.Errorf("a has revision %s, want r1", got.Revision)
	}
	if _, ok := get(t, l, "c", start); ok {
		t.Error("an id that was never written was found")
	}
}

func oneWriterWins(t *testing.T, l delivery.Ledger) {
	t.Helper()
	const writers = 16
	put(t, l, whole("race", "r0"), "", start)
	var won atomic.Int32
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			_, ok, err := l.Put(t.Context(), whole("race", fmt.Sprintf("w%d", n)), "r0", start)
			if err != nil {
				t.Errorf("writer %d: %v", n, err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d writers won, want 1", n)
	}
}

func takesAnyID(t *testing.T, l delivery.Ledger) {
	t.Helper()
	for _, id := range []string{"order-1042@2026-12-01T08:00:00Z", "conflict:a=b:0f", "A._:@=+-z"} {
		put(t, l, whole(id, "r1"), "", start)
		if got, ok := get(t, l, id, start); !ok || got.ID != id {
			t.Errorf("%s came back as %q (found %v)", id, got.ID, ok)
		}
	}
}
