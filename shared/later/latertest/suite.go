// Package latertest is the suite that every scheduler passes, in memory and on AWS.
package latertest

import (
	"context"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/queue"
)

// Subject is a scheduler, and the queues that its records come to.
type Subject struct {
	Scheduler delivery.Scheduler
	// Receive waits for a record on the queue of the lane and takes it off. It returns the context's error once that has
	// ended. The record has at least its body and, in the body or beside it, its id.
	Receive func(ctx context.Context, lane delivery.Lane) (delivery.Record, error)
	// Minute is how precise the scheduler is: a minute, or less where a test would wait for too long.
	Minute time.Duration
	// Late is how long after its moment a record may come, for what else its machine has to do.
	Late time.Duration
}

// Run runs the suite. open returns a scheduler that holds nothing, with empty queues. Each test runs in within, which is
// [testing/synctest.Test] for a scheduler that need not be waited for; nil is for one that is.
func Run(t *testing.T, within func(*testing.T, func(*testing.T)), open func(t *testing.T) Subject) {
	t.Helper()
	if within == nil {
		within = func(t *testing.T, test func(*testing.T)) { t.Helper(); test(t) }
	}
	for name, test := range map[string]func(*testing.T, Subject){
		"brings a record to its lane at its moment":     bringsToItsLane,
		"brings once what was asked for twice":          bringsOnce,
		"brings a record at each of its moments":        bringsAtEachMoment,
		"replaces record and lane":                      replacesRecordAndLane,
		"brings at once what is past":                   bringsThePast,
		"removes what is unscheduled":                   unschedules,
		"takes it calmly that there is nothing to undo": unschedulesNothing,
		"holds again what has come":                     holdsAgain,
		"tells any two ids apart":                       tellsIDsApart,
		"carries the largest body":                      carriesTheLargestBody,
		"carries any text":                              carriesAnyText,
		"refuses a record without an id":                refusesWithoutID,
		"does nothing after its context":                endsWithItsContext,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within(t, func(t *testing.T) { t.Helper(); test(t, open(t)) })
		})
	}
}

// Queues are two queues in memory, and what a Subject does with them.
type Queues struct{ normal, bulk *queue.Memory }

// NewQueues returns empty queues.
func NewQueues() Queues {
	return Queues{queue.NewMemory(time.Now), queue.NewMemory(time.Now)}
}

// For is the queue of the lane.
func (q Queues) For(lane delivery.Lane) delivery.Queue { return q.lane(lane) }

func (q Queues) lane(lane delivery.Lane) *queue.Memory {
	if lane == delivery.BulkLane {
		return q.bulk
	}
	return q.normal
}

// Receive is that of a [Subject].
func (q Queues) Receive(ctx context.Context, lane delivery.Lane) (delivery.Record, error) {
	got, err := q.lane(lane).Receive(ctx, 1, time.Hour)
	if err != nil {
		return delivery.Record{}, err
	}
	q.lane(lane).Delete(got[0].MessageID)
	return got[0].Record, nil
}

func (s Subject) minutes(n int) time.Duration { return time.Duration(n) * s.Minute }

func (s Subject) schedule(t *testing.T, lane delivery.Lane, r delivery.Record, at time.Time) {
	t.Helper()
	if err := s.Scheduler.Schedule(t.Context(), lane, r, at); err != nil {
		t.Fatalf("Schedule: %v", err)
	}
}

func (s Subject) unschedule(t *testing.T, id string, at time.Time) {
	t.Helper()
	if err := s.Scheduler.Unschedule(t.Context(), id, at); err != nil {
		t.Fatalf("Unschedule: %v", err)
	}
}

// comes receives a record that was scheduled for the moment, or fails. It may be on its queue for two minutes by then, if
// the moment of its schedule has to be a whole minute that is over before.
func (s Subject) comes(t *testing.T, lane delivery.Lane, at time.Time) delivery.Record {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), at.Add(s.Minute+s.Late))
	defer cancel()
	got, err := s.Receive(ctx, lane)
	if err != nil {
		t.Fatalf("nothing came for %v: %v", at, err)
	}
	if early := time.Until(at); early > s.minutes(2) {
		t.Errorf("it came %v before its moment", early)
	}
	return got
}

// silent fails if anything comes to the normal lane until the moment.
func (s Subject) silent(t *testing.T, until time.Time) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), until)
	defer cancel()
	if got, err := s.Receive(ctx, delivery.NormalLane); err == nil {
		t.Errorf("%q came", delivery.IDOf(got, ""))
	}
}
