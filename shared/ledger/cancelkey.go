package ledger

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Keep implements [delivery.CancelKeys].
func (m *Memory) Keep(ctx context.Context, cancelKey, id string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.under == nil {
		m.under = map[string]map[string]time.Time{}
	}
	if m.under[cancelKey] == nil {
		m.under[cancelKey] = map[string]time.Time{}
	}
	if until.After(m.under[cancelKey][id]) {
		m.under[cancelKey][id] = until
	}
	return nil
}

// Under implements [delivery.CancelKeys]. The cursor is the last id.
func (m *Memory) Under(ctx context.Context, cancelKey string, n int, cursor string, now time.Time) (ids []string, next string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(m.under[cancelKey])) {
		if id <= cursor || !now.Before(m.under[cancelKey][id]) {
			continue
		}
		if len(ids) == n {
			return ids, ids[n-1], nil
		}
		ids = append(ids, id)
	}
	return ids, "", nil
}
