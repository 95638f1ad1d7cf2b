package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/bench/runtimeapi"
)

const (
	// BatchSize is the number of messages in a batch.
	BatchSize = 10
	// batchLimit is far beyond any batch worth measuring.
	batchLimit = 30 * time.Second
)

// Runner is a function that was started.
type Runner struct {
	Function
	// Process is the function's.
	Process *runtimeapi.Process

	rig     *Rig
	batches int
}

// Start starts a function. It must be ended.
func (r *Rig) Start(ctx context.Context, f Function) (*Runner, error) {
	process, err := runtimeapi.Start(ctx, f.Path, f.Env)
	if err != nil {
		return nil, err
	}
	return &Runner{Function: f, Process: process, rig: r}, nil
}

// End ends the function.
func (r *Runner) End() error { return r.Process.Kill() }

// CPU returns the processor time that a message took, that of the start shared out among all. It is known when the function was ended.
func (r *Runner) CPU() time.Duration {
	return r.Process.CPUTime() / time.Duration(r.batches*BatchSize)
}

// Batch has the function send a batch of new messages, and fails if one of them comes back.
func (r *Runner) Batch(ctx context.Context) (took time.Duration, answer []byte, err error) {
	event, err := json.Marshal(r.rig.Event(BatchSize, r.Body))
	if err != nil {
		return 0, nil, fmt.Errorf("make a batch for %s: %w", r.Name, err)
	}
	begin := time.Now()
	answer, err = r.Process.Invoke(ctx, event, batchLimit)
	took = time.Since(begin)
	if err != nil {
		return 0, nil, fmt.Errorf("send a batch with %s: %w; its output ends: %s", r.Name, err, tail(r.Process.Output()))
	}
	var response events.SQSEventResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return 0, nil, fmt.Errorf("read the answer of %s: %w", r.Name, err)
	}
	if n := len(response.BatchItemFailures); n > 0 {
		return 0, nil, fmt.Errorf("%s sent %d of %d messages; its output ends: %s", r.Name, BatchSize-n, BatchSize, tail(r.Process.Output()))
	}
	r.batches++
	return took, answer, nil
}

// tail is enough of an output to see what went wrong.
func tail(output string) string { return output[max(0, len(output)-500):] }

// Event is a batch of n new messages as SQS makes it.
func (r *Rig) Event(n int, body func(id string) string) events.SQSEvent {
	var event events.SQSEvent
	for range n {
		number := r.ID()
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("6b1f7e0a-0000-4000-8000-%012d", number), ReceiptHandle: "MessageReceiptHandle",
			Body: body(fmt.Sprintf("order-%d-shipped", number)),
			Attributes: map[string]string{
				"ApproximateReceiveCount": "1", "SentTimestamp": "1796022000000", "SenderId": "123456789012",
				"ApproximateFirstReceiveTimestamp": "1796022000001",
			},
			Md5OfBody: "b78b3c8941985e21ed9432a97adb5b37", EventSource: "aws:sqs",
			EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:send", AWSRegion: "us-east-1",
		})
	}
	return event
}
