package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/queuetest"
)

func subject(q *queue.Memory) queuetest.Subject {
	return queuetest.Subject{Queue: q, Receive: q.Receive, Delete: func(r queue.Received) { q.Delete(r.MessageID) }}
}

func TestMemoryIsAQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, synctest.Test, func(*testing.T) queuetest.Subject { return subject(queue.NewMemory(time.Now)) })
}

func TestMemoryTellsItsDepth(t *testing.T) {
	t.Parallel()
	queuetest.RunBacklog(t, synctest.Test, func(*testing.T) (queuetest.Subject, delivery.Backlog) {
		q := queue.NewMemory(time.Now)
		return subject(q), q
	})
}

func TestInMemoryWhatIsPostponedCountsOnceItsTimeHasCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.NewMemory(time.Now)
		depth := func(when string, want int) {
			t.Helper()
			if got, err := q.Depth(t.Context()); err != nil || got != want {
				t.Errorf("%s: got %d, %v, want %d", when, got, err, want)
			}
		}
		enqueue(t, q, delivery.Record{ID: "a"}, delivery.Record{ID: "b"})
		receipt := receive(t, q)[0].Receipt
		if err := q.Postpone(t.Context(), delivery.Postponement{Receipt: receipt, After: 30 * time.Second}); err != nil {
			t.Fatal(err)
		}
		depth("one postponed", 1)
		<-time.After(30 * time.Second)
		depth("its time has come", 2)
		receive(t, q)
		depth("it is worked on", 2)
		<-time.After(time.Hour)
		depth("nobody has deleted them", 2)
	})
}

func TestNothingStandsWhereAllIsSentAtOnce(t *testing.T) {
	t.Parallel()
	if got, err := (queue.Direct{}).Depth(t.Context()); err != nil || got != 0 {
		t.Errorf("got %d, %v, want 0", got, err)
	}
}

func receive(t *testing.T, q *queue.Memory) []queue.Received {
	t.Helper()
	got, err := q.Receive(t.Context(), 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func enqueue(t *testing.T, q *queue.Memory, records ...delivery.Record) {
	t.Helper()
	if err := q.Enqueue(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
}

func TestARecordComesAgainUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, start := queue.NewMemory(time.Now), time.Now()
		enqueue(t, q, delivery.Record{ID: "a", Body: []byte("{}")})
		first := receive(t, q)
		if len(first) != 1 || first[0].ID != "a" || first[0].Receives != 1 || time.Since(start) != 0 {
			t.Fatalf("first %+v after %v", first, time.Since(start))
		}
		second := receive(t, q)
		if len(second) != 1 || second[0].Receives != 2 || time.Since(start) != time.Minute {
			t.Errorf("second %+v after %v, want a minute", second, time.Since(start))
		}
		q.Delete(second[0].MessageID)
		q.Delete(second[0].MessageID)
		if q.Len() != 0 {
			t.Errorf("%d records are left", q.Len())
		}
	})
}

func TestOnlyTheLastReceiptOfARecordPostponesItAndOnlyInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.NewMemory(time.Now)
		enqueue(t, q, delivery.Record{ID: "a"})
		first := receive(t, q)[0].Receipt
		second := receive(t, q)[0].Receipt
		want := `postpone the record of receipt "` + first + `": it is visible again, or deleted`
		if err := q.Postpone(t.Context(), delivery.Postponement{Receipt: first}); err == nil || err.Error() != want {
			t.Errorf("with an earlier receipt: got %v, want %s", err, want)
		}
		<-time.After(time.Minute)
		if err := q.Postpone(t.Context(), delivery.Postponement{Receipt: second}); err == nil {
			t.Error("it was postponed after its visibility time-out")
		}
	})
}

func TestADelayedRecordIsHeldBackAndWhatArrivesWakesTheReceiver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, start := queue.NewMemory(time.Now), time.Now()
		enqueue(t, q, delivery.Record{ID: "late", Delay: 30 * time.Second})
		go func() {
			<-time.After(time.Second)
			_ = q.Enqueue(context.Background(), delivery.Record{ID: "now"})
		}()
		if got := receive(t, q); len(got) != 1 || got[0].ID != "now" || time.Since(start) != time.Second {
			t.Errorf("%+v after %v", got, time.Since(start))
		}
		if got := receive(t, q); len(got) != 1 || got[0].ID != "late" || time.Since(start) != 30*time.Second {
			t.Errorf("%+v after %v", got, time.Since(start))
		}
	})
}

func TestABatchIsNoLargerThanAskedForAndTheRestFollows(t *testing.T) {
	t.Parallel()
	q := queue.NewMemory(time.Now)
	for range 12 {
		enqueue(t, q, delivery.Record{})
	}
	if a, b := len(receive(t, q)), len(receive(t, q)); a != 10 || b != 2 {
		t.Errorf("batches of %d and %d, want 10 and 2", a, b)
	}
}

func TestReceiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := queue.NewMemory(time.Now).Receive(ctx, 10, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestDirectSendsAtOnceAndSaysWhatCannotWait(t *testing.T) {
	t.Parallel()
	var got []string
	results := map[string]delivery.Result{
		"sent":    {Item: delivery.Item{ID: "sent", State: delivery.Sent}, Done: true},
		"waiting": {Item: delivery.Item{ID: "waiting", State: delivery.Waiting}},
		"early":   {Item: delivery.Item{ID: "early"}},
	}
	q := queue.Direct{Deliver: func(_ context.Context, r delivery.Record) (delivery.Result, error) {
		got = append(got, r.ID)
		if r.ID == "broken" {
			return delivery.Result{}, errors.New("the ledger does not answer")
		}
		return results[r.ID], nil
	}}
	if err := q.Enqueue(t.Context(), delivery.Record{ID: "sent"}, delivery.Record{ID: "recheck", Recheck: true}); err != nil {
		t.Errorf("sent: %v", err)
	}
	err := q.Enqueue(t.Context(), delivery.Record{ID: "waiting"}, delivery.Record{ID: "broken"}, delivery.Record{ID: "early"})
	for _, want := range []string{"message waiting is waiting, and there is no queue to bring it back", "send message broken at once: the ledger does not answer", "message early is not due yet"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
	if strings.Join(got, " ") != "sent waiting broken early" {
		t.Errorf("delivered %v", got)
	}
}

func TestLanes(t *testing.T) {
	t.Parallel()
	normal, bulk := queue.NewMemory(time.Now), queue.NewMemory(time.Now)
	lanes := queue.Lanes{Normal: normal, Bulk: bulk}
	if lanes.For(delivery.NormalLane) != delivery.Queue(normal) || lanes.For(delivery.BulkLane) != delivery.Queue(bulk) {
		t.Error("a lane leads to the other's queue")
	}
}
