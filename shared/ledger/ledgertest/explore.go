package ledgertest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dmlysender/shared/delivery"
)

// Explore compares ledgers with a map, through random writes, reads and lists as time goes by. open returns an empty ledger,
// whose list is never behind. A failure is told as the shortest way to it that was found.
func Explore(t *testing.T, open func() Ledger) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		e := &explorer{ledger: open(), now: start, items: map[string]delivery.Item{}}
		t.Repeat(map[string]func(*rapid.T){"put": e.put, "put again": e.putAgain, "get": e.get, "list": e.list, "wait": e.wait})
	})
}

// explorer is a ledger, and what should stand in it.
type explorer struct {
	ledger Ledger
	now    time.Time
	items  map[string]delivery.Item
	writes int
}

var (
	someID    = rapid.SampledFrom([]string{"a", "b", "c", "d"})
	someState = rapid.SampledFrom([]delivery.State{
		delivery.Accepted, delivery.Scheduled, delivery.Sending, delivery.Waiting, delivery.Sent, delivery.Expired, delivery.Cancelled,
		delivery.Rejected, delivery.Failed, delivery.Unknown, delivery.Unknown, delivery.Unknown, // what is listed more often
	})
	someWhile = rapid.Custom(func(t *rapid.T) time.Duration {
		unit := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour}).Draw(t, "unit")
		return time.Duration(rapid.IntRange(0, 60).Draw(t, "while")) * unit
	})
)

// clock is one of the clocks that there are: they differ.
func (e *explorer) clock(t *rapid.T) time.Time {
	return e.now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "clock is ahead")) * time.Second)
}

func (e *explorer) stands(id string, now time.Time) delivery.Item {
	if item, ok := e.items[id]; ok && now.Before(item.ForgetAt) {
		return item
	}
	return delivery.Item{}
}

func (e *explorer) put(t *rapid.T) {
	now := e.clock(t)
	e.writes++
	item := whole(someID.Draw(t, "id"), fmt.Sprintf("r%d", e.writes))
	item.State, item.Dropped = someState.Draw(t, "state"), rapid.Bool().Draw(t, "dropped")
	item.History = append(item.History, delivery.Transition{At: now, State: item.State})
	item.ForgetAt = now.Add(someWhile.Draw(t, "remembered for"))
	stands := e.stands(item.ID, now)
	over := rapid.SampledFrom([]string{stands.Revision, stands.Revision, stands.Revision, "", "r0"}).Draw(t, "over")

	want, wantOK := stands, over == stands.Revision
	if wantOK {
		e.items[item.ID], want = item, item
	}
	e.wrote(t, item, over, now, want, wantOK)
}

// putAgain is a Put whose answer was lost. Where nothing stands it is one whose turn has not come.
func (e *explorer) putAgain(t *rapid.T) {
	now := e.clock(t)
	stands := e.stands(someID.Draw(t, "id"), now)
	if stands.ID == "" {
		e.put(t)
		return
	}
	e.wrote(t, stands, rapid.SampledFrom([]string{"", "r0"}).Draw(t, "over"), now, stands, true)
}

func (e *explorer) wrote(t *rapid.T, item delivery.Item, over string, now time.Time, want delivery.Item, wantOK bool) {
	got, ok, err := e.ledger.Put(t.Context(), item, over, now)
	if err != nil || ok != wantOK || !equal(got, want) {
		t.Fatalf("Put(%s over %q): ok %v, %v, want %v; standing\n got %+v\nwant %+v", item.Revision, over, ok, err, wantOK, got, want)
	}
}

func (e *explorer) get(t *rapid.T) {
	id, now := someID.Draw(t, "id"), e.clock(t)
	want := e.stands(id, now)
	got, ok, err := e.ledger.Get(t.Context(), id, now)
	if err != nil || ok != (want.ID != "") || !equal(got, want) {
		t.Fatalf("Get(%s): %v, %v\n got %+v\nwant %+v", id, ok, err, got, want)
	}
}

func (e *explorer) list(t *rapid.T) {
	state := rapid.SampledFrom([]delivery.State{delivery.Rejected, delivery.Failed, delivery.Unknown}).Draw(t, "state")
	n, now := rapid.IntRange(1, 5).Draw(t, "n"), e.clock(t)
	var want []delivery.Item
	for id := range e.items {
		if item := e.stands(id, now); item.State == state && !item.Dropped {
			want = append(want, item)
		}
	}
	slices.SortFunc(want, func(a, b delivery.Item) int {
		return cmp.Or(a.History[len(a.History)-1].At.Compare(b.History[len(b.History)-1].At), cmp.Compare(a.ID, b.ID))
	})
	for cursor := ""; ; {
		page := min(n, len(want))
		got, next, err := e.ledger.Problems(t.Context(), state, n, cursor, now)
		if err != nil || !slices.EqualFunc(got, want[:page], equal) {
			t.Fatalf("Problems(%s, %d, %q): %v\n got %+v\nwant %+v", state, n, cursor, err, got, want[:page])
		}
		if want = want[page:]; (next == "") != (len(want) == 0) {
			t.Fatalf("Problems(%s, %d, %q): next is %q with %d messages to come", state, n, cursor, next, len(want))
		}
		if cursor = next; cursor == "" {
			return
		}
	}
}

func (e *explorer) wait(t *rapid.T) { e.now = e.now.Add(someWhile.Draw(t, "waits")) }
