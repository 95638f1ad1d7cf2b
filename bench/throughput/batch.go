package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/bench/runtimeapi"
)

const (
	batchSize = 10
	// batchLimit is far beyond any batch worth measuring.
	batchLimit = 30 * time.Second
	dmlyKey    = "bench-key-0001"
	// table is the ledger's.
	table = "bench-table"
	// rate is far more than is ever sent, so that the pace holds nothing back.
	rate = "DMLY_RATE_PER_MINUTE=600000"
)

// function is one that takes batches.
type function struct {
	name string
	env  []string
	// body makes a record's body of a message's id.
	body func(id string) string
}

const fields = `"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}, "textMessage": "Your order 1042 is on its way."}`

// ours is a message as users put it on the queue; theirs is the same as DMLY takes it.
func ours(id string) string {
	return `{"id": "` + id + `", "channel": "whatsapp", "type": "text", ` + fields
}

func theirs(string) string { return `{` + fields }

// worker is the worker as it is deployed, with a ledger in DynamoDB.
func (b *bench) worker() function {
	return function{"worker", []string{
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
		"AWS_ENDPOINT_URL=" + b.awsURL, "_HANDLER=bootstrap", "AWS_LAMBDA_FUNCTION_NAME=worker", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "LEDGER=dynamodb:" + table, "DMLY_KEY_FROM=secretsmanager:bench/dmly-key",
		"DMLY_BASE_URL=" + b.dmlyURL, rate,
		"SEND_QUEUE_URL=" + b.awsURL + "/000000000000/send", "BULK_QUEUE_URL=" + b.awsURL + "/000000000000/bulk",
		"SCHEDULE_GROUP=bench", "SCHEDULE_ROLE_ARN=arn:aws:iam::000000000000:role/bench",
		"SEND_DEAD_LETTER_QUEUE_URL=" + b.awsURL + "/000000000000/send-dead", "BULK_DEAD_LETTER_QUEUE_URL=" + b.awsURL + "/000000000000/bulk-dead",
	}, ours}
}

// bare is the bare loop.
func (b *bench) bare() function {
	return function{"bare", []string{"_HANDLER=bootstrap", "DMLY_BASE_URL=" + b.dmlyURL, "DMLY_API_KEY=" + dmlyKey}, theirs}
}

// counted is the worker that counts, without a name of a function: env: is refused where there is one.
func (b *bench) counted(ledger string) function {
	return function{"counted", []string{
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
		"AWS_ENDPOINT_URL=" + b.awsURL, "_HANDLER=bootstrap", "LEDGER=" + ledger, "DMLY_KEY_FROM=env:DMLY_API_KEY", "DMLY_API_KEY=" + dmlyKey,
		"DMLY_BASE_URL=" + b.dmlyURL, rate,
	}, ours}
}

// runner is a function that was started.
type runner struct {
	function

	bench   *bench
	process *runtimeapi.Process
	batches int
}

// start starts a function. It must be ended.
func (b *bench) start(ctx context.Context, f function) (*runner, error) {
	process, err := runtimeapi.Start(ctx, b.binaries[f.name], f.env)
	if err != nil {
		return nil, err
	}
	return &runner{function: f, bench: b, process: process}, nil
}

// end ends the function.
func (r *runner) end() error { return r.process.Kill() }

// cpu returns the processor time that a message took, that of the start shared out among all. It is known when the function was ended.
func (r *runner) cpu() time.Duration { return r.process.CPUTime() / time.Duration(r.batches*batchSize) }

// batch has the function send a batch of new messages, and fails if one of them comes back.
func (r *runner) batch(ctx context.Context) (took time.Duration, answer []byte, err error) {
	event, err := json.Marshal(r.event())
	if err != nil {
		return 0, nil, fmt.Errorf("make a batch for %s: %w", r.name, err)
	}
	begin := time.Now()
	answer, err = r.process.Invoke(ctx, event, batchLimit)
	took = time.Since(begin)
	if err != nil {
		return 0, nil, fmt.Errorf("send a batch with %s: %w", r.name, err)
	}
	var response events.SQSEventResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return 0, nil, fmt.Errorf("read the answer of %s: %w", r.name, err)
	}
	if n := len(response.BatchItemFailures); n > 0 {
		return 0, nil, fmt.Errorf("%s sent %d of %d messages; its output ends: %s", r.name, batchSize-n, batchSize, tail(r.process.Output()))
	}
	r.batches++
	return took, answer, nil
}

// tail is enough of an output to see what went wrong.
func tail(output string) string { return output[max(0, len(output)-500):] }

// event is as SQS makes it.
func (r *runner) event() events.SQSEvent {
	var event events.SQSEvent
	for range batchSize {
		r.bench.ids++
		id := fmt.Sprintf("order-%d-shipped", r.bench.ids)
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("6b1f7e0a-0000-4000-8000-%012d", r.bench.ids), ReceiptHandle: "MessageReceiptHandle", Body: r.body(id),
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
