package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/sqs"
)

const (
	// visibility is short, so that what comes back is tried again soon.
	visibility = 5 * time.Second
	// invocation is the worker's time-out in the template.
	invocation = 30 * time.Second
	batchSize  = 10
)

// tracker holds the queues and remembers what went through them, for the table.
type tracker struct {
	normal, bulk *queue.Memory

	mu   sync.Mutex
	seen map[string]message.Message
}

func newTracker() *tracker {
	return &tracker{normal: queue.NewMemory(time.Now), bulk: queue.NewMemory(time.Now), seen: map[string]message.Message{}}
}

// lane is the queue as the handlers see it.
func (t *tracker) lane(q *queue.Memory) delivery.Queue { return trackedQueue{t, q} }

type trackedQueue struct {
	tracker *tracker
	queue   *queue.Memory
}

// Enqueue implements [delivery.Queue].
func (t trackedQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	for _, r := range records {
		t.tracker.note(r)
	}
	return t.queue.Enqueue(ctx, records...)
}

func (t *tracker) note(r delivery.Record) {
	m, err := message.Decode(r.Body, message.Defaults{})
	if err != nil {
		return // the worker says what is wrong with it
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[r.ID] = m
}

func (t *tracker) message(id string) message.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[id]
}

// pump is what Lambda does with a queue: it gives batches to the worker, and what
// the worker does not name as failed is deleted.
func (s *stack) pump(ctx context.Context, q *queue.Memory) {
	s.running.Go(func() {
		for {
			records, err := q.Receive(ctx, batchSize, invocation+visibility)
			if err != nil {
				return
			}
			s.invokeWorker(ctx, q, records)
		}
	})
}

func (s *stack) invokeWorker(ctx context.Context, q *queue.Memory, records []queue.Received) {
	ctx, cancel := context.WithTimeout(ctx, invocation)
	defer cancel()
	var event events.SQSEvent
	for _, r := range records {
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: r.MessageID, Body: string(r.Body), EventSource: "aws:sqs",
			Attributes: map[string]string{"ApproximateReceiveCount": strconv.Itoa(r.Receives)},
			MessageAttributes: map[string]events.SQSMessageAttribute{
				sqs.IDAttribute: {DataType: "String", StringValue: &r.ID},
			},
		})
	}
	response, err := s.worker.Handle(ctx, event)
	if err != nil {
		return // all of them become visible again
	}
	failed := map[string]bool{}
	for _, f := range response.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	var later []delivery.Postponement
	for _, r := range records {
		if failed[r.MessageID] {
			later = append(later, delivery.Postponement{Receipt: r.Receipt, After: visibility})
			continue
		}
		q.Delete(r.MessageID)
	}
	_ = q.Postpone(ctx, later...) // those that it cannot become visible a little later
}
