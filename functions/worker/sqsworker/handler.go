// Package sqsworker is the function behind the send and the bulk queue.
package sqsworker

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/panics"
	"dmlysender/shared/queue/sqs"
)

// concurrency is how many records are delivered at the same time: a whole batch, as the template has it. Of a larger one, which
// needs a batching window, so many follow the others.
const concurrency = 10

// Attributes that SQS gives each record.
const (
	receiveCount  = "ApproximateReceiveCount"
	sentTimestamp = "SentTimestamp" // in milliseconds since 1970
	groupID       = "MessageGroupId"
)

// Handler sends each record of an SQS batch. It is safe for concurrent use.
type Handler struct {
	Sender   *delivery.Sender
	Defaults message.Defaults
	// Queues are those that the batches come from, by name. Records of a queue that is not among them come back with its
	// visibility time-out, however old they are.
	Queues map[string]Queue
	// Log hears of records that panicked and of errors.
	Log *slog.Logger
	// Crew delivers the records; nil begins a goroutine for each.
	Crew *Crew
}

// Handle sends the records of a batch, ten at the same time, and answers with those
// that have to come back. The answer always has a list: an error for the whole
// batch would bring back what was sent, and make Lambda scale the consumer down.
//
// It is an error only if the event is not of SQS.
func (h *Handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	if len(event.Records) == 0 {
		return events.SQSEventResponse{}, errors.New(`this is not an SQS event: it has no "Records"`)
	}
	results := make([]delivery.Result, len(event.Records))
	for first := 0; first < len(results); first += concurrency {
		last := min(first+concurrency, len(results))
		h.deliver(ctx, event.Records[first:last], results[first:last])
	}
	h.bringBack(ctx, event.Records, results)
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, record := range event.Records {
		if !results[i].Done {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return response, nil
}

// deliver delivers records at the same time.
func (h *Handler) deliver(ctx context.Context, records []events.SQSMessage, results []delivery.Result) {
	batch := h.Sender.Batch(len(records))
	var wg sync.WaitGroup
	for i, record := range records {
		wg.Add(1)
		h.Crew.run(func() {
			defer wg.Done()
			results[i] = h.record(ctx, batch, record)
		})
	}
	wg.Wait()
}

// record says what became of a record; of one that failed, nothing. A panic is that record's problem: it comes back, and
// the others go on.
func (h *Handler) record(ctx context.Context, batch *delivery.Batch, r events.SQSMessage) (result delivery.Result) {
	defer func() {
		if p := recover(); p != nil {
			panics.Log(ctx, h.Log, p, slog.String("messageId", r.MessageId))
			result = delivery.Result{}
		}
	}()
	result, err := batch.DeliverRecord(ctx, received(r), r.MessageId, h.Defaults)
	if err != nil {
		return delivery.Result{}
	}
	return result
}

func received(r events.SQSMessage) delivery.Record {
	record := sqs.Received(r.Body, func(name string) string {
		if value := r.MessageAttributes[name].StringValue; value != nil {
			return *value
		}
		return ""
	})
	if receives := r.Attributes[receiveCount]; receives != "" && receives != "1" {
		record.Recheck = true
	}
	return record
}
