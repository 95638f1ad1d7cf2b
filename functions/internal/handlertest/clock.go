package handlertest

import (
	"context"
	"sync"
	"time"

	"dmlysender/shared/delivery"
)

// Clock moves when a test says so. Its Sleep does not wait: it moves the clock. It is safe for concurrent use.
type Clock struct {
	base func() time.Time

	mu    sync.Mutex
	ahead time.Duration
}

var _ delivery.Clock = (*Clock)(nil)

// NewStandingClock stands still at a time unless it is moved.
func NewStandingClock(at time.Time) *Clock {
	return &Clock{base: func() time.Time { return at }}
}

// NewRunningClock is the machine's clock, or that of a synctest bubble, ahead by what it was moved.
func NewRunningClock() *Clock { return &Clock{base: time.Now} }

// Now implements [delivery.Clock].
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.ahead)
}

// Sleep implements [delivery.Clock]: it moves the clock, and returns the context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.Advance(max(d, 0))
	return ctx.Err()
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
