package sqs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"dmlysender/shared/delivery"
)

const (
	// inHand is how long a record is hidden while it is moved.
	inHand = 2 * time.Minute
	// pollSeconds is how long SQS looks for records; awsconf gives it 3 s until it answers.
	pollSeconds = 1
	// maxEmpty is how often in a row nothing was there when there is nothing: one look may miss a server of SQS.
	maxEmpty = 2
	// releaseTime is for showing again what was left.
	releaseTime = 5 * time.Second
)

const redrivingRights = "these credentials sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the dead-letter queue, " +
	"sqs:SendMessage on the other, and kms:GenerateDataKey and kms:Decrypt on their key if they have one of your own"

// Redriven is what became of the records of a dead-letter queue.
type Redriven struct {
	// Moved is how many are on their queue again.
	Moved int
	// Left is how many were looked at and are where they were.
	Left int
}

// Redrive moves the records of a dead-letter queue to another one, until there is nothing more. They keep body, message
// attributes and group. A record that names its message neither by [IDAttribute] nor in its body was delivered under
// its messageId; the copy gets another one, so it carries the first in that attribute. SQS's own redrive would make
// another message of it. The copy says that it is a recheck.
//
// A record is deleted only once SQS has confirmed its copy. What ends in between leaves both, which is harmless: they
// are one message, which is sent once.
//
// The error says which records were left, by their messageId, and why; it names no content. Left is what could not
// become a copy (with an attribute more it would be too large, or have too many). What would meet the next record,
// too, ends the redrive; the error matches [ErrQueueNotFound] or [ErrAccessDenied] where one applies.
func Redrive(ctx context.Context, cfg aws.Config, fromURL, toURL string) (Redriven, error) {
	r := &redrive{from: Open(cfg, fromURL), to: Open(cfg, toURL), left: map[string]delivery.Postponement{}}
	problems := []error{r.run(ctx), r.release(ctx)}
	if len(r.why) > 0 {
		problems = append([]error{failuresError(r.why)}, problems...)
	}
	return Redriven{Moved: r.moved, Left: len(r.left)}, errors.Join(problems...)
}

// redrive is one run.
type redrive struct {
	from, to *Queue
	moved    int
	// left has the last receipt of each record that cannot be moved, by its messageId.
	left map[string]delivery.Postponement
	why  []failure
}

// run returns why it had to end before there was nothing more.
func (r *redrive) run(ctx context.Context) error {
	for empty := 0; empty < maxEmpty; {
		records, err := r.receive(ctx)
		if err != nil {
			return fmt.Errorf("receive from the SQS queue %s in %s: %w", r.from.Name(), r.from.region, explain(ctx, err, redrivingRights))
		}
		if len(records) == 0 {
			empty++
			continue
		}
		empty = 0
		if err := r.moveAll(ctx, records); err != nil {
			return err
		}
	}
	return nil
}

// receive returns records that were not looked at before.
func (r *redrive) receive(ctx context.Context) ([]types.Message, error) {
	output, err := r.from.client.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{
		QueueUrl: r.from.url, MaxNumberOfMessages: maxBatch, WaitTimeSeconds: pollSeconds, VisibilityTimeout: int32(inHand.Seconds()),
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameMessageGroupId},
	})
	if err != nil {
		return nil, err
	}
	var records []types.Message
	for _, m := range output.Messages {
		id := aws.ToString(m.MessageId)
		if _, again := r.left[id]; again {
			r.left[id] = delivery.Postponement{Receipt: aws.ToString(m.ReceiptHandle)}
			continue
		}
		records = append(records, m)
	}
	return records, nil
}

// moveAll moves records, at most ten, at the same time. It returns an error if the next would fare no better.
func (r *redrive) moveAll(ctx context.Context, records []types.Message) error {
	results := make([]error, len(records))
	var wg sync.WaitGroup
	for i, m := range records {
		wg.Go(func() { results[i] = r.move(ctx, m) })
	}
	wg.Wait()
	var stop error
	for i, err := range results {
		if err == nil {
			r.moved++
			continue
		}
		id := aws.ToString(records[i].MessageId)
		r.left[id] = delivery.Postponement{Receipt: aws.ToString(records[i].ReceiptHandle)}
		if _, ofRecord := errors.AsType[*recordError](err); !ofRecord {
			stop = errors.New("it ended before all were looked at")
		}
		r.why = append(r.why, failure{entry{id: id}, err})
	}
	return stop
}

// recordError is why one record cannot be moved; it says nothing about the others.
type recordError struct{ err error }

func (e *recordError) Error() string { return e.err.Error() }
func (e *recordError) Unwrap() error { return e.err }

func (r *redrive) move(ctx context.Context, m types.Message) error {
	input, err := r.copyOf(m)
	if err != nil {
		return &recordError{err}
	}
	if _, err := r.to.client.SendMessage(ctx, input); err != nil {
		refused, ok := errors.AsType[smithy.APIError](err)
		if ok && (refused.ErrorCode() == "InvalidMessageContents" || refused.ErrorCode() == "InvalidParameterValue") {
			return &recordError{fmt.Errorf("SQS refused it: %s", refused.ErrorCode())}
		}
		return fmt.Errorf("put it on the SQS queue %s: %w", r.to.Name(), explain(ctx, err, redrivingRights))
	}
	if _, err := r.from.client.DeleteMessage(ctx, &sdk.DeleteMessageInput{QueueUrl: r.from.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		return fmt.Errorf("its copy is on the queue, but it could not be deleted, so it will be moved once more, which is harmless: %w",
			explain(ctx, err, redrivingRights))
	}
	return nil
}

// copyOf is the record as it is to stand on its queue. Of its system attributes the copy has the group: the trace, by
// which Lambda would count the copy as one more round of a loop, ends here.
func (r *redrive) copyOf(m types.Message) (*sdk.SendMessageInput, error) {
	body, attributes := aws.ToString(m.Body), maps.Clone(m.MessageAttributes)
	record := Received(body, func(name string) string { return aws.ToString(attributes[name].StringValue) })
	if delivery.IDOf(record, "") == "" {
		attributes = withAttribute(attributes, IDAttribute, aws.ToString(m.MessageId))
	}
	attributes = withAttribute(attributes, RecheckAttribute, isTrue)
	if n := len(attributes); n > maxAttributes {
		return nil, fmt.Errorf("it would have %d attributes with those that it needs to be moved; SQS takes %d", n, maxAttributes)
	}
	if n := size(body, attributes); n > maxBytes {
		return nil, fmt.Errorf("it would have %d bytes with the attributes that it needs to be moved; SQS takes %d", n, maxBytes)
	}
	input := &sdk.SendMessageInput{QueueUrl: r.to.url, MessageBody: m.Body, MessageAttributes: attributes}
	if group, ok := m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]; ok {
		input.MessageGroupId = aws.String(group)
	}
	return input, nil
}

// release shows what was left, so that another redrive finds it at once.
func (r *redrive) release(ctx context.Context) error {
	var left []delivery.Postponement
	for _, p := range r.left {
		left = append(left, p)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	return r.from.Postpone(ctx, left...)
}
