package sqs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/delivery"
)

// maxHidden is a little less than the 12 hours for which SQS hides a record, which count from when it was received:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
const maxHidden = 12*time.Hour - 5*time.Minute

const postponingRights = "the function's role sqs:ChangeMessageVisibility on the queue"

// Postpone implements [delivery.Postponer]. Times are rounded up to whole seconds; one below 0 is taken as 0, and one
// beyond 11 h 55 min as that.
//
// It is not tried again beyond the SDK's own retries: a record that was not postponed comes back all the same. The error
// says of how many that is so, of which (the first in the call is record 1), and why. It matches [ErrQueueNotFound],
// [ErrAccessDenied] or [delivery.ErrThrottled] where one applies.
func (q *Queue) Postpone(ctx context.Context, records ...delivery.Postponement) error {
	var left []failure
	entries := make([]postponed, 0, len(records))
	for i, p := range records {
		e := postponed{entry{id: "record " + strconv.Itoa(i+1)}, p}
		if p.Receipt == "" { // SQS would refuse the whole batch
			left = append(left, failure{e.entry, errors.New("it has no receipt")})
			continue
		}
		entries = append(entries, e)
	}
	for len(entries) > 0 {
		n := min(maxBatch, len(entries))
		failed, err := q.postpone(ctx, entries[:n])
		left = append(left, failed...)
		if err != nil { // the rest would meet it, too
			for _, e := range entries {
				left = append(left, failure{e.entry, err})
			}
			break
		}
		entries = entries[n:]
	}
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("postpone records of the SQS queue %s in %s: %d of %d come back with the queue's visibility time-out: %w",
		q.Name(), q.region, len(left), len(records), failuresError(left))
}

// postponed is a postponement with the name by which an error calls it.
type postponed struct {
	entry
	delivery.Postponement
}

// postpone hands over one batch. It returns what was not done, or an error if the whole request failed.
func (q *Queue) postpone(ctx context.Context, batch []postponed) ([]failure, error) {
	input := &sdk.ChangeMessageVisibilityBatchInput{QueueUrl: q.url, Entries: make([]types.ChangeMessageVisibilityBatchRequestEntry, len(batch))}
	for i, e := range batch {
		input.Entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(e.Receipt),
			VisibilityTimeout: int32(math.Ceil(min(max(e.After, 0), maxHidden).Seconds())),
		}
	}
	output, err := q.client.ChangeMessageVisibilityBatch(ctx, input)
	if err != nil {
		return nil, explain(ctx, err, postponingRights)
	}
	var done []*string
	for _, success := range output.Successful {
		done = append(done, success.Id)
	}
	var failed []failure
	for i, o := range outcomes(len(batch), done, output.Failed) {
		if o.err != nil {
			failed = append(failed, failure{batch[i].entry, unpostponed(o)})
		}
	}
	return failed, nil
}

// unpostponed says why a record was not postponed.
func unpostponed(o outcome) error {
	if o.lasting {
		return fmt.Errorf("%w (its receipt has most likely expired: to repeat this would not help)", o.err)
	}
	return o.err
}
