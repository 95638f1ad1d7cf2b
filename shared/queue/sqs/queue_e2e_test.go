//go:build e2e

package sqs_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/queuetest"
	"dmlysender/shared/queue/sqs"
)

// bench is a queue of the test's own on the AWS stand-in at AWS_ENDPOINT_URL.
type bench struct {
	cfg    aws.Config
	queue  *sqs.Queue
	client *sdk.Client
	url    string
}

// endToEnd makes a queue that goes with the test.
func endToEnd(t *testing.T) bench {
	t.Helper()
	cfg := awstest.EndToEnd(t)
	client := sdk.NewFromConfig(cfg)
	created, err := client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("queue-e2e-" + rand.Text())})
	if err != nil {
		t.Fatal(err)
	}
	url := aws.ToString(created.QueueUrl)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		_, err := client.DeleteQueue(ctx, &sdk.DeleteQueueInput{QueueUrl: aws.String(url)})
		// A repeat whose first try had succeeded finds nothing.
		if _, gone := errors.AsType[*types.QueueDoesNotExist](err); err != nil && !gone {
			t.Errorf("the queue %s stays behind: %v", url, err)
		}
	})
	return bench{cfg: cfg, queue: sqs.Open(cfg, url), client: client, url: url}
}

// receive gets n messages and the attributes that they have, or fails.
func (b bench) receive(t *testing.T, n int) []types.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []types.Message
	for len(got) < n {
		output, err := b.client.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{
			QueueUrl: aws.String(b.url), MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			t.Fatalf("after %d of %d messages: %v", len(got), n, err)
		}
		got = append(got, output.Messages...)
	}
	return got
}

func received(m types.Message) delivery.Record {
	return sqs.Received(aws.ToString(m.Body), func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) })
}

// subject is the bench for the suite that every queue passes.
func (b bench) subject(t *testing.T) queuetest.Subject {
	t.Helper()
	receive := func(ctx context.Context, n int, visibility time.Duration) ([]queue.Received, error) {
		for {
			output, err := b.client.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{
				QueueUrl: aws.String(b.url), MaxNumberOfMessages: int32(n), WaitTimeSeconds: 1, VisibilityTimeout: int32(visibility.Seconds()),
				MessageAttributeNames:       []string{"All"},
				MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			})
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil || len(output.Messages) > 0 {
				return all(t, output), err
			}
		}
	}
	return queuetest.Subject{Queue: b.queue, Receive: receive, Delete: func(r queue.Received) {
		if _, err := b.client.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: aws.String(b.url), ReceiptHandle: aws.String(r.Receipt)}); err != nil {
			t.Errorf("delete message %s: %v", r.MessageID, err)
		}
	}}
}

// all are the records that were received, with what SQS says of each.
func all(t *testing.T, output *sdk.ReceiveMessageOutput) []queue.Received {
	t.Helper()
	if output == nil {
		return nil
	}
	got := make([]queue.Received, len(output.Messages))
	for i, m := range output.Messages {
		record := received(m)
		record.Group = m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
		receives, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
		if err != nil {
			t.Errorf("message %s: %v", aws.ToString(m.MessageId), err)
		}
		sent, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
		if err != nil {
			t.Errorf("message %s: %v", aws.ToString(m.MessageId), err)
		}
		got[i] = queue.Received{
			Record: record, MessageID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle),
			Receives: receives, SentAt: time.UnixMilli(sent),
		}
	}
	return got
}

func TestE2ESQSIsAQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, nil, func(t *testing.T) queuetest.Subject { t.Helper(); return endToEnd(t).subject(t) })
}

func TestE2ESQSTellsItsDepth(t *testing.T) {
	t.Parallel()
	queuetest.RunBacklog(t, nil, func(t *testing.T) (queuetest.Subject, delivery.Backlog) {
		t.Helper()
		b := endToEnd(t)
		return b.subject(t), b.queue
	})
}

func TestE2ERecordsArriveAsTheyWereSent(t *testing.T) {
	t.Parallel()
	b := endToEnd(t)
	want := map[string]delivery.Record{}
	var records []delivery.Record
	for i, body := range []string{
		`{"textMessage": "später – „zu viele“ 𝄞"}`, "{\"textMessage\": \"\uFFFE\"}", "\xff\x00", "no JSON", "{}", "1", "2", "3", "4", "5", "6",
	} {
		r := delivery.Record{Body: []byte(body), ID: fmt.Sprintf("order-%d@2026-12-01T08:00:00Z", i)}
		records = append(records, r)
		want[r.ID] = r
	}
	if err := b.queue.Enqueue(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	for _, m := range b.receive(t, len(records)) {
		got := received(m)
		if !sameBody(got.Body, want[got.ID].Body) {
			t.Errorf("%s: got %q, want %q", got.ID, got.Body, want[got.ID].Body)
		}
		delete(want, got.ID)
	}
	if len(want) > 0 {
		t.Errorf("%d records did not arrive", len(want))
	}
}

func TestE2ERecordsCarryTheirGroup(t *testing.T) {
	t.Parallel()
	b := endToEnd(t)
	want := map[string]string{"plain": "W1", "odd": "sha256-052c7440eea985d3d694779677b2d4aea8d83be6e0f3643d3fbc1836c99cc327", "none": ""}
	err := b.queue.Enqueue(t.Context(),
		delivery.Record{Body: []byte("{}"), ID: "plain", Group: "W1"},
		delivery.Record{Body: []byte("{}"), ID: "odd", Group: "my workspace"},
		delivery.Record{Body: []byte("{}"), ID: "none"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range b.receive(t, len(want)) {
		got[received(m).ID] = m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestE2EAMebibyteTravels(t *testing.T) {
	t.Parallel()
	b := endToEnd(t)
	// Ten messages of the largest size that there is, and one record as large as SQS takes.
	var records []delivery.Record
	for range 10 {
		records = append(records, delivery.Record{Body: []byte(strings.Repeat("x", 64<<10))})
	}
	records = append(records, delivery.Record{Body: []byte(strings.Repeat("y", 1<<20))})
	if err := b.queue.Enqueue(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for _, m := range b.receive(t, len(records)) {
		bytes += len(aws.ToString(m.Body))
	}
	if want := 10<<16 + 1<<20; bytes != want {
		t.Errorf("got %d bytes, want %d", bytes, want)
	}
}

func TestE2EAMissingQueueIsSaid(t *testing.T) {
	t.Parallel()
	b := endToEnd(t)
	missing := sqs.Open(b.cfg, b.url+"-missing")
	if err := missing.Enqueue(t.Context(), numbered(2)...); !errors.Is(err, sqs.ErrQueueNotFound) {
		t.Errorf("Enqueue: got %v, want %v", err, sqs.ErrQueueNotFound)
	}
	if err := missing.Postpone(t.Context(), receipts(2)...); !errors.Is(err, sqs.ErrQueueNotFound) {
		t.Errorf("Postpone: got %v, want %v", err, sqs.ErrQueueNotFound)
	}
	if _, err := missing.Depth(t.Context()); !errors.Is(err, sqs.ErrQueueNotFound) {
		t.Errorf("Depth: got %v, want %v", err, sqs.ErrQueueNotFound)
	}
}
