// Package pace keeps an account within its rate, in this process: for local use and tests. Package dynamodb below it
// shares the rate between all workers; both pass the suite of package pacetest.
package pace

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/pace/internal/gcra"
)

// Memory is a [delivery.Pacer] and a [delivery.Forecaster] for one process. It knows nothing of other processes that use the same account.
type Memory struct {
	// Float64 gives a random number in [0, 1), by which those who have to wait are spread; default [rand.Float64].
	Float64 func() float64

	limits gcra.Limits
	now    func() time.Time

	mu       sync.Mutex
	accounts map[string]gcra.State
}

var (
	_ delivery.Pacer      = (*Memory)(nil)
	_ delivery.Forecaster = (*Memory)(nil)
)

// NewMemory keeps each account within so many messages a minute: it lets 96 % of them through, with a burst of 2 % after a
// rest, which is never more than the rate in any 60 seconds.
func NewMemory(perMinute int, now func() time.Time) (*Memory, error) {
	limits, err := gcra.New(perMinute)
	if err != nil {
		return nil, err
	}
	return &Memory{Float64: rand.Float64, limits: limits, now: now, accounts: map[string]gcra.State{}}, nil
}

// Reserve implements [delivery.Pacer]: at most 10 slots at once. A slot that is not used is lost.
func (m *Memory) Reserve(ctx context.Context, account delivery.Account, lane delivery.Lane, n int, until time.Time) (delivery.Reservation, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Reservation{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, s := m.time(), m.accounts[account.Name]
	ask := gcra.Ask{KeyVersion: account.KeyVersion, Lane: lane, N: n, Now: now, Until: until}
	k := m.limits.Fit(s, ask)
	if k == 0 {
		return m.limits.Wait(s, ask, m.Float64()), nil
	}
	first := m.limits.First(s.TAT, now)
	s.TAT = first.Add(time.Duration(k) * m.limits.Interval)
	m.accounts[account.Name] = s
	return delivery.Reservation{Slots: m.limits.Slots(first, k, now, until)}, nil
}

// Delay implements [delivery.Pacer]: 15 minutes at most.
func (m *Memory) Delay(ctx context.Context, account string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.accounts[account]
	if until := gcra.Delayed(until, m.time()); until.After(s.TAT) {
		s.TAT = until
		m.accounts[account] = s
	}
	return nil
}

// Refuse implements [delivery.Pacer].
func (m *Memory) Refuse(ctx context.Context, account delivery.Account) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, s := m.time(), m.accounts[account.Name]
	if !s.Refusal.Holds(account.KeyVersion, now) {
		s.Refusal = s.Refusal.Next(account.KeyVersion, now)
		m.accounts[account.Name] = s
	}
	return s.Refusal.Until, nil
}

// Outlook implements [delivery.Forecaster].
func (m *Memory) Outlook(ctx context.Context, account delivery.Account) (delivery.Outlook, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Outlook{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.limits.Outlook(m.accounts[account.Name], account.KeyVersion, m.time()), nil
}

func (m *Memory) time() time.Time { return m.now().Truncate(gcra.Resolution) }
