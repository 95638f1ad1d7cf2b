package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"dmlysender/shared/delivery"
)

// Memory is a queue that ends with its process. Like SQS it gives a record out
// again if it is not deleted in time. It is safe for concurrent use.
type Memory struct {
	now     func() time.Time
	arrived chan struct{} // has an entry when something may have become available

	mu      sync.Mutex
	records []*held
}

// Received is a record that was given out.
type Received struct {
	delivery.Record
	// MessageID names the record on the queue, as SQS does.
	MessageID string
	// Receipt names this giving out; the next has another.
	Receipt string
	// Receives counts how often it was given out, from 1.
	Receives int
	// SentAt is when it was put on the queue.
	SentAt time.Time
}

type held struct {
	Received
	visibleAt time.Time
	// waits says that it is hidden because it was delayed or postponed, and not because it is being worked on.
	waits bool
}

var (
	_ delivery.Queue     = (*Memory)(nil)
	_ delivery.Postponer = (*Memory)(nil)
	_ delivery.Backlog   = (*Memory)(nil)
)

// NewMemory returns an empty queue that reads the time from now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, arrived: make(chan struct{}, 1)}
}

// Enqueue implements [delivery.Queue].
func (m *Memory) Enqueue(ctx context.Context, records ...delivery.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, r := range records {
		m.records = append(m.records, &held{
			Received:  Received{Record: r, MessageID: rand.Text(), SentAt: now},
			visibleAt: now.Add(r.Delay), waits: true,
		})
	}
	m.wake()
	return nil
}

// Receive waits for records and gives out up to n. They are given out again after
// the visibility time-out, unless they are deleted. It returns the context's error
// once that has ended.
func (m *Memory) Receive(ctx context.Context, n int, visibility time.Duration) ([]Received, error) {
	for {
		got, next := m.take(n, visibility)
		if len(got) > 0 {
			return got, nil
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-m.arrived:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// take gives out what is visible, or says how long to wait for the next.
func (m *Memory) take(n int, visibility time.Duration) ([]Received, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, next := m.now(), time.Minute
	var got []Received
	for _, h := range m.records {
		if wait := h.visibleAt.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		if len(got) == n {
			m.wake()
			break
		}
		h.Receives++
		h.Receipt = h.MessageID + "#" + strconv.Itoa(h.Receives)
		h.visibleAt, h.waits = now.Add(visibility), false
		got = append(got, h.Received)
	}
	return got, next
}

// Postpone implements [delivery.Postponer]. It cannot postpone a record that is visible again or deleted.
func (m *Memory) Postpone(ctx context.Context, records ...delivery.Postponement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var problems []error
	for _, p := range records {
		h := m.givenOut(p.Receipt, now)
		if h == nil {
			problems = append(problems, fmt.Errorf("postpone the record of receipt %q: it is visible again, or deleted", p.Receipt))
			continue
		}
		h.visibleAt, h.waits = now.Add(max(p.After, 0)), true
	}
	m.wake()
	return errors.Join(problems...)
}

// givenOut is the record that this receipt still hides, or nil.
func (m *Memory) givenOut(receipt string, now time.Time) *held {
	for _, h := range m.records {
		if h.Receives > 0 && h.Receipt == receipt && h.visibleAt.After(now) {
			return h
		}
	}
	return nil
}

// Delete ends a record; deleting it twice does nothing.
func (m *Memory) Delete(messageID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, h := range m.records {
		if h.MessageID == messageID {
			m.records = append(m.records[:i], m.records[i+1:]...)
			return
		}
	}
}

// Depth implements [delivery.Backlog]. It counts neither what is delayed nor what is postponed.
func (m *Memory) Depth(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, depth := m.now(), 0
	for _, h := range m.records {
		if !h.waits || !h.visibleAt.After(now) {
			depth++
		}
	}
	return depth, nil
}

// Len is how many records there are, given out or not.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records)
}

func (m *Memory) wake() {
	select {
	case m.arrived <- struct{}{}:
	default:
	}
}
