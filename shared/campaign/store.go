package campaign

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Store keeps the records of campaigns. Its writes are linearizable for one campaign. It is safe for concurrent use.
type Store interface {
	// Get returns the record, or ok false if there is none whose time is not over at now.
	Get(ctx context.Context, id string, now time.Time) (r Record, ok bool, err error)
	// Put writes the record if what stands under its ID still has the revision `over`; over "" means that nothing stands
	// there, or that its time is over at now. Otherwise nothing is written, and ok is false. If what stands is the very
	// revision that is being written, an earlier try had succeeded and its answer was lost: ok is true.
	//
	// An error means that it is not known whether the record was written.
	Put(ctx context.Context, r Record, over string, now time.Time) (ok bool, err error)
	// Active returns the ids of the campaigns that have something left to do, those that were started first before the others.
	// The list may follow the writes with a delay of seconds.
	Active(ctx context.Context) ([]string, error)
}

// Memory is a [Store] that ends with its process. The zero value is an empty one; it is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	records map[string]Record
}

var _ Store = (*Memory)(nil)

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, id string, now time.Time) (Record, bool, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, found := m.live(id, now)
	return r.clone(), found, nil
}

// Put implements [Store].
func (m *Memory) Put(ctx context.Context, r Record, over string, now time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	standing, found := m.live(r.ID, now)
	switch {
	case found && standing.Revision == r.Revision:
		return true, nil
	case found && standing.Revision != over, !found && over != "":
		return false, nil
	}
	if m.records == nil {
		m.records = map[string]Record{}
	}
	m.records[r.ID] = r.clone()
	return true, nil
}

// Active implements [Store]. The list is never behind.
func (m *Memory) Active(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for id, r := range m.records {
		if r.Active() {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(m.records[a].StartedAt.Compare(m.records[b].StartedAt), cmp.Compare(a, b))
	})
	return ids, nil
}

func (m *Memory) live(id string, now time.Time) (Record, bool) {
	r, found := m.records[id]
	if !found || !r.ForgetAt.IsZero() && !now.Before(r.ForgetAt) {
		return Record{}, false
	}
	return r, true
}
