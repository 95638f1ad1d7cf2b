// Package storetest is the suite that every [campaign.Store] passes. Only tests import it.
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
)

// start is a whole number of milliseconds, which every store can keep.
var start = time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)

// whole has every field filled, so that a field which a store forgets is noticed.
func whole(id, revision string) campaign.Record {
	return campaign.Record{
		ID: id, Revision: revision, Run: 2, Digest: "d", Audience: "audiences/spring.csv", Version: `"v1"`,
		Definition: plan.Definition{
			ID: id, Audience: plan.Source{File: "spring.csv"}, Message: json.RawMessage(`{"textMessage":"Grüße, {{name}} \u2028"}`), RatePerMinute: 60,
			Ramp: plan.Ramp{Canary: 50, Growth: 1.5, MaxRejectedPercent: 20, MaxUnknown: 5},
		},
		State: campaign.Running, Reason: "because", By: "ops",
		StartedAt: start, PlannedAt: start.Add(time.Second), FirstFedAt: start.Add(30 * time.Second), FedAt: start.Add(time.Minute), EndedAt: start.Add(time.Hour), ForgetAt: start.Add(24 * time.Hour),
		Tries: 1, Summary: plan.Summary{Rows: 4, Good: 2, Bad: 1, Duplicates: 1, ByChannel: map[string]int{"whatsapp": 2}, Bytes: 900}, Again: true,
		Fed: campaign.Place{Byte: 300, Row: 1}, Feeding: campaign.Place{Byte: 900, Row: 2}, FeedingAt: start, Horizon: start.Add(time.Minute),
		Step: campaign.Step{Size: 50, End: 50}, Workspaces: []string{"W1"},
		Watched: campaign.Place{Byte: 300, Row: 1}, Resting: map[delivery.State]int{delivery.Sent: 1}, Open: []campaign.Row{{At: 300, ID: "c.a.b"}},
		FedBy: []campaign.FedBy{{At: start, Byte: 300}}, Forgotten: 1,
		Recent: "ssr", Marks: []campaign.Mark{{At: start, Resting: 1}}, ResendAt: start.Add(time.Minute), ActBy: "ops",
		Owner: "owner-1", Lease: start.Add(time.Minute),
	}
}

// Run runs the suite. open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) campaign.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, campaign.Store){
		"keeps every field":                   keepsEveryField,
		"writes only over what was named":     writesOnlyOverNamed,
		"takes its own lost answer for done":  knowsItsOwnWrite,
		"forgets by time":                     forgetsByTime,
		"lists what has something left to do": listsActive,
		"one of many concurrent writers wins": oneWriterWins,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func put(t *testing.T, s campaign.Store, r campaign.Record, over string, now time.Time) bool {
	t.Helper()
	ok, err := s.Put(t.Context(), r, over, now)
	if err != nil {
		t.Fatalf("Put(%s over %q): %v", r.Revision, over, err)
	}
	return ok
}

func get(t *testing.T, s campaign.Store, id string, now time.Time) (campaign.Record, bool) {
	t.Helper()
	r, ok, err := s.Get(t.Context(), id, now)
	if err != nil {
		t.Fatalf("Get(%s): %v", id, err)
	}
	return r, ok
}

func keepsEveryField(t *testing.T, s campaign.Store) {
	t.Helper()
	want := whole("spring", "r1")
	if v := reflect.ValueOf(want); true {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Fatalf("the suite leaves %s empty", v.Type().Field(i).Name)
			}
		}
	}
	if !put(t, s, want, "", start) {
		t.Fatal("the first write was refused")
	}
	got, ok := get(t, s, "spring", start)
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("record\n got %+v\nwant %+v", got, want)
	}
	empty := campaign.Record{ID: "empty", Revision: "r1"}
	put(t, s, empty, "", start)
	if got, ok := get(t, s, "empty", start.AddDate(10, 0, 0)); !ok || !got.FedAt.IsZero() || got.Open != nil || got.Resting != nil {
		t.Errorf("an empty one came back as %+v", got)
	}
}

