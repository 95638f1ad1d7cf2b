package later_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/latertest"
	"dmlysender/shared/queue"
)

func TestMemoryIsAScheduler(t *testing.T) {
	t.Parallel()
	latertest.Run(t, synctest.Test, func(t *testing.T) latertest.Subject {
		t.Helper()
		queues := latertest.NewQueues()
		m := later.NewMemory(delivery.SystemClock{}, queues.For)
		go m.Run(t.Context())
		return latertest.Subject{Scheduler: m, Receive: queues.Receive, Minute: time.Minute}
	})
}

func TestMemoryIsToTheSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		queues := latertest.NewQueues()
		m := later.NewMemory(delivery.SystemClock{}, queues.For)
		go m.Run(t.Context())
		want := time.Now().Add(17*time.Minute + 300*time.Millisecond)
		if err := m.Schedule(t.Context(), delivery.NormalLane, delivery.Record{ID: "a", Delay: time.Hour}, want); err != nil {
			t.Fatal(err)
		}
		if _, err := queues.Receive(t.Context(), delivery.NormalLane); err != nil || !time.Now().Equal(want) {
			t.Errorf("it came at %v, %v, want %v", time.Now(), err, want)
		}
		if n := m.Len(); n != 0 {
			t.Errorf("%d records are still held", n)
		}
	})
}

// balky is a queue that takes nothing for some time.
type balky struct {
	*queue.Memory
	until time.Time
}

func (b balky) Enqueue(ctx context.Context, records ...delivery.Record) error {
	if time.Now().Before(b.until) {
		return errors.New("not now")
	}
	return b.Memory.Enqueue(ctx, records...)
}

func TestMemoryKeepsWhatAQueueDoesNotTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until := time.Now().Add(10 * time.Second)
		q := balky{queue.NewMemory(time.Now), until}
		m := later.NewMemory(delivery.SystemClock{}, func(delivery.Lane) delivery.Queue { return q })
		go m.Run(t.Context())
		if err := m.Schedule(t.Context(), delivery.NormalLane, delivery.Record{ID: "a"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		got, err := q.Receive(t.Context(), 1, time.Minute)
		if err != nil || got[0].ID != "a" || time.Now().After(until.Add(time.Second)) {
			t.Errorf("got %+v, %v, after %v", got, err, time.Since(until))
		}
	})
}

func TestMemoryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := later.NewMemory(delivery.SystemClock{}, latertest.NewQueues().For)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); m.Run(ctx) }()
		if err := m.Schedule(t.Context(), delivery.NormalLane, delivery.Record{ID: "a"}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		begin := time.Now()
		cancel()
		<-ended
		if took := time.Since(begin); took > 0 || m.Len() != 1 {
			t.Errorf("it ended after %v and holds %d records, want 1 at once", took, m.Len())
		}
	})
}
