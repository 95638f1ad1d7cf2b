// Package later holds records until their moment: [Memory] for local use and tests. Package scheduler below it is the real one.
package later

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"dmlysender/shared/delivery"
)

const (
	// longest is how long the clock is not looked at, at most: it may be set, and a machine may sleep.
	longest = time.Minute
	// pause is how long a queue is left alone that did not take a record.
	pause = time.Second
)

// ErrNoID is why a record without an id is not scheduled: nothing could move or remove it.
var ErrNoID = errors.New("a record without an id cannot be scheduled")

// Memory is a scheduler that ends with its process. Records come to their queues while [Memory.Run] runs. It is safe for
// concurrent use.
type Memory struct {
	clock  delivery.Clock
	queues func(delivery.Lane) delivery.Queue

	mu   sync.Mutex
	held map[moment]held
	// wake ends the sleep of Run, if it sleeps.
	wake context.CancelFunc
}

// moment is one of a message.
type moment struct {
	id string
	at int64 // in nanoseconds since 1970
}

// held is what is scheduled for a message and a moment.
type held struct {
	lane   delivery.Lane
	record delivery.Record
	at     time.Time
}

var _ delivery.Scheduler = (*Memory)(nil)

// NewMemory returns a scheduler that holds nothing. Queues gives the queue of each lane.
func NewMemory(clock delivery.Clock, queues func(delivery.Lane) delivery.Queue) *Memory {
	return &Memory{clock: clock, queues: queues, held: map[moment]held{}}
}

// Schedule implements [delivery.Scheduler]. The error is the context's, or [ErrNoID]; with either, nothing has changed.
func (m *Memory) Schedule(ctx context.Context, lane delivery.Lane, r delivery.Record, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.ID == "" {
		return ErrNoID
	}
	r.Body, r.Delay = bytes.Clone(r.Body), 0
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[moment{r.ID, at.UnixNano()}] = held{lane, r, at}
	m.wakeUp()
	return nil
}

// Unschedule implements [delivery.Scheduler]. The error is the context's; with it, nothing has changed.
func (m *Memory) Unschedule(ctx context.Context, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.held, moment{id, at.UnixNano()})
	return nil
}

// Len is how many records are held.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.held)
}

// Run puts records on their queues as their moments come, until the context ends. A record that its queue does not take
// stays held, and is tried again a second later.
func (m *Memory) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := longest
		for at, h := range m.due() {
			if err := m.queues(h.lane).Enqueue(ctx, h.record); err != nil {
				m.takeBack(at, h)
				wait = pause
			}
		}
		m.sleep(ctx, wait)
	}
}

// due are the records whose moment has come. They are no longer held.
func (m *Memory) due() map[moment]held {
	m.mu.Lock()
	defer m.mu.Unlock()
	due, now := map[moment]held{}, m.clock.Now()
	for at, h := range m.held {
		if !h.at.After(now) {
			due[at] = h
			delete(m.held, at)
		}
	}
	return due
}

// takeBack holds a record once more, unless another has been scheduled in its place.
func (m *Memory) takeBack(at moment, h held) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, replaced := m.held[at]; !replaced {
		h.at = m.clock.Now().Add(pause)
		m.held[at] = h
	}
}

// sleep returns when the next moment comes, when something is scheduled, or after the longest time that it is given.
func (m *Memory) sleep(ctx context.Context, wait time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.mu.Lock()
	m.wake = cancel
	now := m.clock.Now()
	for _, h := range m.held {
		wait = min(wait, h.at.Sub(now))
	}
	m.mu.Unlock()
	if wait > 0 {
		_ = m.clock.Sleep(ctx, wait) // its error says only why it returned
	}
}

func (m *Memory) wakeUp() {
	if m.wake != nil {
		m.wake()
	}
}
