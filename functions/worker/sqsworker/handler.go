// Package sqsworker is the function behind the send and the bulk queue.
package sqsworker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/queue/sqs"
)

// Handler sends each record of an SQS batch. It is safe for concurrent use.
type Handler struct {
	Sender   *delivery.Sender
	Defaults message.Defaults
	// Log hears of records that panicked and of errors.
	Log *slog.Logger
}

// Handle sends the records of a batch, all at the same time, and answers with those
// that have to come back. The answer always has a list: an error for the whole
// batch would bring back what was sent, and make Lambda scale the consumer down.
//
// It is an error only if the event is not of SQS.
func (h *Handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	if len(event.Records) == 0 {
		return events.SQSEventResponse{}, errors.New(`this is not an SQS event: it has no "Records"`)
	}
	// A batch has at most 10 records without a batching window, which the template
	// does not use: that bounds the goroutines.
	batch := h.Sender.Batch(len(event.Records))
	done := make([]bool, len(event.Records))
	var wg sync.WaitGroup
	for i, record := range event.Records {
		wg.Go(func() { done[i] = h.record(ctx, batch, record) })
	}
	wg.Wait()
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, record := range event.Records {
		if !done[i] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return response, nil
}

// record reports whether the record can be acknowledged. A panic is that record's
// problem: it comes back, and the others go on.
func (h *Handler) record(ctx context.Context, batch *delivery.Batch, r events.SQSMessage) (done bool) {
	defer func() {
		if p := recover(); p != nil {
			h.Log.ErrorContext(ctx, "panic", slog.String("messageId", r.MessageId), slog.String("panic", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
			done = false
		}
	}()
	record := sqs.Received(r.Body, func(name string) string {
		if value := r.MessageAttributes[name].StringValue; value != nil {
			return *value
		}
		return ""
	})
	if receives := r.Attributes["ApproximateReceiveCount"]; receives != "" && receives != "1" {
		record.Recheck = true
	}
	result, err := batch.DeliverRecord(ctx, record, r.MessageId, h.Defaults)
	return err == nil && result.Done
}
