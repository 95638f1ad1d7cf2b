package hostile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Received is a record that was given out.
type Received[T any] struct {
	Body T
	// ID names the record, Receipt this giving out of it.
	ID, Receipt string
	// Receives counts how often it was given out, from 1.
	Receives int
	// SentAt is when it was put on the queue.
	SentAt time.Time
}

// Mischief is how often a [Queue] does what nobody wants, as probabilities. The zero value is a queue that behaves.
type Mischief struct {
	// Twice: a record that is given out stays visible, so that somebody else gets it at the same time.
	Twice float64
	// Ghost: a record that was deleted comes again, up to an hour later.
	Ghost float64
	// Late: a record that is sent becomes visible up to 15 minutes later than it should.
	Late float64
	// Shuffle: the records are given out in any order, not in that in which they were sent.
	Shuffle bool
}

// Queue is a queue like a standard one of SQS at its worst: at least once, in no order, by visibility. It is safe for
// concurrent use.
type Queue[T any] struct {
	visibility time.Duration
	mischief   Mischief

	mu      sync.Mutex
	chance  *rand.Rand
	records []*record[T]
	made    int
	// counts of the mischief done
	twice, ghosts, late int
}

type record[T any] struct {
	Received[T]
	visibleAt time.Time
	heldUntil time.Time // when its last receipt stops being good for hiding it
	ghost     bool      // it was deleted already
}

// NewQueue returns an empty queue with a visibility time-out. Its mischief follows from the seed and the order of the calls.
func NewQueue[T any](visibility time.Duration, mischief Mischief, seed uint64) *Queue[T] {
	return &Queue[T]{visibility: visibility, mischief: mischief, chance: rand.New(rand.NewPCG(seed, 7))} //nolint:gosec // it is to be repeatable
}

// Send puts a record on the queue, hidden for the delay.
func (q *Queue[T]) Send(body T, delay time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.made++
	now := time.Now()
	if q.happens(q.mischief.Late, &q.late) {
		delay += time.Duration(q.chance.Int64N(int64(15 * time.Minute)))
	}
	q.records = append(q.records, &record[T]{
		Received:  Received[T]{Body: body, ID: fmt.Sprintf("record-%d", q.made), SentAt: now},
		visibleAt: now.Add(delay),
	})
}

// Receive gives out up to n records that are visible. It does not wait.
func (q *Queue[T]) Receive(n int) []Received[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if q.mischief.Shuffle {
		q.chance.Shuffle(len(q.records), func(i, j int) { q.records[i], q.records[j] = q.records[j], q.records[i] })
	}
	var got []Received[T]
	for _, r := range q.records {
		if len(got) >= n {
			break
		}
		if r.visibleAt.After(now) {
			continue
		}
		r.Receives++
		r.Receipt = fmt.Sprintf("%s/%d", r.ID, r.Receives)
		r.heldUntil = now.Add(q.visibility)
		if !q.happens(q.mischief.Twice, &q.twice) {
			r.visibleAt = r.heldUntil
		}
		got = append(got, r.Received)
	}
	return got
}

// Delete ends a record. Any receipt of it will do, as on a standard queue of SQS most of the time. It reports whether the
// record was there, and had not been deleted before.
func (q *Queue[T]) Delete(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.records, func(r *record[T]) bool { return r.ID == id })
	if i < 0 {
		return false
	}
	r := q.records[i]
	first := !r.ghost
	if first && q.happens(q.mischief.Ghost, &q.ghosts) {
		r.ghost, r.heldUntil = true, time.Time{}
		r.visibleAt = time.Now().Add(time.Duration(q.chance.Int64N(int64(time.Hour))))
		return true
	}
	q.records = slices.Delete(q.records, i, i+1)
	return first
}

// Hide makes a record visible in d from now, for which it needs its last receipt, before its time is over. It reports
// whether it did.
func (q *Queue[T]) Hide(receipt string, d time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, r := range q.records {
		if r.Receipt == receipt && now.Before(r.heldUntil) {
			r.heldUntil = now.Add(d)
			r.visibleAt = r.heldUntil
			return true
		}
	}
	return false
}

// Next is when the next record becomes visible, or did if it still is; ok is false if there is none.
func (q *Queue[T]) Next() (at time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, r := range q.records {
		if i == 0 || r.visibleAt.Before(at) {
			at = r.visibleAt
		}
	}
	return at, len(q.records) > 0
}

// Depth is how many records there are that are visible, or hidden because they were given out. What was sent with a delay
// counts once that is over.
func (q *Queue[T]) Depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, depth := time.Now(), 0
	for _, r := range q.records {
		if !r.ghost && (r.Receives > 0 || !r.visibleAt.After(now)) {
			depth++
		}
	}
	return depth
}

// Has says whether there is a record, given out or not and not deleted before, for which match is true. The match may not
// call the queue.
func (q *Queue[T]) Has(match func(body T) bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.records, func(r *record[T]) bool { return !r.ghost && match(r.Body) })
}

// Done is how often the queue did which mischief: a test may want to know that it happened at all.
func (q *Queue[T]) Done() (twice, ghosts, late int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.twice, q.ghosts, q.late
}

func (q *Queue[T]) happens(p float64, count *int) bool {
	if q.chance.Float64() >= p {
		return false
	}
	*count++
	return true
}
