//go:build e2e

package scheduler_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/scheduler"
	sdksqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/latertest"
	"dmlysender/shared/later/scheduler"
	"dmlysender/shared/queue/sqs"
)

const e2eRole = "arn:aws:iam::000000000000:role/dmly-later"

// bench is a group with two queues on the AWS stand-in at AWS_ENDPOINT_URL. They go with the test.
type bench struct {
	cfg    aws.Config
	sqs    *sdksqs.Client
	group  string
	target map[delivery.Lane]later.Target
}

func endToEnd(t *testing.T) bench {
	t.Helper()
	b := bench{cfg: awstest.EndToEnd(t), group: "later-e2e-" + rand.Text(), target: map[delivery.Lane]later.Target{}}
	b.sqs = sdksqs.NewFromConfig(b.cfg)
	for _, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
		created, err := b.sqs.CreateQueue(t.Context(), &sdksqs.CreateQueueInput{QueueName: aws.String("later-e2e-" + rand.Text())})
		if err != nil {
			t.Fatal(err)
		}
		url := aws.ToString(created.QueueUrl)
		b.target[lane] = later.Target{Queue: sqs.Open(b.cfg, url), URL: url, DeadLetterURL: url}
	}
	client := sdk.NewFromConfig(b.cfg)
	if _, err := client.CreateScheduleGroup(t.Context(), &sdk.CreateScheduleGroupInput{Name: aws.String(b.group)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if _, err := client.DeleteScheduleGroup(ctx, &sdk.DeleteScheduleGroupInput{Name: aws.String(b.group)}); err != nil {
			t.Errorf("the group %s stays behind: %v", b.group, err)
		}
		for _, target := range b.target {
			if _, err := b.sqs.DeleteQueue(ctx, &sdksqs.DeleteQueueInput{QueueUrl: aws.String(target.URL)}); err != nil {
				t.Errorf("the queue %s stays behind: %v", target.URL, err)
			}
		}
	})
	return b
}

func (b bench) receive(ctx context.Context, lane delivery.Lane) (delivery.Record, error) {
	url := aws.String(b.target[lane].URL)
	for {
		output, err := b.sqs.ReceiveMessage(ctx, &sdksqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: 1, WaitTimeSeconds: 1, MessageAttributeNames: []string{"All"},
		})
		if err != nil || len(output.Messages) == 0 {
			if ctx.Err() != nil {
				return delivery.Record{}, ctx.Err()
			}
			if err != nil {
				return delivery.Record{}, err
			}
			continue
		}
		m := output.Messages[0]
		_, err = b.sqs.DeleteMessage(context.WithoutCancel(ctx), &sdksqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle})
		return sqs.Received(aws.ToString(m.Body), func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) }), err
	}
}

// The stand-in fires what is due every 10 seconds, and takes any second for its moment. It fires one after the other, and waits for
// a function that it calls: with a stack deployed to it that has some to do, that takes a while.
func TestE2EEventBridgeIsAScheduler(t *testing.T) {
	t.Parallel()
	latertest.Run(t, nil, func(t *testing.T) latertest.Subject {
		t.Helper()
		b := endToEnd(t)
		s, err := scheduler.Open(b.cfg, b.group, e2eRole, b.target)
		if err != nil {
			t.Fatal(err)
		}
		const minute = 15 * time.Second
		return latertest.Subject{Scheduler: s.WithPrecision(minute), Receive: b.receive, Minute: minute, Late: 2 * time.Minute}
	})
}

func TestE2EAMissingGroupIsSaid(t *testing.T) {
	t.Parallel()
	b := endToEnd(t)
	s, err := scheduler.Open(b.cfg, b.group+"-missing", e2eRole, b.target)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Schedule(t.Context(), delivery.NormalLane, record("order-1"), time.Now().Add(time.Hour)); !errors.Is(err, scheduler.ErrGroupNotFound) {
		t.Errorf("got %v, want %v", err, scheduler.ErrGroupNotFound)
	}
	if err := s.Unschedule(t.Context(), "order-1", time.Now()); err != nil {
		t.Errorf("where there is nothing to remove: %v", err)
	}
}
