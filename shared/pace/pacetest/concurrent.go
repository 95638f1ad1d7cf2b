package pacetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
)

// Concurrent proves, by workers who wait for their slots at the same time, that they stay within the rate and use it up. It
// runs in a bubble of [synctest], whose clock the pace has to go by where it waits.
func Concurrent(t *testing.T, open Open, perMinute int) {
	t.Helper()
	const length = 4 * time.Minute
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		begin := time.Now()
		worker := open(t, perMinute)
		var mu sync.Mutex
		var sent []time.Time
		send := func() {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
		}
		var wg sync.WaitGroup
		for _, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
			for range 4 {
				wg.Go(func() {
					for ctx.Err() == nil && !t.Failed() {
						invoke(ctx, t, worker(time.Now), lane, send)
					}
				})
			}
		}
		wg.Wait()
		slices.SortFunc(sent, time.Time.Compare)
		wantAtMost(t, sent, perMinute)
		if want := int(0.95 * float64(perMinute) * length.Minutes()); len(sent) < want {
			t.Errorf("in %v %d messages went out, want at least %d", time.Since(begin), len(sent), want)
		}
	})
}

// invoke is one invocation for a batch, and the wait until what is left of it is brought back.
func invoke(ctx context.Context, t *testing.T, p delivery.Pacer, lane delivery.Lane, send func()) {
	t.Helper()
	account := delivery.Account{Name: "default", KeyVersion: "v1"}
	deadline := time.Now().Add(25 * time.Second)
	for left := 10; left > 0 && !t.Failed(); {
		now := time.Now()
		r, err := p.Reserve(ctx, account, lane, left, deadline)
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			return
		}
		check(t, r, left, now, deadline)
		if len(r.Slots) == 0 && !r.RetryAt.Before(deadline) {
			waitUntil(ctx, comeBack(time.Now(), r.RetryAt))
			return
		}
		if len(r.Slots) == 0 && !waitUntil(ctx, r.RetryAt) {
			return
		}
		for _, at := range r.Slots {
			if !waitUntil(ctx, at) {
				return
			}
			send()
		}
		left -= len(r.Slots)
	}
}

// waitUntil reports false if the context ends first.
func waitUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
