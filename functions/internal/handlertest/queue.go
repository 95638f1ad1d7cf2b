package handlertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/sqs"
)

// Queue remembers what was put on it, and can be out of reach. It is safe for concurrent use.
type Queue struct {
	*queue.Memory
	outage
	records []delivery.Record // under the outage's mutex
}

var _ delivery.Queue = (*Queue)(nil)

// NewQueue returns an empty queue on a clock.
func NewQueue(clock delivery.Clock) *Queue { return &Queue{Memory: queue.NewMemory(clock.Now)} }

// Enqueue implements [delivery.Queue].
func (q *Queue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	if err := q.Memory.Enqueue(ctx, records...); err != nil {
		return err
	}
	q.records = append(q.records, records...)
	return nil
}

// Enqueued are all records that were ever put on the queue, in order.
func (q *Queue) Enqueued() []delivery.Record {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.records)
}

// WantEnqueued compares the ids of all records that were ever put on the queue.
func (q *Queue) WantEnqueued(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, one := range q.Enqueued() {
		got = append(got, one.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("queued: got %q, want %q", got, want)
	}
}

// Take gives out all that is to be had now, hidden for an hour. It does not wait.
func (q *Queue) Take(t *testing.T) []queue.Received {
	t.Helper()
	now, cancel := context.WithCancel(t.Context())
	cancel() // so that Receive does not wait
	got, err := q.Receive(now, max(1, q.Len()), time.Hour)
	if err != nil {
		return nil // nothing is to be had
	}
	return got
}

// Direct are the queues of SEND_QUEUE_URL=memory: what would be queued is sent at once.
func Direct(sender *delivery.Sender) queue.Lanes {
	direct := queue.Direct{Deliver: func(ctx context.Context, one delivery.Record) (delivery.Result, error) {
		return sender.DeliverRecord(ctx, one, one.ID, message.Defaults{})
	}}
	return queue.Lanes{Normal: direct, Bulk: direct}
}

// Worker is the function behind the queues.
type Worker interface {
	Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error)
}

// Work gives a batch to the worker, and returns the message ids that came back. It may be called in any goroutine.
func Work(ctx context.Context, t *testing.T, worker Worker, batch ...events.SQSMessage) []string {
	t.Helper()
	response, err := worker.Handle(ctx, events.SQSEvent{Records: batch})
	if err != nil {
		t.Errorf("handle %d records: %v", len(batch), err)
	}
	back := []string{}
	for _, f := range response.BatchItemFailures {
		back = append(back, f.ItemIdentifier)
	}
	return back
}

// NewRecord is one of SQS.
func NewRecord(messageID, body string) events.SQSMessage {
	return events.SQSMessage{MessageId: messageID, Body: body, EventSource: "aws:sqs"}
}

// Named is the record with the attribute that this system gives its own.
func Named(record events.SQSMessage, id string) events.SQSMessage {
	record.MessageAttributes = map[string]events.SQSMessageAttribute{
		sqs.IDAttribute: {DataType: "String", StringValue: &id},
	}
	return record
}
