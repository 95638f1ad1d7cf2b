package ledgertest

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
)

// problem is a message that has stood in the state since so many seconds after the start.
func problem(id, revision string, state delivery.State, seconds int) delivery.Item {
	item := whole(id, revision)
	item.State, item.Dropped = state, false
	at := start.Add(time.Duration(seconds) * time.Second)
	item.History = append(item.History, delivery.Transition{At: at, State: state, Reason: "502", Attempt: 3})
	return item
}

// write puts items where nothing stands, or over what stands.
func write(t *testing.T, l Ledger, items ...delivery.Item) {
	t.Helper()
	for _, item := range items {
		standing, _ := get(t, l, item.ID, start)
		if _, ok := put(t, l, item, standing.Revision, start); !ok {
			t.Fatalf("the write of %s was refused", item.ID)
		}
	}
}

// pages lists all problems of a state, n at once, as the revisions of each page.
func pages(t *testing.T, l Ledger, state delivery.State, n int, now time.Time) (all [][]string, items []delivery.Item) {
	t.Helper()
	cursor := ""
	for {
		page, next, err := l.Problems(t.Context(), state, n, cursor, now)
		if err != nil {
			t.Fatalf("Problems(%s, %d, %q): %v", state, n, cursor, err)
		}
		all, items = append(all, revisions(page)), append(items, page...)
		if next == "" {
			return all, items
		}
		if len(all) > 100 || next == cursor {
			t.Fatalf("the list does not end: %q", all)
		}
		cursor = next
	}
}

func revisions(items []delivery.Item) []string {
	got := make([]string, len(items))
	for i, item := range items {
		got[i] = item.ID + " " + item.Revision
	}
	return got
}

// lists waits until the list has these pages.
func lists(t *testing.T, l Ledger, state delivery.State, n int, now time.Time, want ...[]string) (items []delivery.Item) {
	t.Helper()
	eventually(t, func() (got [][]string, ok bool) {
		got, items = pages(t, l, state, n, now)
		return got, slices.EqualFunc(got, want, slices.Equal)
	}, want)
	return items
}

// eventually asks until the answer is right: the list may follow the ledger with a delay.
func eventually(t *testing.T, ask func() (got [][]string, ok bool), want [][]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		got, ok := ask()
		if ok {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("the list\n got %q\nwant %q", got, want)
		}
	}
}

func listsOldestFirst(t *testing.T, l Ledger) {
	t.Helper()
	const n = 10
	waiting, dropped := whole("waiting", "r1"), problem("dropped", "r1", delivery.Unknown, 0)
	waiting.Dropped, dropped.Dropped = false, true
	want := problem("c", "r1", delivery.Unknown, 1)
	write(t, l, problem("a", "r1", delivery.Unknown, 3), problem("b", "r1", delivery.Unknown, 2), want,
		problem("d", "r1", delivery.Rejected, 1), problem("e", "r1", delivery.Failed, 1), waiting, dropped)
	items := lists(t, l, delivery.Unknown, n, start, []string{"c r1", "b r1", "a r1"})
	same(t, items[0], want)
	lists(t, l, delivery.Rejected, n, start, []string{"d r1"})
	lists(t, l, delivery.Failed, n, start, []string{"e r1"})
}

func listsPages(t *testing.T, l Ledger) {
	t.Helper()
	lists(t, l, delivery.Failed, 2, start, []string{})
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		write(t, l, problem(id, "r1", delivery.Failed, i))
	}
	lists(t, l, delivery.Failed, 2, start, []string{"a r1", "b r1"}, []string{"c r1", "d r1"}, []string{"e r1"})
	lists(t, l, delivery.Failed, 4, start, []string{"a r1", "b r1", "c r1", "d r1"}, []string{"e r1"})
	lists(t, l, delivery.Failed, 5, start, []string{"a r1", "b r1", "c r1", "d r1", "e r1"})
	lists(t, l, delivery.Failed, 100, start, []string{"a r1", "b r1", "c r1", "d r1", "e r1"})

	// Those of one moment come in any order, each of them once.
	want := []string{"v r1", "w r1", "x r1", "y r1", "z r1"}
	for _, id := range []string{"v", "w", "x", "y", "z"} {
		write(t, l, problem(id, "r1", delivery.Rejected, 1))
	}
	eventually(t, func() (got [][]string, ok bool) {
		got, items := pages(t, l, delivery.Rejected, 2, start)
		all := revisions(items)
		slices.Sort(all)
		return got, slices.Equal(all, want)
	}, [][]string{want})
}

func forgetsTheSettled(t *testing.T, l Ledger) {
	t.Helper()
	write(t, l, problem("a", "r1", delivery.Unknown, 1), problem("b", "r1", delivery.Unknown, 2), problem("c", "r1", delivery.Unknown, 3))
	lists(t, l, delivery.Unknown, 10, start, []string{"a r1", "b r1", "c r1"})

	dropped := problem("c", "r2", delivery.Unknown, 5)
	dropped.Dropped = true
	write(t, l, problem("a", "r2", delivery.Sent, 4), dropped)
	lists(t, l, delivery.Unknown, 10, start, []string{"b r1"})
}

func listsAgain(t *testing.T, l Ledger) {
	t.Helper()
	write(t, l, problem("a", "r1", delivery.Unknown, 1), problem("b", "r1", delivery.Failed, 2))
	lists(t, l, delivery.Unknown, 10, start, []string{"a r1"})
	write(t, l, problem("a", "r2", delivery.Accepted, 3))
	lists(t, l, delivery.Unknown, 10, start, []string{})
	write(t, l, problem("a", "r3", delivery.Sending, 4), problem("a", "r4", delivery.Failed, 5))
	lists(t, l, delivery.Failed, 10, start, []string{"b r1", "a r4"})
	lists(t, l, delivery.Unknown, 10, start, []string{})
}

