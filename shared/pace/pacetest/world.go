package pacetest

import (
	"math/rand/v2"
	"slices"
	"time"

	"dmlysender/shared/delivery"
)

// world plays workers that share one account's pace, in a time of its own: one after the other, each when its turn comes.
type world struct {
	failer
	now     time.Time
	random  *rand.Rand
	account delivery.Account
	workers []*worker
	// sent is when messages went out, by a clock that is right.
	sent []time.Time
	// delayed is what the latest delay asked for.
	delayed time.Time
}

func newWorld(t failer, seed uint64) *world {
	return &world{
		failer: t, now: start, account: delivery.Account{Name: "default", KeyVersion: "v1"},
		random: rand.New(rand.NewPCG(seed, seed)), //nolint:gosec // it has to come out the same again
	}
}

// worker is a function that a queue invokes with batch after batch, and that sends each message at its slot.
type worker struct {
	*world
	pacer delivery.Pacer
	lane  delivery.Lane
	// fast is how far its clock is ahead.
	fast time.Duration
	// invocation is how much of its time-out it can use.
	invocation time.Duration
	batch      int
	// rests is how often, of a thousand steps, there is nothing to send for a while.
	rests int
	// dies is how often, of a thousand reservations, it ends before it uses them.
	dies int
	// told is how often, of a thousand reservations, DMLY asks it to wait instead of taking what it sends.
	told int
	// leaves makes it go after one batch.
	leaves bool

	next     time.Time // its turn; zero if it has left
	left     int       // of its batch
	deadline time.Time // by its clock
}

// join makes the worker one of the world's.
func (w *world) join(worker *worker, from func(now func() time.Time) Pacer) {
	worker.world, worker.next = w, start.Add(w.upTo(5*time.Second))
	worker.pacer = from(worker.clock)
	w.workers = append(w.workers, worker)
}

func (w *worker) clock() time.Time { return w.now.Add(w.fast) }

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.random.Int64N(int64(d))) }

func (w *world) once(ofThousand int) bool { return w.random.IntN(1000) < ofThousand }

// play lets the workers work for so long, or until something is wrong.
func (w *world) play(length time.Duration) {
	for end := w.now.Add(length); !w.Failed(); {
		next := w.workers[0]
		for _, worker := range w.workers {
			if !worker.next.IsZero() && (next.next.IsZero() || worker.next.Before(next.next)) {
				next = worker
			}
		}
		if next.next.IsZero() || next.next.After(end) {
			w.now = end
			return
		}
		w.now = next.next
		next.step()
	}
}

// step is one reservation, with what follows from it.
func (w *worker) step() {
	if w.left == 0 && w.leaves && !w.deadline.IsZero() {
		w.next = time.Time{}
		return
	}
	if w.left == 0 {
		w.left, w.deadline = w.batch, w.clock().Add(w.invocation)
	}
	r, err := w.pacer.Reserve(w.Context(), w.account, w.lane, w.left, w.deadline)
	if err != nil { // every answer was lost
		w.left, w.next = 0, w.now.Add(time.Second)
		return
	}
	check(w, r, w.left, w.clock(), w.deadline)
	if len(r.Slots) == 0 {
		w.wait(r.RetryAt)
		return
	}
	if w.once(w.dies) {
		w.left, w.next = 0, w.now.Add(w.upTo(time.Minute))
		return
	}
	if r.Slots[0].Before(w.delayed) {
		w.Errorf("a slot at %v, though the account is delayed until %v", r.Slots[0].Sub(start), w.delayed.Sub(start))
	}
	if w.once(w.told) {
		w.delay(w.clock().Add(w.upTo(time.Minute)))
	}
	for _, at := range r.Slots {
		w.sent = append(w.sent, at.Add(-w.fast))
	}
	w.left -= len(r.Slots)
	w.next = r.Slots[len(r.Slots)-1].Add(-w.fast)
	switch {
	case w.once(w.rests):
		w.left, w.next = 0, w.next.Add(w.upTo(2*time.Minute))
	case w.left == 0 && !w.leaves: // the next batch
		w.next = w.next.Add(w.upTo(20 * time.Millisecond))
	}
}

func (w *worker) delay(until time.Time) {
	if err := w.pacer.Delay(w.Context(), w.account.Name, until); err == nil && until.After(w.delayed) {
		w.delayed = until
	}
}

// wait is what comes of a reservation without slots: the invocation waits, or the records come back.
func (w *worker) wait(retryAt time.Time) {
	if retryAt.Before(w.deadline) {
		w.next = retryAt.Add(-w.fast)
		return
	}
	w.left, w.next = 0, comeBack(w.clock(), retryAt).Add(-w.fast-w.upTo(roundTrip))
}

// sentBy is when messages went out up to now, in order. Slots are reserved beyond.
func (w *world) sentBy() []time.Time {
	slices.SortFunc(w.sent, time.Time.Compare)
	after, _ := slices.BinarySearchFunc(w.sent, w.now.Add(1), time.Time.Compare)
	return w.sent[:after]
}
