package delivery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dmlysender/shared/apikey"
)

// turns hands out the slots of a batch. It reserves as many at once as there are records that need one.
type turns struct {
	sender   *Sender
	gathered *gathering
	// patient says to wait for slots as long as there is time, instead of giving the records back at once: a worker
	// that took the next batch would only meet the same pause.
	patient bool

	mu    sync.Mutex
	lines map[line]*queueing
}

// line is whom a slot is for.
type line struct {
	account string
	lane    Lane
}

func newTurns(s *Sender) *turns {
	return &turns{sender: s, gathered: newGathering(1), lines: map[line]*queueing{}}
}

// turn is the place of one record in a batch.
type turn struct {
	turns     *turns
	workspace string
	lane      Lane
	latest    time.Time // after which no slot is of use; the zero time if the context's deadline alone says
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
	var began time.Time
	for {
		key, err := s.key(ctx, t.workspace)
		if err != nil {
			return key, time.Time{}, err
		}
		if began.IsZero() {
			began = s.Clock.Now()
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
			s.waited(began)
			return fresh, time.Time{}, nil
		}
		t.giveBack()
	}
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
