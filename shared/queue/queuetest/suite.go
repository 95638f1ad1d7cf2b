// Package queuetest is the suite that every queue passes, in memory and on AWS.
package queuetest

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/queue"
)

// Subject is a queue, with what only a consumer does with it.
type Subject struct {
	Queue interface {
		delivery.Queue
		delivery.Postponer
	}
	// Receive waits for records and gives out up to n, hidden for visibility, a number of whole seconds. It returns the
	// context's error once that has ended.
	Receive func(ctx context.Context, n int, visibility time.Duration) ([]queue.Received, error)
	// Delete ends a record that was given out.
	Delete func(queue.Received)
}

// long is a visibility time-out, and soon a part of it, that are easily told apart.
const (
	long = 30 * time.Second
	soon = 15 * time.Second
)

// Run runs the suite. open returns an empty queue. Each test runs in within, which is [testing/synctest.Test] for a queue
// that need not be waited for; nil is for one that is.
func Run(t *testing.T, within func(*testing.T, func(*testing.T)), open func(t *testing.T) Subject) {
	t.Helper()
	run(t, within, map[string]func(*testing.T, Subject){
		"brings all that a record has":                  bringsAllThatARecordHas,
		"brings a record again until it is deleted":     bringsAgainUntilDeleted,
		"holds a delayed record back":                   holdsBackTheDelayed,
		"postpones a record":                            postpones,
		"brings a record back earlier":                  bringsBackEarlier,
		"postpones a record each time that it comes":    postponesEachTime,
		"postpones any number of records":               postponesMany,
		"postpones what it can and says what it cannot": postponesWhatItCan,
		"takes any time":                                takesAnyTime,
		"does nothing after its context":                endsWithItsContext,
	}, func(t *testing.T, test func(*testing.T, Subject)) { t.Helper(); test(t, open(t)) })
}

// run runs tests of one kind by start.
func run[Test any](t *testing.T, within func(*testing.T, func(*testing.T)), tests map[string]Test, start func(*testing.T, Test)) {
	t.Helper()
	if within == nil {
		within = func(t *testing.T, test func(*testing.T)) { t.Helper(); test(t) }
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T) { t.Helper(); start(t, test) })
		})
	}
}

func (s Subject) enqueue(t *testing.T, records ...delivery.Record) {
	t.Helper()
	if err := s.Queue.Enqueue(t.Context(), records...); err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
}

// receive gets n records, or fails.
func (s Subject) receive(t *testing.T, n int, visibility time.Duration) []queue.Received {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var all []queue.Received
	for len(all) < n {
		got, err := s.Receive(ctx, min(n-len(all), 10), visibility)
		if err != nil {
			t.Fatalf("Receive after %d of %d records: %v", len(all), n, err)
		}
		all = append(all, got...)
	}
	return all
}

func (s Subject) postpone(t *testing.T, after time.Duration, records ...queue.Received) {
	t.Helper()
	var all []delivery.Postponement
	for _, r := range records {
		all = append(all, delivery.Postponement{Receipt: r.Receipt, After: after})
	}
	if err := s.Queue.Postpone(t.Context(), all...); err != nil {
		t.Fatalf("Postpone: %v", err)
	}
}

// same compares records but for how long they were held back, which a queue does not hand out.
func same(t *testing.T, got, want delivery.Record) {
	t.Helper()
	got.Delay, want.Delay = 0, 0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("record\n got %+v\nwant %+v", got, want)
	}
}

// whole has every field filled, so that a field which a queue forgets is noticed.
var whole = delivery.Record{
	Body: []byte(`{"textMessage": "später – „zu viele“ 𝄞"}`), ID: "order-1@2026-12-01T08:00:00Z", Group: "W1",
	Delay: time.Second, Recheck: true, Generation: 3,
}

// numbered are n records whose ids are their numbers, from 0.
func numbered(n int) []delivery.Record {
	records := make([]delivery.Record, n)
	for i := range records {
		records[i] = delivery.Record{Body: []byte("{}"), ID: strconv.Itoa(i)}
	}
	return records
}

func bringsAllThatARecordHas(t *testing.T, s Subject) {
	t.Helper()
	v := reflect.ValueOf(whole)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("the suite leaves %s empty", v.Type().Field(i).Name)
		}
	}
	bare := delivery.Record{Body: []byte("{}")}
	s.enqueue(t, whole, bare)
	for _, got := range s.receive(t, 2, long) {
		want := bare
		if got.ID != "" {
			want = whole
		}
		same(t, got.Record, want)
		if got.MessageID == "" || got.Receipt == "" || got.Receives != 1 || got.SentAt.IsZero() {
			t.Errorf("message %q, receipt %q, received %d times, sent at %v", got.MessageID, got.Receipt, got.Receives, got.SentAt)
		}
	}
}

