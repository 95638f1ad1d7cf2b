// Package ledger is where each message stands, kept in this process: for local use
// and tests. Package dynamodb below it keeps the same in a table; both pass the
// suite of package ledgertest.
package ledger

import (
	"context"
	"slices"
	"sync"
	"time"

	"dmlysender/shared/delivery"
)

// Memory is a [delivery.Ledger], a [delivery.ProblemLister] and [delivery.CancelKeys] that end with its process. The zero value is an empty
// one; it is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	items map[string]delivery.Item
	// under are the ids by their cancelKey, and until when they are kept.
	under map[string]map[string]time.Time
}

var (
	_ delivery.Ledger        = (*Memory)(nil)
	_ delivery.ProblemLister = (*Memory)(nil)
	_ delivery.CancelKeys    = (*Memory)(nil)
)

// Put implements [delivery.Ledger].
func (m *Memory) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Item{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	standing, found := m.live(item.ID, now)
	switch {
	case found && standing.Revision == item.Revision:
		return clone(standing), true, nil
	case found && standing.Revision != over, !found && over != "":
		return clone(standing), false, nil
	}
	if m.items == nil {
		m.items = map[string]delivery.Item{}
	}
	m.items[item.ID] = clone(item)
	return clone(item), true, nil
}

// Get implements [delivery.Ledger].
func (m *Memory) Get(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Item{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	item, found := m.live(id, now)
	return clone(item), found, nil
}

// Problems implements [delivery.ProblemLister]. The list is never behind.
func (m *Memory) Problems(ctx context.Context, state delivery.State, n int, cursor string, now time.Time) (items []delivery.Item, next string, err error) {
	after, err := delivery.PageAfter(state, n, cursor)
	if err != nil {
		return nil, "", err
	}
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for id := range m.items {
		item, found := m.live(id, now)
		if found && item.State == state && item.NeedsAttention() && (cursor == "" || item.Place().Compare(after) > 0) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return m.items[a].Place().Compare(m.items[b].Place()) })
	if len(ids) > n {
		ids, next = ids[:n], m.items[ids[n-1]].Place().Cursor()
	}
	for _, id := range ids {
		items = append(items, clone(m.items[id]))
	}
	return items, next, nil
}

func (m *Memory) live(id string, now time.Time) (delivery.Item, bool) {
	item, found := m.items[id]
	if !found || !now.Before(item.ForgetAt) {
		return delivery.Item{}, false
	}
	return item, true
}

// clone shares no memory with the item, so that nobody can change what is stored.
func clone(i delivery.Item) delivery.Item {
	i.Content = slices.Clone(i.Content)
	i.Refused = slices.Clone(i.Refused)
	i.History = slices.Clone(i.History)
	return i
}
