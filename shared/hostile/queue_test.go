package hostile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/queuetest"
)

const visibility = time.Minute

// sender is a queue as the project's own suite takes one.
type sender struct {
	*hostile.Queue[delivery.Record]
}

// Enqueue implements [delivery.Queue].
func (s sender) Enqueue(ctx context.Context, records ...delivery.Record) error {
	for _, r := range records {
		if ctx.Err() != nil {
			break
		}
		s.Send(r, r.Delay)
	}
	return ctx.Err()
}

// Postpone implements [delivery.Postponer].
func (s sender) Postpone(ctx context.Context, records ...delivery.Postponement) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var problems []error
	for _, r := range records {
		if !s.Hide(r.Receipt, r.After) {
			problems = append(problems, fmt.Errorf("there is no receipt %q", r.Receipt))
		}
	}
	return errors.Join(problems...)
}

func (s sender) receive(ctx context.Context, n int, visibility time.Duration) ([]queue.Received, error) {
	for {
		var got []queue.Received
		for _, r := range s.Receive(n) {
			s.Hide(r.Receipt, visibility)
			got = append(got, queue.Received{Record: r.Body, MessageID: r.ID, Receipt: r.Receipt, Receives: r.Receives, SentAt: r.SentAt})
		}
		if len(got) > 0 {
			return got, nil
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// Where it means no mischief, it is a queue like the others.
func TestQueueIsAQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, synctest.Test, func(*testing.T) queuetest.Subject {
		s := sender{hostile.NewQueue[delivery.Record](visibility, hostile.Mischief{}, 1)}
		return queuetest.Subject{Queue: s, Receive: s.receive, Delete: func(r queue.Received) { s.Delete(r.MessageID) }}
	})
}

// consume plays a queue of n records to its end: all that is visible is taken, and deleted ten seconds later. It lists what
// was received when. After two hours, everything that is to come has come.
func consume(t *testing.T, mischief hostile.Mischief, seed uint64, n int) (received []string, q *hostile.Queue[int]) {
	t.Helper()
	start := time.Now()
	q = hostile.NewQueue[int](visibility, mischief, seed)
	for i := range n {
		q.Send(i, 0)
	}
	for time.Since(start) < 2*time.Hour {
		got := q.Receive(n)
		again := q.Receive(n)
		for _, r := range slices.Concat(got, again) {
			received = append(received, fmt.Sprintf("%v: %d", time.Since(start), r.Body))
		}
		<-time.After(10 * time.Second)
		for _, r := range got {
			q.Delete(r.ID)
		}
	}
	return received, q
}

func TestEachMischiefHappensAlwaysOrNever(t *testing.T) {
	t.Parallel()
	const n = 20
	inOrder := make([]string, n)
	for i := range inOrder {
		inOrder[i] = "0s: " + strconv.Itoa(i)
	}
	type counts struct{ twice, ghosts, late int }
	tests := map[string]struct {
		mischief hostile.Mischief
		done     counts
		received int
		// holds says what has to be true of what was received.
		holds func(received []string) bool
	}{
		"none": {
			received: n,
			holds:    func(received []string) bool { return slices.Equal(received, inOrder) },
		},
		"twice": {
			mischief: hostile.Mischief{Twice: 1}, done: counts{twice: 2 * n}, received: 2 * n,
			holds: func(received []string) bool { return slices.Equal(received, slices.Concat(inOrder, inOrder)) },
		},
		"ghosts": {
			mischief: hostile.Mischief{Ghost: 1}, done: counts{ghosts: n}, received: 2 * n,
			holds: func(received []string) bool {
				return slices.Equal(received[:n], inOrder) && !slices.ContainsFunc(received[n:], func(r string) bool { return strings.HasPrefix(r, "0s:") })
			},
		},
		"late": {
			mischief: hostile.Mischief{Late: 1}, done: counts{late: n}, received: n,
			holds: func(received []string) bool {
				return !slices.ContainsFunc(received, func(r string) bool {
					at, _, _ := strings.Cut(r, ":")
					d, err := time.ParseDuration(at)
					return err != nil || d == 0 || d > 15*time.Minute+10*time.Second
				})
			},
		},
		"shuffled": {
			mischief: hostile.Mischief{Shuffle: true}, received: n,
			holds: func(received []string) bool {
				sorted := slices.Clone(inOrder)
				slices.Sort(sorted)
				return !slices.Equal(received, inOrder) && slices.Equal(slices.Sorted(slices.Values(received)), sorted)
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				received, q := consume(t, tc.mischief, 1, n)
				var done counts
				done.twice, done.ghosts, done.late = q.Done()
				if done != tc.done || len(received) != tc.received || !tc.holds(received) {
					t.Errorf("%+v with %d records, want %+v with %d: %q", done, len(received), tc.done, tc.received, received)
				}
				if at, ok := q.Next(); ok {
					t.Errorf("a record is left, visible at %v", at)
				}
			})
		})
	}
}

func TestASeedRepeatsTheMischief(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		some := hostile.Mischief{Twice: 0.3, Ghost: 0.3, Late: 0.3, Shuffle: true}
		first, q := consume(t, some, 1, 50)
		if twice, ghosts, late := q.Done(); twice == 0 || ghosts == 0 || late == 0 || ghosts == 50 || late == 50 {
			t.Errorf("of 50 records, %d were given out twice, %d deleted in vain, %d late", twice, ghosts, late)
		}
		second, _ := consume(t, some, 1, 50)
		if !slices.Equal(first, second) {
			t.Errorf("got %q, then %q", first, second)
		}
		if other, _ := consume(t, some, 2, 50); slices.Equal(first, other) {
			t.Errorf("two seeds give %q", other)
		}
	})
}