func bringsAgainUntilDeleted(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, whole)
	first := s.receive(t, 1, time.Second)[0]
	start := time.Now()
	second := s.receive(t, 1, time.Second)[0]
	if after := time.Since(start); after < 900*time.Millisecond {
		t.Errorf("it came again after %v, want a second", after)
	}
	if second.MessageID != first.MessageID || second.Receives != 2 || !second.SentAt.Equal(first.SentAt) {
		t.Errorf("got %+v after %+v", second, first)
	}
	same(t, second.Record, whole)
	s.Delete(second)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if got, err := s.Receive(ctx, 1, long); len(got) > 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after it was deleted: got %+v, %v", got, err)
	}
}

func holdsBackTheDelayed(t *testing.T, s Subject) {
	t.Helper()
	const delay = 1500 * time.Millisecond
	start := time.Now()
	s.enqueue(t, delivery.Record{Body: []byte("{}"), ID: "late", Delay: delay}, delivery.Record{Body: []byte("{}"), ID: "soon"})
	if got := s.receive(t, 1, long)[0]; got.ID != "soon" {
		t.Errorf("first came %s, want soon", got.ID)
	}
	if got := s.receive(t, 1, long)[0]; got.ID != "late" || time.Since(start) < delay {
		t.Errorf("then came %s, after %v, want late after %v", got.ID, time.Since(start), delay)
	}
}

func postpones(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, whole)
	first := s.receive(t, 1, time.Second)[0]
	start := time.Now()
	const after = 2500 * time.Millisecond
	s.postpone(t, after, first)
	second := s.receive(t, 1, long)[0]
	if got := time.Since(start); got < after {
		t.Errorf("it came after %v, want %v", got, after)
	}
	if second.MessageID != first.MessageID || second.Receives != 2 {
		t.Errorf("got %+v after %+v", second, first)
	}
	same(t, second.Record, whole)
}

func bringsBackEarlier(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, delivery.Record{Body: []byte("{}"), ID: "now"}, delivery.Record{Body: []byte("{}"), ID: "past"})
	start := time.Now()
	for _, got := range s.receive(t, 2, long) {
		s.postpone(t, map[string]time.Duration{"now": 0, "past": -time.Hour}[got.ID], got)
	}
	s.receive(t, 2, long)
	if got := time.Since(start); got > soon {
		t.Errorf("they came back after %v, want at once", got)
	}
}

func postponesEachTime(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, whole)
	start := time.Now()
	for i := range 3 {
		got := s.receive(t, 1, long)[0]
		if got.Receives != i+1 {
			t.Errorf("received %d times, want %d", got.Receives, i+1)
		}
		s.postpone(t, time.Second, got)
	}
	if got := time.Since(start); got < 2*time.Second || got > soon {
		t.Errorf("it came three times in %v, want 2 s", got)
	}
}

func postponesMany(t *testing.T, s Subject) {
	t.Helper()
	s.postpone(t, 0) // none is a number, too
	const n = 23
	s.enqueue(t, numbered(n)...)
	start := time.Now()
	s.postpone(t, time.Second, s.receive(t, n, long)...)
	ids := map[string]bool{}
	for _, got := range s.receive(t, n, long) {
		ids[got.ID] = true
	}
	if got := time.Since(start); len(ids) != n || got > soon {
		t.Errorf("%d came back within %v, want %d within a second", len(ids), got, n)
	}
}

func postponesWhatItCan(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, delivery.Record{Body: []byte("{}"), ID: "deleted"}, delivery.Record{Body: []byte("{}"), ID: "kept"})
	start := time.Now()
	all := []delivery.Postponement{{Receipt: ""}, {Receipt: "none-of-this-queue"}}
	for _, got := range s.receive(t, 2, long) {
		all = append(all, delivery.Postponement{Receipt: got.Receipt})
		if got.ID == "deleted" {
			s.Delete(got)
		}
	}
	if err := s.Queue.Postpone(t.Context(), all...); err == nil {
		t.Error("it does not say that three were not postponed")
	}
	if got := s.receive(t, 1, long)[0]; got.ID != "kept" || time.Since(start) > soon {
		t.Errorf("%s came back after %v, want kept at once", got.ID, time.Since(start))
	}
}

func takesAnyTime(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, whole)
	s.postpone(t, 365*24*time.Hour, s.receive(t, 1, long)...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, err := s.Receive(ctx, 1, long); len(got) > 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %+v, %v, want nothing for a long time", got, err)
	}
}

func endsWithItsContext(t *testing.T, s Subject) {
	t.Helper()
	s.enqueue(t, whole)
	got := s.receive(t, 1, long)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Queue.Enqueue(ctx, whole); !errors.Is(err, context.Canceled) {
		t.Errorf("Enqueue: got %v, want %v", err, context.Canceled)
	}
	if err := s.Queue.Postpone(ctx, delivery.Postponement{Receipt: got.Receipt}); !errors.Is(err, context.Canceled) {
		t.Errorf("Postpone: got %v, want %v", err, context.Canceled)
	}
}
