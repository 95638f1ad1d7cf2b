package sim

import (
	"context"
	"io"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
)

// The effects of campaigns.
const (
	effectRecordGet  = "record get"
	effectRecordPut  = "record put"
	effectActive     = "records active"
	effectCounts     = "ledger counts"
	effectStates     = "ledger states"
	effectDepth      = "depth"
	effectOutlook    = "pace outlook"
	effectFileOpen   = "file open"
	effectFileRead   = "file read"
	effectFileRange  = "file range"
	effectFileCreate = "file create"
	effectFileWrite  = "file write"
	effectFileCommit = "file commit"
)

var campaignEffects = []string{
	effectRecordGet, effectRecordPut, effectActive, effectCounts, effectStates, effectDepth, effectOutlook,
	effectFileOpen, effectFileRead, effectFileRange, effectFileCreate, effectFileWrite, effectFileCommit,
}

// service is the campaign's service in a process.
func (c *crowd) service(l *life) *campaign.Service {
	return &campaign.Service{
		Store: crowdStore{l, c}, Files: crowdFiles{l, c}, Ledger: crowdLedger{l}, Sender: l.sender,
		Queues:   func(lane delivery.Lane) delivery.Queue { return crowdQueue{lifeQueue{l, lane}, c} },
		Backlogs: func(lane delivery.Lane) delivery.Backlog { return crowdQueue{lifeQueue{l, lane}, c} },
		Pace:     lifePacer{l}, Keys: l.sender.Keys, Planner: plan.Planner{}, Clock: l.clock, NewToken: l.token,
		AccountPerMinute: c.story.perMinute,
	}
}

// schedule calls Tick each minute, now and then by two at once, each in a process of its own.
func (c *crowd) schedule(ctx context.Context) {
	_ = sleep(ctx, c.dice.between("schedule", 0, time.Minute)) // the loop looks at the context
	for ctx.Err() == nil {
		go c.tick(ctx, "scheduler") // it ends within its time, or with the context
		if c.dice.roll("two schedulers", c.story.twice) {
			go func() {
				_ = sleep(ctx, c.dice.between("second scheduler", 0, 20*time.Millisecond)) // the tick looks at the context
				c.tick(ctx, "second scheduler")
			}()
		}
		_ = sleep(ctx, time.Minute) // the loop looks at the context
	}
}

// tick calls Tick once.
func (c *crowd) tick(ctx context.Context, who string) {
	alive, l := c.newLife(ctx, who)
	defer l.process.Stop()
	limited, cancel := context.WithTimeout(alive, schedulerTime)
	defer cancel()
	var err error
	ended := l.process.Run(func() {
		err = c.service(l).Tick(until{limited, l.clock.skew}) //nolint:contextcheck // it is the context, by another clock
	})
	switch {
	case ctx.Err() != nil:
	case limited.Err() != nil && ended:
		c.broken("a tick took more than its time: %v", err)
	case ended && err != nil && c.story.calm():
		c.broken("a tick ended with an error: %v", err)
	case ended && err != nil:
		c.count("a tick ended with an error")
	}
}

// crowdStore are the records of campaigns as a process sees them.
type crowdStore struct {
	*life
	crowd *crowd
}

// Get implements [campaign.Store].
func (s crowdStore) Get(ctx context.Context, id string, now time.Time) (r campaign.Record, ok bool, err error) {
	err = s.do(effectRecordGet, "", func() error {
		r, ok, err = s.crowd.store.Get(ctx, id, now)
		return err
	})
	return r, ok, err
}

// Put implements [campaign.Store].
func (s crowdStore) Put(ctx context.Context, r campaign.Record, over string, now time.Time) (ok bool, err error) {
	err = s.do(effectRecordPut, "", func() error {
		ctx := context.WithoutCancel(ctx)
		before, _, err := s.crowd.store.Get(ctx, r.ID, time.Time{})
		if err != nil {
			return err
		}
		if ok, err = s.crowd.store.Put(ctx, r, over, now); ok && err == nil && before.Revision != r.Revision {
			s.crowd.judgeRecord(s.life, before, r) //nolint:contextcheck // it judges what was done, even if the context has ended
		}
		return err
	})
	return ok && err == nil, err
}

