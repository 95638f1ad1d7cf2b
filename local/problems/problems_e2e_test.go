//go:build e2e

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/queue/sqs"
	"dmlysender/shared/table/tabletest"
)

// newQueue makes a queue that goes with the test, and returns its URL.
func newQueue(t *testing.T, client *sdk.Client) string {
	t.Helper()
	created, err := client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("problems-e2e-" + rand.Text())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		_, err := client.DeleteQueue(ctx, &sdk.DeleteQueueInput{QueueUrl: created.QueueUrl})
		// A repeat whose first try had succeeded finds nothing.
		if _, gone := errors.AsType[*types.QueueDoesNotExist](err); err != nil && !gone {
			t.Errorf("the queue %s stays behind: %v", aws.ToString(created.QueueUrl), err)
		}
	})
	return aws.ToString(created.QueueUrl)
}

func TestE2EAnUnknownMessageIsListedAndSentAgain(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	client, table := sdk.NewFromConfig(cfg), tabletest.New(t, cfg)
	url := newQueue(t, client)
	file := written(t, stackOutputs(table, url))
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"AWS_ENDPOINT_URL": os.Getenv("AWS_ENDPOINT_URL"), "AWS_REGION": cfg.Region, "USER": "ana",
		"AWS_ACCESS_KEY_ID": credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": credentials.SecretAccessKey,
	}
	ledger, now := dynamodb.Open(cfg, table), time.Now()
	unknown := resting(t, "order-1042", delivery.Unknown, 0, "it is not known whether it was sent")
	unknown.Revision, unknown.History[0].At, unknown.ForgetAt = "r1", now, now.Add(time.Hour)
	if _, ok, err := ledger.Put(t.Context(), unknown, "", now); !ok || err != nil {
		t.Fatalf("put: %v, %v", ok, err)
	}

	status, stdout, stderr := start(t, env, "list", "-outputs", file)
	if status != 0 || stderr != "" || !strings.Contains(stdout, "\nunknown  "+now.UTC().Format(time.RFC3339)+"  order-1042  1 ") || !strings.Contains(stdout, "\n1 unknown, 0 failed, 0 rejected. ") {
		t.Fatalf("list: status %d\n%s%s", status, stdout, stderr)
	}
	status, stdout, stderr = start(t, env, "settle", "-outputs", file, "-generation", "1", "order-1042", "resend")
	if status != 0 || stderr != "" || !strings.HasSuffix(stdout, "\norder-1042 is queued again as generation 2.\n") {
		t.Fatalf("settle: status %d\n%s%s", status, stdout, stderr)
	}

	received, err := client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{
		QueueUrl: aws.String(url), MaxNumberOfMessages: 10, WaitTimeSeconds: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil || len(received.Messages) != 1 {
		t.Fatalf("on the queue: %+v, %v, want one record", received, err)
	}
	record := received.Messages[0]
	for name, want := range map[string]string{sqs.IDAttribute: "order-1042", sqs.GenerationAttribute: "2"} {
		if got := aws.ToString(record.MessageAttributes[name].StringValue); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := aws.ToString(record.Body); got != string(unknown.Content) {
		t.Errorf("the record's body is %s, want %s", got, unknown.Content)
	}
	item, _, err := ledger.Get(t.Context(), "order-1042", now)
	if err != nil || item.State != delivery.Accepted || item.Generation != 2 || item.History[1].Reason != "to be sent again, ordered by ana" {
		t.Errorf("it stands as %+v, %v", item, err)
	}
	if status, stdout, stderr = start(t, env, "list", "-outputs", file); status != 0 || stdout != "No message needs attention.\n" {
		t.Errorf("afterwards: status %d\n%s%s", status, stdout, stderr)
	}
	// The order given once more is the order that was given.
	status, stdout, _ = start(t, env, "settle", "-outputs", file, "-generation", "1", "order-1042", "resend")
	if status != 0 || !strings.HasSuffix(stdout, "\norder-1042 is queued again as generation 2.\n") {
		t.Errorf("once more: status %d\n%s", status, stdout)
	}
	if again, err := client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: aws.String(url), WaitTimeSeconds: 1}); err != nil || len(again.Messages) != 0 {
		t.Errorf("once more on the queue: %+v, %v", again, err)
	}
}
