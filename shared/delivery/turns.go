package delivery

import (
	"context"
	"errors"
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
	// maxSlotAge is how long after its time a slot that was given back is still of use: about as long as the pace
	// itself makes up for.
	maxSlotAge = time.Second
)

// turns hands out the slots of a batch. It reserves as many at once as there are records that need one.
type turns struct {
	sender   *Sender
	gathered *gathering
	// patient says to wait for slots as long as there is time, instead of giving the records back at once: a worker
	// that took the next batch would only meet the same pause. It holds where there is one account only: with several,
	// those that are free must not wait for the others.
	patient bool

	mu    sync.Mutex
	lines map[line]*queueing
}

// line is whom a slot is for.
type line struct {
	account string
	lane    Lane
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
	epoch   int
	retryAt time.Time
	err     error
}

// errReserve is what those who wait learn of a reservation that panicked.
var errReserve = errors.New("the reservation of slots did not end")

func newTurns(s *Sender) *turns {
	return &turns{sender: s, gathered: newGathering(1), lines: map[line]*queueing{}}
}

// turn is the place of one record in a batch.
type turn struct {
	turns     *turns
	workspace string
	lane      Lane
	once      sync.Once
	in        *queueing // once it has asked for a slot
	slot      time.Time // zero if there is none, or it was used
	epoch     int       // that of the slot
}

func (t *turns) join() *turn { return &turn{turns: t} }

// arrive says that it is known of this record whether it needs a slot.
func (t *turn) arrive() { t.once.Do(t.turns.gathered.arrive) }

// leave ends the turn. A slot that was not used passes to the next.
func (t *turn) leave() {
	t.arrive()
	t.giveBack()
}

func (t *turn) giveBack() {
	if t.in != nil && !t.slot.IsZero() {
		t.in.giveBack(t.slot, t.epoch)
	}
	t.slot = time.Time{}
}

// use says that the slot has been used.
func (t *turn) use() { t.slot = time.Time{} }

// drop says that no slot of the account is worth anything any more: it has to wait.
func (t *turn) drop(account string) {
	t.turns.mu.Lock()
	defer t.turns.mu.Unlock()
	for l, q := range t.turns.lines {
		if l.account == account {
			q.drop()
		}
	}
}

// wait waits for a slot, and returns the key to use at it; or when to come back, if there is no slot before until.
func (t *turn) wait(ctx context.Context, until time.Time) (apikey.Key, time.Time, error) {
	s := t.turns.sender
	for {
		key, err := s.key(ctx, t.workspace)
		if err != nil {
			return key, time.Time{}, err
		}
		t.in = t.turns.queueing(line{account: key.Account, lane: t.lane})
		slot, epoch, retryAt, err := t.in.take(ctx, t, key, until)
		if err != nil || !retryAt.IsZero() {
			return key, retryAt, err
		}
		t.slot, t.epoch = slot, epoch
		if err := s.Clock.Sleep(ctx, slot.Sub(s.Clock.Now())); err != nil {
			return key, time.Time{}, fmt.Errorf("wait for a slot of account %s: %w", key.Account, err)
		}
		// The secret may have been read anew while this record waited.
		fresh, err := s.key(ctx, t.workspace)
		if err != nil {
			return key, time.Time{}, err
		}
		if t.in.holds(epoch) && fresh.Account == key.Account {
			return fresh, time.Time{}, nil
		}
		t.giveBack()
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
		slot, epoch, r, mine := q.next()
		if r == nil {
			return slot, epoch, time.Time{}, nil
		}
		if mine {
			q.reserve(ctx, r, key, until)
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return time.Time{}, 0, time.Time{}, ctx.Err()
		}
		if (r.err != nil || !r.retryAt.IsZero()) && !q.hasFree() {
			return time.Time{}, 0, r.retryAt, r.err
		}
	}
}

// next is a slot that is free, or the request to wait for, which is the caller's own if there was none under way.
func (q *queueing) next() (slot time.Time, epoch int, r *request, mine bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forgetOld()
	if len(q.free) > 0 {
		slot, q.free = q.free[0], q.free[1:]
		return slot, q.epoch, nil, false
	}
	if q.request != nil {
		return time.Time{}, 0, q.request, false
	}
	q.request = &request{done: make(chan struct{}), epoch: q.epoch, err: errReserve}
	return time.Time{}, 0, q.request, true
}

// forgetOld drops slots that were given back too late to be used: the account has gone on without them. q.mu is held.
func (q *queueing) forgetOld() {
	oldest := q.turns.sender.Clock.Now().Add(-maxSlotAge)
	q.free = slices.DeleteFunc(q.free, func(slot time.Time) bool { return slot.Before(oldest) })
}

func (q *queueing) hasFree() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forgetOld()
	return len(q.free) > 0
}

// reserve asks the pacer for as many slots as there are records that wait, and waits until there are some or it is
// too late. Whatever becomes of it, those who wait for the request learn of it.
func (q *queueing) reserve(ctx context.Context, r *request, key apikey.Key, until time.Time) {
	var got []time.Time
	defer func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if r.epoch == q.epoch {
			q.free = append(q.free, got...)
		}
		q.request = nil
		close(r.done)
	}()
	got, r.retryAt, r.err = q.ask(ctx, key, until)
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
		if !until.After(now) || !q.turns.patient || !s.oneAccount(ctx) {
			return nil, latest, nil
		}
		if err := s.Clock.Sleep(ctx, max(earlier(next, until).Sub(now), time.Millisecond)); err != nil {
			return nil, time.Time{}, fmt.Errorf("wait for account %s: %w", account.Name, err)
		}
	}
}

// oneAccount says whether all messages are of one account.
func (s *Sender) oneAccount(ctx context.Context) bool {
	keys, err := s.Keys.Get(ctx)
	return err == nil && keys.Accounts() == 1
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
