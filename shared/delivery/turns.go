package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"dmlysender/shared/apikey"
)

const (
	// keyCheckEvery is how often a worker that waits for a refused key looks whether there is another.
	keyCheckEvery = 10 * time.Second
	// keyCheckLatest is when a record comes back that waits for a refused key: a new one may come before the pause ends.
	keyCheckLatest = time.Minute
)

// turns hands out the slots of a batch. It reserves as many at once as there are records that need one.
type turns struct {
	sender   *Sender
	gathered *gathering
	// patient says to wait for slots as long as there is time, instead of giving the records back at once: a
	// worker that took the next batch would only meet the same pause.
	patient bool

	mu    sync.Mutex
	lines map[line]*queueing
}

// line is whom a slot is for.
type line struct {
	workspace string // only until the key, and with it the account, is known
	account   string
	lane      Lane
}

// queueing are the records of a batch that wait for slots of one line.
type queueing struct {
	turns *turns
	line  line

	mu      sync.Mutex
	waiting int
	free    []time.Time
	// epoch changes when the slots that were given out are worth nothing any more.
	epoch int
	// request is the reservation under way, if there is one.
	request *request
}

// request is one reservation, and all who wait for it. Its results are written before done is closed.
type request struct {
	done    chan struct{}
	retryAt time.Time
	err     error
}

func newTurns(s *Sender) *turns {
	return &turns{sender: s, gathered: newGathering(1), lines: map[line]*queueing{}}
}

// turn is the place of one record in a batch.
type turn struct {
	turns  *turns
	line   line
	once   sync.Once
	in     *queueing
	slot   time.Time // zero if there is none, or it was used
	inside int       // the epoch of the slot
}

func (t *turns) join() *turn { return &turn{turns: t} }

// arrive says that it is known of this record whether it needs a slot.
func (t *turn) arrive() { t.once.Do(t.turns.gathered.arrive) }

// leave ends the turn. A slot that was not used passes to the next.
func (t *turn) leave() {
	t.arrive()
	if t.in != nil && !t.slot.IsZero() {
		t.in.giveBack(t.slot, t.inside)
	}
}

// use says that the slot has been used.
func (t *turn) use() { t.slot = time.Time{} }

// drop says that no slot of this line is worth anything any more: the account has to wait.
func (t *turn) drop() {
	if t.in != nil {
		t.in.drop()
	}
}

// wait waits for a slot, and returns the key to use at it; or when to come back, if there is no slot before until.
func (t *turn) wait(ctx context.Context, until time.Time) (key apikey.Key, retryAt time.Time, err error) {
	s := t.turns.sender
	for {
		if key, err = s.key(ctx, t.line.workspace); err != nil {
			return key, time.Time{}, err
		}
		t.in = t.turns.queueing(line{account: key.Account, lane: t.line.lane})
		slot, epoch, retryAt, err := t.in.take(ctx, t, key, until)
		if err != nil || !retryAt.IsZero() {
			return key, retryAt, err
		}
		t.slot, t.inside = slot, epoch
		if err := s.Clock.Sleep(ctx, slot.Sub(s.Clock.Now())); err != nil {
			return key, time.Time{}, fmt.Errorf("wait for a slot of account %s: %w", key.Account, err)
		}
		if !t.in.holds(epoch) {
			t.slot = time.Time{}
			continue
		}
		// The key may have been read anew while this record waited.
		key, err = s.key(ctx, t.line.workspace)
		return key, time.Time{}, err
	}
}

func (s *Sender) key(ctx context.Context, workspace string) (apikey.Key, error) {
	keys, err := s.Keys.Get(ctx)
	if err != nil {
		return apikey.Key{}, fmt.Errorf("look up the DMLY API key: %w", err)
	}
	key, ok := keys.For(workspace)
	if !ok {
		return apikey.Key{}, fmt.Errorf("there is no DMLY API key for workspace %q: add it, or a default, to the secret", workspace)
	}
	return key, nil
}

