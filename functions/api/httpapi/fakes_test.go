package httpapi_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/ledger"
	"dmlysender/shared/queue"
)

// clock is the machine's, ahead by what the test has added; it waits for nothing.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.advance(max(d, 0))
	return ctx.Err()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// callerSecret is the secret with the callers' keys.
type callerSecret struct {
	mu      sync.Mutex
	secret  string
	err     error
	fetches int
}

func (s *callerSecret) fetch(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	return s.secret, s.err
}

func (s *callerSecret) set(secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret, s.err = secret, err
}

func (s *callerSecret) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// watchedLedger counts the writes, and can be out of reach.
type watchedLedger struct {
	ledger.Memory
	mu  sync.Mutex
	n   int
	err error
}

func (l *watchedLedger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	l.mu.Lock()
	l.n++
	err := l.err
	l.mu.Unlock()
	if err != nil {
		return delivery.Item{}, false, err
	}
	return l.Memory.Put(ctx, item, over, now)
}

func (l *watchedLedger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *watchedLedger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// watchedPoster counts the posts, and lets a test look on.
type watchedPoster struct {
	next delivery.Poster
	mu   sync.Mutex
	n    int
	// before is called with each request; it may panic.
	before func(dmly.Request)
}

func (p *watchedPoster) Post(ctx context.Context, key apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	p.mu.Lock()
	p.n++
	before := p.before
	p.mu.Unlock()
	if before != nil {
		before(req)
	}
	return p.next.Post(ctx, key, req)
}

func (p *watchedPoster) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// watchedQueue remembers what was put on it, and can be out of reach.
type watchedQueue struct {
	*queue.Memory
	mu      sync.Mutex
	records []delivery.Record
	err     error
}

func (q *watchedQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	q.records = append(q.records, records...)
	return q.Memory.Enqueue(ctx, records...)
}

func (q *watchedQueue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
}

func (q *watchedQueue) all() []delivery.Record {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.records)
}

// logs gathers what is logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

var (
	_ delivery.Ledger = (*watchedLedger)(nil)
	_ delivery.Poster = (*watchedPoster)(nil)
	_ delivery.Queue  = (*watchedQueue)(nil)
	_ delivery.Clock  = (*clock)(nil)
)
