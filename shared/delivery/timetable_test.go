package delivery_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// timetable is a scheduler: one entry for each message and moment. Nothing comes of itself; see [world.pass].
type timetable struct {
	mu   sync.Mutex
	held map[moment]delivery.Record
	// during is called within Schedule, before the entry is written.
	during func(at time.Time)
	err    error
}

// moment is one of a message.
type moment struct {
	id string
	at time.Time
}

func newTimetable() *timetable { return &timetable{held: map[moment]delivery.Record{}} }

// until are the moments for which something is held, the first one first.
func (s *timetable) until() (all []time.Time) {
	for m := range s.held {
		all = append(all, m.at)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func (s *timetable) Schedule(_ context.Context, _ delivery.Lane, r delivery.Record, at time.Time) error {
	if s.during != nil {
		s.during(at)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.held[moment{r.ID, at.UTC()}] = r
	return nil
}

func (s *timetable) Unschedule(_ context.Context, id string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	delete(s.held, moment{id, at.UTC()})
	return nil
}

// scheduling is a world whose sender has a scheduler and a queue.
func scheduling(t *testing.T) (*world, *timetable, *shelf) {
	t.Helper()
	w, s := newWorld(t), newTimetable()
	w.sender.Scheduler = s
	return w, s, &shelf{}
}

// pass lets time pass, and then everything come that is due: from the timetable and from the queue.
func (w *world) pass(d time.Duration, s *timetable, q *shelf) {
	w.t.Helper()
	w.clock.advance(d)
	for m, r := range s.held {
		if !m.at.After(w.clock.Now()) {
			delete(s.held, m)
			q.records = append(q.records, r)
		}
	}
	var later []delivery.Record
	for _, r := range q.records {
		if r.Delay -= d; r.Delay > 0 {
			later = append(later, r)
			continue
		}
		result, err := w.sender.DeliverRecord(w.invocation(), r, "sqs-1", message.Defaults{})
		if err != nil {
			w.t.Fatal(err)
		}
		if !result.Done {
			r.Delay = result.RetryAt.Sub(w.clock.Now())
			later = append(later, r)
		}
	}
	q.records = later
}

func (w *world) move(id string, sendAt time.Time, q *shelf) error {
	_, err := w.sender.Move(w.t.Context(), id, sendAt, "ops", q.lanes())
	return err
}

const (
	inTwoDays    = `,"sendAt":"2026-11-25T12:00:00Z"`
	inTenMinutes = `,"sendAt":"2026-11-23T12:10:00Z"`
)