func (t *turns) queueing(l line) *queueing {
	t.mu.Lock()
	defer t.mu.Unlock()
	q, ok := t.lines[l]
	if !ok {
		q = &queueing{turns: t, line: l}
		t.lines[l] = q
	}
	return q
}

// take returns the earliest slot that is free, reserving more if there is none.
func (q *queueing) take(ctx context.Context, t *turn, key apikey.Key, until time.Time) (slot time.Time, epoch int, retryAt time.Time, err error) {
	q.mu.Lock()
	q.waiting++
	q.mu.Unlock()
	t.arrive()
	defer func() {
		q.mu.Lock()
		q.waiting--
		q.mu.Unlock()
	}()
	for {
		q.mu.Lock()
		if len(q.free) > 0 {
			slot, q.free = q.free[0], q.free[1:]
			defer q.mu.Unlock()
			return slot, q.epoch, time.Time{}, nil
		}
		r, mine := q.request, q.request == nil
		if mine {
			r = &request{done: make(chan struct{})}
			q.request = r
		}
		q.mu.Unlock()
		if mine {
			q.reserve(ctx, r, key, until)
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return time.Time{}, 0, time.Time{}, ctx.Err()
		}
		if r.err != nil || !r.retryAt.IsZero() {
			return time.Time{}, 0, r.retryAt, r.err
		}
	}
}

// reserve asks the pacer for as many slots as there are records that wait, and waits until there are some or it is
// too late.
func (q *queueing) reserve(ctx context.Context, r *request, key apikey.Key, until time.Time) {
	slots, retryAt, err := q.ask(ctx, key, until)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free = append(q.free, slots...)
	r.retryAt, r.err = retryAt, err
	q.request = nil
	close(r.done)
}

func (q *queueing) ask(ctx context.Context, key apikey.Key, until time.Time) (slots []time.Time, retryAt time.Time, err error) {
	s := q.turns.sender
	select {
	case <-q.turns.gathered.open:
	case <-ctx.Done():
		return nil, time.Time{}, ctx.Err()
	}
	for {
		account := Account{Name: q.line.account, KeyVersion: key.Version()}
		got, err := s.Pacer.Reserve(ctx, account, q.line.lane, q.wanted(), until)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("reserve slots of account %s: %w", account.Name, err)
		}
		if len(got.Slots) > 0 {
			return got.Slots, time.Time{}, nil
		}
		now := s.Clock.Now()
		next, latest := got.RetryAt, later(got.RetryAt, now.Add(time.Second))
		if got.KeyRefused {
			if fresh, ok := s.otherKey(ctx, key); ok {
				key = fresh
				continue
			}
			next, latest = earlier(next, now.Add(keyCheckEvery)), earlier(latest, now.Add(keyCheckLatest))
		}
		if !q.turns.patient || !until.After(now) {
			return nil, latest, nil
		}
		if err := s.Clock.Sleep(ctx, max(earlier(next, until).Sub(now), time.Millisecond)); err != nil {
			return nil, time.Time{}, fmt.Errorf("wait for account %s: %w", account.Name, err)
		}
	}
}

// otherKey reads the keys anew, and returns the account's if it is another one.
func (s *Sender) otherKey(ctx context.Context, refused apikey.Key) (apikey.Key, bool) {
	keys, err := s.Keys.Refresh(ctx, refused)
	if err != nil {
		return apikey.Key{}, false
	}
	key, ok := keys.OfAccount(refused.Account)
	return key, ok && key.Version() != refused.Version()
}

func (q *queueing) wanted() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(1, q.waiting)
}

func (q *queueing) giveBack(slot time.Time, epoch int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if epoch == q.epoch {
		q.free = append(q.free, slot)
		slices.SortFunc(q.free, time.Time.Compare)
	}
}

func (q *queueing) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free = nil
	q.epoch++
}

func (q *queueing) holds(epoch int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return epoch == q.epoch
}
