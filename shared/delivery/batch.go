package delivery

import (
	"context"
	"sync"
	"time"

	"dmlysender/shared/message"
)

// Batch delivers records together, so that they share their reservations of the pace: one write for all of them instead
// of one for each. It is safe for concurrent use: its records are delivered at the same time, each in a goroutine of
// its caller's.
type Batch struct {
	sender *Sender
	turns  *turns
}

// Batch returns a batch of n records. DeliverRecord has to be called n times: the first slots are reserved when it
// is known of every record whether it needs one. Where there are none, because the account is paused or ahead of
// its rate, a batch waits as long as its context's deadline allows.
func (s *Sender) Batch(n int) *Batch {
	b := s.one()
	b.turns.gathered, b.turns.patient = newGathering(n), true
	return b
}

// one is a batch of one record, which comes back at once if there is no slot for it.
func (s *Sender) one() *Batch { return &Batch{sender: s, turns: newTurns(s)} }

// LaneOf is the lane that a message takes.
func LaneOf(m message.Message) Lane {
	if m.Priority == message.Bulk {
		return BulkLane
	}
	return NormalLane
}

// DeliverRecord delivers a record alone, as a batch of one.
func (s *Sender) DeliverRecord(ctx context.Context, r Record, fallbackID string, defaults message.Defaults) (Result, error) {
	return s.one().DeliverRecord(ctx, r, fallbackID, defaults)
}

// DeliverRecord decodes a queue record and delivers it, or records it as rejected if
// it cannot be decoded; see [IDOf] for its id.
func (b *Batch) DeliverRecord(ctx context.Context, r Record, fallbackID string, defaults message.Defaults) (Result, error) {
	turn := b.turns.join()
	defer turn.leave()
	m, invalid := r.decode(fallbackID, defaults)
	if invalid != nil {
		turn.arrive()
		return b.sender.Refuse(ctx, m, r.Body, invalid)
	}
	result, err := b.run(ctx, m, r, turn)
	if as[*message.Error](err) { // its id makes it too large
		turn.arrive()
		return b.sender.Refuse(ctx, m, r.Body, err)
	}
	return result, err
}

func (b *Batch) deliver(ctx context.Context, m message.Message, latest time.Time) (Result, error) {
	turn := b.turns.join()
	defer turn.leave()
	turn.latest = latest
	return b.run(ctx, m, Record{}, turn)
}

func (b *Batch) run(ctx context.Context, m message.Message, r Record, turn *turn) (Result, error) {
	c, err := b.sender.newCourse(m, r)
	if err != nil {
		return Result{}, err
	}
	if r.looksFirst() {
		turn.arrive() // it may need no slot, and the others need not wait for the ledger to say so
	}
	turn.workspace, turn.lane = m.Workspace.ID, LaneOf(m)
	j := &job{Sender: b.sender, course: c, message: m, turn: turn}
	result, err := j.run(ctx)
	b.sender.report(ctx, m, j.key, result, err)
	return result, err
}

// looksFirst says whether the ledger probably has the message, so that a read saves a slot and a write.
func (r Record) looksFirst() bool { return r.Recheck || r.Generation > 0 }

// gathering opens once so many have arrived.
type gathering struct {
	mu      sync.Mutex
	missing int
	open    chan struct{}
}

func newGathering(n int) *gathering {
	return &gathering{missing: n, open: make(chan struct{})}
}

func (g *gathering) arrive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.missing--
	if g.missing == 0 {
		close(g.open)
	}
}
