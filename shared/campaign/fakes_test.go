package campaign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// clock stands still unless it is told to move.
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
	c.advance(d)
	return ctx.Err()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
}

// files are kept in memory, each version for as long as somebody reads it.
type files struct {
	mu       sync.Mutex
	contents map[string][]byte
	versions int
	version  map[string]int
}

func newFiles() *files { return &files{contents: map[string][]byte{}, version: map[string]int{}} }

func (f *files) put(name, content string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.versions++
	f.contents[name], f.version[name] = []byte(content), f.versions
}

func (f *files) get(ctx context.Context, name string) ([]byte, int, error) {
	if err := errors.Join(ctx.Err(), campaign.CheckName(name)); err != nil {
		return nil, 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	content, found := f.contents[name]
	if !found {
		return nil, 0, campaign.ErrNoFile
	}
	return content, f.version[name], nil
}

func (f *files) Open(ctx context.Context, name string) (campaign.File, error) {
	content, version, err := f.get(ctx, name)
	if err != nil {
		return campaign.File{}, err
	}
	return campaign.File{ReadCloser: io.NopCloser(bytes.NewReader(content)), Version: fmt.Sprint("v", version), Size: int64(len(content))}, nil
}

func (f *files) Range(ctx context.Context, name string, from, n int64) ([]byte, error) {
	content, _, err := f.get(ctx, name)
	if err != nil {
		return nil, err
	}
	from = min(from, int64(len(content)))
	return slices.Clone(content[from:min(from+n, int64(len(content)))]), nil
}

func (f *files) Create(ctx context.Context, name string) (campaign.Writer, error) {
	if err := errors.Join(ctx.Err(), campaign.CheckName(name)); err != nil {
		return nil, err
	}
	return &writer{files: f, name: name}, nil
}

type writer struct {
	bytes.Buffer
	files *files
	name  string
	ended bool
}

func (w *writer) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil || w.ended {
		return err
	}
	w.ended = true
	w.files.put(w.name, w.String())
	return nil
}

func (w *writer) Abort() { w.ended = true }

// line is a queue that gives each record out once its delay is over, and counts them.
type line struct {
	clock *clock
	mu    sync.Mutex
	waits []waiting
	count map[string]int
	// full says that there is more on it than anybody can send.
	full bool
}

type waiting struct {
	delivery.Record
	at time.Time
}

func (l *line) Enqueue(_ context.Context, records ...delivery.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		l.waits = append(l.waits, waiting{r, l.clock.Now().Add(r.Delay)})
		l.count[r.ID]++
	}
	return nil
}

func (l *line) Depth(context.Context) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	if l.full {
		n = 1_000_000
	}
	for _, w := range l.waits {
		if !w.at.After(l.clock.Now()) {
			n++
		}
	}
	return n, nil
}

// due takes up to n records off that are due.
func (l *line) due(n int) []delivery.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	var due []delivery.Record
	l.waits = slices.DeleteFunc(l.waits, func(w waiting) bool {
		if w.at.After(l.clock.Now()) || len(due) == n {
			return false
		}
		due = append(due, w.Record)
		return true
	})
	return due
}

func (l *line) back(r delivery.Record, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, waiting{r, at})
}

func (l *line) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waits)
}

// account is a pace that lets everything through, and can be told that its key is refused: any, or that of one version.
type account struct {
	clock   *clock
	refused time.Time
	version string
}

func (a *account) Reserve(_ context.Context, _ delivery.Account, _ delivery.Lane, n int, _ time.Time) (delivery.Reservation, error) {
	return delivery.Reservation{Slots: slices.Repeat([]time.Time{a.clock.Now()}, n)}, nil
}

func (a *account) Delay(context.Context, string, time.Time) error { return nil }

func (a *account) Refuse(context.Context, delivery.Account) (time.Time, error) {
	return a.clock.Now().Add(time.Minute), nil
}

func (a *account) Outlook(_ context.Context, of delivery.Account) (delivery.Outlook, error) {
	if a.version != "" && of.KeyVersion != a.version {
		return delivery.Outlook{Next: a.clock.Now()}, nil
	}
	return delivery.Outlook{Next: a.clock.Now(), RefusedUntil: a.refused}, nil
}

type oneKey struct{ keys apikey.Keys }

func (k oneKey) Get(context.Context) (apikey.Keys, error) { return k.keys, nil }

func (k oneKey) Refresh(context.Context, apikey.Key) (apikey.Keys, error) { return k.keys, nil }