func writesOnlyOverNamed(t *testing.T, s campaign.Store) {
	t.Helper()
	if put(t, s, whole("a", "r1"), "r0", start) {
		t.Error("a write over what is not there was taken")
	}
	if _, ok := get(t, s, "a", start); ok {
		t.Error("a refused write left something")
	}
	put(t, s, whole("a", "r1"), "", start)
	put(t, s, whole("b", "r9"), "", start)
	for _, over := range []string{"", "r0", "r9"} {
		if put(t, s, whole("a", "r2"), over, start) {
			t.Errorf("a write over %q was taken, and r1 stands", over)
		}
	}
	if !put(t, s, whole("a", "r2"), "r1", start) {
		t.Error("a write over the standing revision was refused")
	}
	if got, _ := get(t, s, "a", start); got.Revision != "r2" {
		t.Errorf("got %s", got.Revision)
	}
}

func knowsItsOwnWrite(t *testing.T, s campaign.Store) {
	t.Helper()
	put(t, s, whole("a", "r1"), "", start)
	if !put(t, s, whole("a", "r1"), "", start) {
		t.Error("the same first write, repeated, was refused")
	}
	put(t, s, whole("a", "r2"), "r1", start)
	if !put(t, s, whole("a", "r2"), "r1", start) {
		t.Error("the same write, repeated, was refused")
	}
	if put(t, s, whole("a", "r1"), "", start) {
		t.Error("a write that somebody has written over since was taken for done")
	}
}

func forgetsByTime(t *testing.T, s campaign.Store) {
	t.Helper()
	r := whole("old", "r1")
	put(t, s, r, "", start)
	if _, ok := get(t, s, "old", r.ForgetAt.Add(-time.Millisecond)); !ok {
		t.Error("it is forgotten early")
	}
	if _, ok := get(t, s, "old", r.ForgetAt); ok {
		t.Error("it is remembered for too long")
	}
	if !put(t, s, whole("old", "r2"), "", r.ForgetAt) {
		t.Error("a first write where something is forgotten was refused")
	}
}

func listsActive(t *testing.T, s campaign.Store) {
	t.Helper()
	active := func(id string, after time.Duration) campaign.Record {
		r := whole(id, "r1")
		r.StartedAt, r.EndedAt, r.ForgetAt = start.Add(after), time.Time{}, time.Time{}
		return r
	}
	lists(t, s)
	put(t, s, active("b", 2*time.Second), "", start)
	put(t, s, active("a", 3*time.Second), "", start)
	put(t, s, active("c", time.Second), "", start)
	put(t, s, whole("over", "r1"), "", start)
	lists(t, s, "c", "b", "a")
	ended := whole("b", "r2")
	put(t, s, ended, "r1", start)
	lists(t, s, "c", "a")
	again := active("b", 4*time.Second)
	again.Revision = "r3"
	put(t, s, again, "r2", start)
	lists(t, s, "c", "a", "b")
	var want []string
	for n := range 30 {
		id := fmt.Sprintf("many-%02d", n)
		want = append(want, id)
		put(t, s, active(id, time.Hour+time.Duration(n)*time.Second), "", start)
	}
	lists(t, s, append([]string{"c", "a", "b"}, want...)...)
}

// lists asks until the answer is right: the list may follow the writes with a delay.
func lists(t *testing.T, s campaign.Store, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		got, err := s.Active(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("active are %q, want %q", got, want)
		}
	}
}

func oneWriterWins(t *testing.T, s campaign.Store) {
	t.Helper()
	put(t, s, whole("race", "r0"), "", start)
	var won atomic.Int32
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			ok, err := s.Put(t.Context(), whole("race", fmt.Sprintf("w%d", n)), "r0", start)
			if err != nil {
				t.Error(err)
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
