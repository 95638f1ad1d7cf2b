// Package pace keeps an account within its rate: the generic cell rate algorithm
// (GCRA), with two lanes.
package pace

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dmlysender/shared/delivery"
)

// Memory is a [delivery.Pacer] for one process. It knows nothing of other
// processes that use the same account.
type Memory struct {
	limits limits
	now    func() time.Time

	mu       sync.Mutex
	accounts map[string]*account
}

// account is the algorithm's state: the theoretical arrival time of the next
// message, and until when nothing goes.
type account struct {
	tat     time.Time
	paused  time.Time
	refused string
}

// limits are the algorithm's constants for a rate.
type limits struct {
	interval  time.Duration // between two messages
	tolerance time.Duration // how far the theoretical time may run behind: the burst
}

var _ delivery.Pacer = (*Memory)(nil)

// NewMemory keeps each account within so many messages a minute. 96 % of the rate
// with a burst of 3 % stays below the rate in any 60 seconds, and above 95 % of it.
func NewMemory(perMinute int, now func() time.Time) (*Memory, error) {
	if perMinute < 1 {
		return nil, fmt.Errorf("a rate of %d messages a minute sends nothing; it has to be at least 1", perMinute)
	}
	interval := time.Duration(float64(time.Minute) / (0.96 * float64(perMinute)))
	burst := max(1, perMinute*3/100)
	return &Memory{
		limits:   limits{interval: interval, tolerance: time.Duration(burst-1) * interval},
		now:      now,
		accounts: map[string]*account{},
	}, nil
}

// Reserve implements [delivery.Pacer]. A reserved slot that is not used is lost.
func (m *Memory) Reserve(ctx context.Context, of delivery.Account, lane delivery.Lane, n int, until time.Time) (delivery.Reservation, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Reservation{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a, now, limits := m.account(of.Name), m.now(), m.limits
	if a.paused.After(now) && a.refused == of.KeyVersion {
		return delivery.Reservation{RetryAt: a.paused, KeyRefused: true}, nil
	}
	// An account that was idle may be behind by the tolerance, and no more.
	next := a.tat
	if earliest := now.Add(-limits.tolerance); next.Before(earliest) {
		next = earliest
	}
	horizon := now.Add(limits.ahead(lane))
	if until.Before(horizon) {
		horizon = until
	}
	var slots []time.Time
	for len(slots) < n && !latest(next, now).After(horizon) {
		slots = append(slots, latest(next, now))
		next = next.Add(limits.interval)
	}
	if len(slots) > 0 {
		a.tat = next
		return delivery.Reservation{Slots: slots}, nil
	}
	// The lane is full: ask again once its head has come near enough.
	return delivery.Reservation{RetryAt: latest(now, next.Add(-limits.ahead(lane))).Add(limits.interval)}, nil
}

// ahead is how far in advance a lane may reserve: bulk less than normal, so that
// normal is never long behind it.
func (l limits) ahead(lane delivery.Lane) time.Duration {
	if lane == delivery.BulkLane {
		return max(4*time.Second, 2*l.interval)
	}
	return max(10*time.Second, 2*l.interval)
}

// Delay implements [delivery.Pacer].
func (m *Memory) Delay(ctx context.Context, name string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.account(name)
	a.tat = latest(a.tat, until)
	return nil
}

// Refuse implements [delivery.Pacer].
func (m *Memory) Refuse(ctx context.Context, of delivery.Account) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.account(of.Name)
	if !a.paused.After(m.now()) || a.refused != of.KeyVersion {
		a.paused, a.refused = m.now().Add(time.Minute), of.KeyVersion
	}
	return a.paused, nil
}

func (m *Memory) account(name string) *account {
	a, ok := m.accounts[name]
	if !ok {
		a = &account{}
		m.accounts[name] = a
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
