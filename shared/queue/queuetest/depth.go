package queuetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

// RunBacklog runs the suite of a queue that tells how much stands on it. See [Run].
func RunBacklog(t *testing.T, within func(*testing.T, func(*testing.T)), open func(t *testing.T) (Subject, delivery.Backlog)) {
	t.Helper()
	run(t, within, map[string]func(*testing.T, Subject, delivery.Backlog){
		"counts what can be received and what is worked on": countsVisibleAndWorkedOn,
		"counts a record that came back once":               countsWhatCameBackOnce,
		"counts no record before its delay is over":         countsNothingDelayed,
		"counts nothing after its context":                  countsNothingAfterItsContext,
	}, func(t *testing.T, test func(*testing.T, Subject, delivery.Backlog)) {
		t.Helper()
		s, backlog := open(t)
		test(t, s, backlog)
	})
}

func wantDepth(t *testing.T, b delivery.Backlog, when string, want int) {
	t.Helper()
	if got, err := b.Depth(t.Context()); err != nil || got != want {
		t.Errorf("%s: got a depth of %d, %v, want %d", when, got, err, want)
	}
}

func countsVisibleAndWorkedOn(t *testing.T, s Subject, b delivery.Backlog) {
	t.Helper()
	wantDepth(t, b, "empty", 0)
	s.enqueue(t, numbered(23)...)
	wantDepth(t, b, "nothing received", 23)
	got := s.receive(t, 12, long)
	wantDepth(t, b, "12 received", 23)
	for _, r := range got[:5] {
		s.Delete(r)
	}
	wantDepth(t, b, "5 of them deleted", 18)
}

func countsWhatCameBackOnce(t *testing.T, s Subject, b delivery.Backlog) {
	t.Helper()
	s.enqueue(t, numbered(3)...)
	s.postpone(t, 0, s.receive(t, 3, long)...)
	wantDepth(t, b, "visible again", 3)
	s.receive(t, 3, long)
	wantDepth(t, b, "received again", 3)
}

func countsNothingDelayed(t *testing.T, s Subject, b delivery.Backlog) {
	t.Helper()
	s.enqueue(t, delivery.Record{Body: []byte("{}"), ID: "late", Delay: 2 * time.Second}, delivery.Record{Body: []byte("{}"), ID: "soon"})
	wantDepth(t, b, "one delayed", 1)
	s.receive(t, 2, long)
	wantDepth(t, b, "its delay is over", 2)
}

func countsNothingAfterItsContext(t *testing.T, s Subject, b delivery.Backlog) {
	t.Helper()
	s.enqueue(t, whole)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Depth(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
