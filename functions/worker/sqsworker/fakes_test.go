package sqsworker_test

import (
	"bytes"
	"context"
	"sync"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/ledger"
)

// clock stands still unless it is told to move; Sleep moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.advance(max(d, 0))
	return ctx.Err()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// failingLedger is a ledger that can be out of reach, and that a test can watch.
type failingLedger struct {
	ledger.Memory
	mu  sync.Mutex
	err error
	// after is called with each item that was written.
	after func(delivery.Item)
}

func (l *failingLedger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *failingLedger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	l.mu.Lock()
	err, after := l.err, l.after
	l.mu.Unlock()
	if err != nil {
		return delivery.Item{}, false, err
	}
	standing, ok, err := l.Memory.Put(ctx, item, over, now)
	if ok && after != nil {
		after(item)
	}
	return standing, ok, err
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
	_ delivery.Ledger = (*failingLedger)(nil)
	_ delivery.Poster = (*watchedPoster)(nil)
	_ delivery.Clock  = (*clock)(nil)
)