func TestARecordIsHiddenWhileItsReceiptIsGood(t *testing.T) {
	t.Parallel()
	type q = hostile.Queue[string]
	type received = hostile.Received[string]
	tests := map[string]struct {
		mischief hostile.Mischief
		receipt  func(*q, received) string
		want     bool
	}{
		"its last receipt":      {want: true, receipt: func(_ *q, r received) string { return r.Receipt }},
		"given to two at once":  {want: true, mischief: hostile.Mischief{Twice: 1}, receipt: func(_ *q, r received) string { return r.Receipt }},
		"the first of two":      {mischief: hostile.Mischief{Twice: 1}, receipt: func(q *q, r received) string { q.Receive(1); return r.Receipt }},
		"its time is over":      {receipt: func(_ *q, r received) string { <-time.After(visibility); return r.Receipt }},
		"visible again already": {receipt: func(q *q, r received) string { q.Hide(r.Receipt, 0); return r.Receipt }},
		"deleted":               {receipt: func(q *q, r received) string { q.Delete(r.ID); return r.Receipt }},
		"deleted, and a ghost":  {mischief: hostile.Mischief{Ghost: 1}, receipt: func(q *q, r received) string { q.Delete(r.ID); return r.Receipt }},
		"another one's":         {receipt: func(*q, received) string { return "record-2/1" }},
		"none":                  {receipt: func(q *q, r received) string { q.Delete(r.ID); q.Send("never received", 0); return "" }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := hostile.NewQueue[string](visibility, tc.mischief, 1)
				q.Send("a", 0)
				receipt := tc.receipt(q, q.Receive(1)[0])
				before, _ := q.Next()
				until := time.Now().Add(2 * time.Hour)
				got := q.Hide(receipt, 2*time.Hour)
				after, _ := q.Next()
				if got != tc.want || got && !after.Equal(until) || !got && !after.Equal(before) {
					t.Errorf("hidden %v, want %v; visible at %v, before at %v", got, tc.want, after, before)
				}
			})
		})
	}
}

func TestADeletedRecordIsGoneThoughItMayComeAgain(t *testing.T) {
	t.Parallel()
	for name, mischief := range map[string]hostile.Mischief{"gone": {}, "a ghost": {Ghost: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := hostile.NewQueue[string](visibility, mischief, 1)
				has := func() bool { return q.Has(func(body string) bool { return body == "a" }) }
				q.Send("a", time.Hour)
				if !has() || q.Has(func(body string) bool { return body == "b" }) || q.Delete("b") || len(q.Receive(1)) > 0 {
					t.Error("before its time, it is not there and hidden")
				}
				<-time.After(time.Hour)
				first := q.Receive(1)[0]
				if !has() || !q.Delete(first.ID) || has() {
					t.Error("given out, it was not there, or it was not deleted")
				}
				deleted := time.Now()
				next, ghost := q.Next()
				if ghost != (mischief.Ghost > 0) || ghost && (next.Before(deleted) || next.After(deleted.Add(time.Hour))) {
					t.Fatalf("deleted at %v, it comes again %v, at %v", deleted, ghost, next)
				}
				if ghost {
					<-time.After(time.Until(next))
					if again := q.Receive(1); len(again) != 1 || again[0].ID != first.ID || again[0].Receives != 2 || again[0].Receipt == first.Receipt {
						t.Errorf("it came again as %+v after %+v", again, first)
					}
				}
				if q.Delete(first.ID) || has() {
					t.Error("it was deleted for the first time twice")
				}
				if _, ok := q.Next(); ok {
					t.Error("it is still there")
				}
			})
		})
	}
}

func TestNextIsTheFirstThatBecomesVisible(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, start := hostile.NewQueue[string](visibility, hostile.Mischief{}, 1), time.Now()
		next := func(want time.Duration) {
			t.Helper()
			if at, ok := q.Next(); !ok || at.Sub(start) != want {
				t.Errorf("next in %v (%v), want %v", at.Sub(start), ok, want)
			}
		}
		if _, ok := q.Next(); ok {
			t.Error("there is a next record on an empty queue")
		}
		q.Send("late", 2*visibility)
		next(2 * visibility)
		q.Send("now", 0)
		next(0)
		<-time.After(time.Second)
		next(0)
		got := q.Receive(10)
		next(time.Second + visibility)
		q.Delete(got[0].ID)
		next(2 * visibility)
	})
}

func TestABatchIsNoLargerThanAskedFor(t *testing.T) {
	t.Parallel()
	q := hostile.NewQueue[int](visibility, hostile.Mischief{}, 1)
	for i := range 12 {
		q.Send(i, 0)
	}
	for _, sizes := range [][2]int{{-1, 0}, {0, 0}, {10, 10}, {10, 2}, {10, 0}} {
		if got := len(q.Receive(sizes[0])); got != sizes[1] {
			t.Errorf("Receive(%d) gave %d, want %d", sizes[0], got, sizes[1])
		}
	}
}

func TestDepthIsWhatIsVisibleOrGivenOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := hostile.NewQueue[string](visibility, hostile.Mischief{}, 1)
		depth := func(when string, want int) {
			t.Helper()
			if got := q.Depth(); got != want {
				t.Errorf("%s: got %d, want %d", when, got, want)
			}
		}
		q.Send("now", 0)
		q.Send("later", time.Hour)
		depth("one of two is delayed", 1)
		got := q.Receive(10)
		depth("it is given out", 1)
		q.Hide(got[0].Receipt, 2*time.Hour)
		depth("it is postponed", 1)
		q.Delete(got[0].ID)
		depth("it is deleted", 0)
		<-time.After(time.Hour)
		depth("the delay is over", 1)
	})
}