func listsNothingForgotten(t *testing.T, l Ledger) {
	t.Helper()
	for i, id := range []string{"a", "b", "c", "d", "e", "f"} {
		item := problem(id, "r1", delivery.Rejected, i)
		if i%3 == 2 {
			item.ForgetAt = item.ForgetAt.Add(time.Minute)
		}
		write(t, l, item)
	}
	over := start.Add(time.Hour)
	lists(t, l, delivery.Rejected, 100, over.Add(-time.Millisecond), []string{"a r1", "b r1", "c r1", "d r1", "e r1", "f r1"})
	lists(t, l, delivery.Rejected, 2, over, []string{"c r1", "f r1"})
	lists(t, l, delivery.Rejected, 1, over, []string{"c r1"}, []string{"f r1"})
	lists(t, l, delivery.Rejected, 2, over.Add(time.Minute), []string{})
}

func listsOnFromTheSettled(t *testing.T, l Ledger) {
	t.Helper()
	for i, id := range []string{"a", "b", "c", "d"} {
		write(t, l, problem(id, "r1", delivery.Unknown, i))
	}
	lists(t, l, delivery.Unknown, 2, start, []string{"a r1", "b r1"}, []string{"c r1", "d r1"})
	_, cursor, err := l.Problems(t.Context(), delivery.Unknown, 2, "", start)
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, problem("b", "r2", delivery.Sent, 5))
	lists(t, l, delivery.Unknown, 10, start, []string{"a r1", "c r1", "d r1"})
	page, next, err := l.Problems(t.Context(), delivery.Unknown, 2, cursor, start)
	if got := revisions(page); err != nil || next != "" || !slices.Equal(got, []string{"c r1", "d r1"}) {
		t.Errorf("got %q, next %q, %v", got, next, err)
	}
}

// takesForeignCursors lets a ledger refuse what another one gave; if it takes it, it must list what it has in that state.
func takesForeignCursors(t *testing.T, l Ledger) {
	t.Helper()
	other := &ledger.Memory{}
	write(t, other, problem("x", "r1", delivery.Failed, 2), problem("y", "r1", delivery.Failed, 3))
	_, cursor, err := other.Problems(t.Context(), delivery.Failed, 1, "", start)
	if err != nil || cursor == "" {
		t.Fatalf("the other ledger gave %q, %v", cursor, err)
	}
	write(t, l, problem("a", "r1", delivery.Failed, 1), problem("b", "r1", delivery.Failed, 4), problem("c", "r1", delivery.Unknown, 4), problem("d", "r1", delivery.Sent, 4))
	lists(t, l, delivery.Failed, 10, start, []string{"a r1", "b r1"})
	page, next, err := l.Problems(t.Context(), delivery.Failed, 10, cursor, start)
	if got := revisions(page); !errors.Is(err, delivery.ErrList) && (err != nil || next != "" || !slices.Equal(got, []string{"b r1"})) {
		t.Errorf("got %q, next %q, %v", got, next, err)
	}
}

func refusesOtherLists(t *testing.T, l Ledger) {
	t.Helper()
	write(t, l, problem("a", "r1", delivery.Unknown, 1), problem("b", "r1", delivery.Unknown, 2), problem("c", "r1", delivery.Sent, 3))
	lists(t, l, delivery.Unknown, 1, start, []string{"a r1"}, []string{"b r1"})
	_, cursor, err := l.Problems(t.Context(), delivery.Unknown, 1, "", start)
	if err != nil {
		t.Fatal(err)
	}
	made := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, tc := range map[string]struct {
		state  delivery.State
		n      int
		cursor string
	}{
		"what was sent":            {delivery.Sent, 10, ""},
		"what is under way":        {delivery.Sending, 10, ""},
		"no state":                 {"", 10, ""},
		"a state that is none":     {"lost", 10, ""},
		"no message":               {delivery.Unknown, 0, ""},
		"fewer than none":          {delivery.Unknown, -1, ""},
		"too many":                 {delivery.Unknown, 101, ""},
		"another list's cursor":    {delivery.Failed, 10, cursor},
		"part of a cursor":         {delivery.Unknown, 10, cursor[:len(cursor)/2]},
		"a cursor that is none":    {delivery.Unknown, 10, "2"},
		"one with other letters":   {delivery.Unknown, 10, "!" + cursor},
		"one that was padded":      {delivery.Unknown, 10, cursor + "=="},
		"one made of a key":        {delivery.Unknown, 10, made(`{"pk":{"S":"m#c"},"sk":{"S":"m"}}`)},
		"one made without an id":   {delivery.Unknown, 10, made("unknown 1795435201123 ")},
		"one made without a time":  {delivery.Unknown, 10, made("unknown  a")},
		"one with a broken line":   {delivery.Unknown, 10, cursor + "\n"},
		"one for what was sent":    {delivery.Sent, 10, made("sent 1795435201123 a")},
		"one made for other state": {delivery.Unknown, 10, made("sent 1795435201123 a")},
	} {
		page, next, err := l.Problems(t.Context(), tc.state, tc.n, tc.cursor, start)
		if !errors.Is(err, delivery.ErrList) || len(page) > 0 || next != "" {
			t.Errorf("%s: got %q, next %q, %v; want an error that matches %q", name, revisions(page), next, err, delivery.ErrList)
		}
	}
}
