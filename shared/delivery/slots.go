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
	// maxSlotAge is how long after its time a slot that was given back is still of use. The pace has little to spare.
	maxSlotAge = 500 * time.Millisecond
	// restAmongOthers is how long a batch waits for a paused account where there are others, too: those that are free must
	// not wait for it, but nor must the workers spin through its backlog.
	restAmongOthers = 2 * time.Second
)

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
	q.request = &request{done: make(chan struct{}), err: errReserve}
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
	got, r.retryAt, r.err = q.ask(ctx, r, key, until)
}

func (q *queueing) ask(ctx context.Context, r *request, key apikey.Key, until time.Time) (slots []time.Time, retryAt time.Time, err error) {
	s := q.turns.sender
	select {
	case <-q.turns.gathered.open:
	case <-ctx.Done():
		return nil, time.Time{}, ctx.Err()
	}
	for {
		account := Account{Name: q.line.account, KeyVersion: key.Version()}
		got, err := s.Pacer.Reserve(ctx, account, q.line.lane, q.wanted(r), until)
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
		if !until.After(now) || !q.turns.patient {
			return nil, latest, nil
		}
		wait := max(earlier(next, until).Sub(now), time.Millisecond)
		rests := wait > restAmongOthers && !s.oneAccount(ctx)
		if rests {
			wait = restAmongOthers
		}
		if err := s.Clock.Sleep(ctx, wait); err != nil {
			return nil, time.Time{}, fmt.Errorf("wait for account %s: %w", account.Name, err)
		}
		if rests {
			return nil, later(latest, s.Clock.Now().Add(time.Second)), nil
		}
	}
}

// wanted is how many slots to ask for. From here on, a pause makes what is had worthless.
func (q *queueing) wanted(r *request) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.epoch = q.epoch
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
