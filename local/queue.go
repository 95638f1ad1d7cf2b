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
	// invocation is the worker's time-out in the template.
	invocation = 30 * time.Second
	// visibility is short, so that what was not postponed is tried again soon.
	visibility = invocation + 5*time.Second
	batchSize  = 10
)

// The names of the queues, as of those in AWS.
const (
	normalQueue = "send"
	bulkQueue   = "bulk"
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
func (t *tracker) lane(q *queue.Memory) trackedQueue { return trackedQueue{q, t} }

type trackedQueue struct {
	*queue.Memory
	tracker *tracker
}

// Enqueue implements [delivery.Queue].
func (t trackedQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	for _, r := range records {
		t.tracker.note(r)
	}
	return t.Memory.Enqueue(ctx, records...)
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
func (s *stack) pump(ctx context.Context, name string, q *queue.Memory) {
	s.running.Go(func() {
		for {
			records, err := q.Receive(ctx, batchSize, visibility)
			if err != nil {
				return
			}
			s.invokeWorker(ctx, name, q, records)
		}
	})
}

func (s *stack) invokeWorker(ctx context.Context, name string, q *queue.Memory, records []queue.Received) {
	ctx, cancel := context.WithTimeout(ctx, invocation)
	defer cancel()
	var event events.SQSEvent
	for _, r := range records {
		event.Records = append(event.Records, sqsMessage(name, r))
	}
	response, err := s.worker.Handle(ctx, event)
	if err != nil {
		return // all of them become visible again
	}
	failed := map[string]bool{}
	for _, f := range response.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	for _, r := range records {
		if !failed[r.MessageID] {
			q.Delete(r.MessageID)
		}
	}
}

// sqsMessage is a record as Lambda hands over those of SQS.
func sqsMessage(queueName string, r queue.Received) events.SQSMessage {
	m := events.SQSMessage{
		MessageId: r.MessageID, ReceiptHandle: r.Receipt, Body: string(r.Body),
		EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:local:000000000000:" + queueName,
		Attributes: map[string]string{
			"ApproximateReceiveCount": strconv.Itoa(r.Receives),
			"SentTimestamp":           strconv.FormatInt(r.SentAt.UnixMilli(), 10),
		},
		MessageAttributes: map[string]events.SQSMessageAttribute{},
	}
	if r.Group != "" {
		m.Attributes["MessageGroupId"] = r.Group
	}
	for name, value := range sqs.Attributes(r.Record) {
		m.MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
	}
	return m
}