// Active implements [campaign.Store].
func (s crowdStore) Active(ctx context.Context) (ids []string, err error) {
	err = s.do(effectActive, "", func() error {
		ids, err = s.crowd.store.Active(ctx)
		return err
	})
	return ids, err
}

// crowdLedger is what a campaign asks of the ledger.
type crowdLedger struct{ *life }

// Counts implements [campaign.Ledger].
func (l crowdLedger) Counts(ctx context.Context, of string, now time.Time) (counts map[delivery.State]int, err error) {
	err = l.do(effectCounts, "", func() error {
		counts, err = l.world.ledger.Counts(ctx, of, now)
		return err
	})
	return counts, err
}

// States implements [campaign.Ledger].
func (l crowdLedger) States(ctx context.Context, ids []string, now time.Time) (items map[string]delivery.Item, err error) {
	err = l.do(effectStates, "", func() error {
		items, err = l.world.ledger.States(ctx, ids, now)
		return err
	})
	return items, err
}

// crowdQueue is a queue as whoever feeds it sees it.
type crowdQueue struct {
	lifeQueue
	crowd *crowd
}

// Enqueue implements [delivery.Queue].
func (q crowdQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	q.crowd.judgeFeed(q.life, records) //nolint:contextcheck // it judges what is done, even if the context has ended
	return q.lifeQueue.Enqueue(ctx, records...)
}

// Depth implements [delivery.Backlog]. It may be a minute behind.
func (q crowdQueue) Depth(context.Context) (depth int, err error) {
	err = q.do(effectDepth, "", func() error {
		depth = q.world.queues[q.lane].Depth()
		if q.world.happens(staleDepth, q.who, q.crowd.story.stale) {
			q.world.mu.Lock()
			defer q.world.mu.Unlock()
			depth = q.crowd.sampled[q.lane]
		}
		return nil
	})
	return depth, err
}

// crowdFiles are the files as a process sees them.
type crowdFiles struct {
	*life
	crowd *crowd
}

// Open implements [campaign.Files].
func (f crowdFiles) Open(ctx context.Context, name string) (file campaign.File, err error) {
	err = f.do(effectFileOpen, name, func() error {
		file, err = f.crowd.files.Open(ctx, name)
		return err
	})
	if err != nil {
		if file.ReadCloser != nil {
			_ = file.Close() // it was opened, and nobody was told
		}
		return campaign.File{}, err
	}
	file.ReadCloser = crowdReader{f.life, file.ReadCloser}
	return file, nil
}

// Range implements [campaign.Files].
func (f crowdFiles) Range(ctx context.Context, name string, from, n int64) (part []byte, err error) {
	err = f.do(effectFileRange, name, func() error {
		part, err = f.crowd.files.Range(ctx, name, from, n)
		return err
	})
	return part, err
}

// Create implements [campaign.Files].
func (f crowdFiles) Create(ctx context.Context, name string) (w campaign.Writer, err error) {
	err = f.do(effectFileCreate, name, func() error {
		w, err = f.crowd.files.Create(ctx, name)
		return err
	})
	if err != nil {
		if w != nil {
			w.Abort()
		}
		return nil, err
	}
	return crowdWriter{f.life, w}, nil
}

type crowdReader struct {
	*life
	file io.ReadCloser
}

// Read implements [io.Reader].
func (r crowdReader) Read(p []byte) (n int, err error) {
	ended := r.do(effectFileRead, "", func() error {
		n, err = r.file.Read(p)
		return nil
	})
	if ended != nil {
		return 0, ended
	}
	return n, err
}

// Close implements [io.Closer].
func (r crowdReader) Close() error { return r.file.Close() }

type crowdWriter struct {
	*life
	campaign.Writer
}

// Write implements [io.Writer].
func (w crowdWriter) Write(p []byte) (n int, err error) {
	err = w.do(effectFileWrite, "", func() error {
		n, err = w.Writer.Write(p)
		return err
	})
	return n, err
}

// Commit implements [campaign.Writer].
func (w crowdWriter) Commit(ctx context.Context) error {
	return w.do(effectFileCommit, "", func() error { return w.Writer.Commit(ctx) })
}
