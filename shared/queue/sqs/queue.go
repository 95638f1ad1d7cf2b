// Package sqs is the queue on Amazon SQS: [Queue] puts records on it and brings them back at a chosen time, and [Received]
// makes a record of what arrives from it.
package sqs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/delivery"
)

const (
	// maxTries is how often a record is handed over that SQS could not take just then.
	maxTries = 4
	// backOff is the shortest pause after the first try; it doubles with each further one.
	backOff = 100 * time.Millisecond
)

const sendingRights = "the function's role sqs:SendMessage on the queue, and kms:GenerateDataKey and kms:Decrypt on its key if it has one of your own"

// Queue is a [delivery.Queue] on a standard SQS queue. It is safe for concurrent use.
type Queue struct {
	client *sdk.Client
	url    *string
	region string
	clock  delivery.Clock
}

var (
	_ delivery.Queue     = (*Queue)(nil)
	_ delivery.Postponer = (*Queue)(nil)
	_ delivery.Backlog   = (*Queue)(nil)
)

// Open returns the queue with this URL. Nothing is sent before the first Enqueue. Region, credentials, endpoint and the
// retries of whole requests are those of cfg (package awsconf).
func Open(cfg aws.Config, queueURL string) *Queue {
	return &Queue{client: sdk.NewFromConfig(cfg), url: aws.String(queueURL), region: cfg.Region, clock: delivery.SystemClock{}}
}

// Name is the queue's name, the last part of its URL as of its ARN.
func (q *Queue) Name() string { return (*q.url)[strings.LastIndexByte(*q.url, '/')+1:] }

// Enqueue implements [delivery.Queue]. Delays are rounded up to whole seconds.
//
// It queues what it can. A record that SQS could never take (empty, over 1 MiB, delayed for more than 15 minutes) does
// not hold up the others; what SQS could not take just then is handed over again, up to 4 times in all within ctx. Only
// when a whole request fails is nothing handed over after it.
//
// The error says of how many records it is not known that they are queued, of which, and why. It matches
// [ErrQueueNotFound], [ErrAccessDenied] or [delivery.ErrThrottled] where one applies. To enqueue all of them again does no
// harm: a message that is queued twice is sent once.
func (q *Queue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	var unsent []failure
	entries := make([]entry, 0, len(records))
	for _, r := range records {
		e, err := newEntry(r)
		if err != nil {
			unsent = append(unsent, failure{entry{id: r.ID}, err})
			continue
		}
		entries = append(entries, e)
	}
	for len(entries) > 0 {
		n := batchLength(entries)
		failed, err := q.send(ctx, entries[:n])
		unsent = append(unsent, failed...)
		entries = entries[n:]
		if err != nil { // the rest would meet it, too
			unsent = append(unsent, all(entries, err)...)
			break
		}
	}
	if len(unsent) == 0 {
		return nil
	}
	return fmt.Errorf("put records on the SQS queue %s in %s: %d of %d are not known to be queued: %w",
		q.Name(), q.region, len(unsent), len(records), failuresError(unsent))
}

// send hands over one batch, and again what is left of it for as long as that may help. It returns what is not known to
// be queued, and an error if nothing more should be sent.
func (q *Queue) send(ctx context.Context, batch []entry) (unsent []failure, err error) {
	for try := 1; ; try++ {
		again, refused, err := q.sendOnce(ctx, batch)
		if err != nil {
			return append(unsent, all(batch, err)...), err
		}
		unsent = append(unsent, refused...)
		if len(again) == 0 || try == maxTries {
			return append(unsent, again...), nil
		}
		pause := backOff << (try - 1)
		if err := q.clock.Sleep(ctx, pause+rand.N(pause)); err != nil { //nolint:gosec // jitter is no secret
			return append(unsent, again...), err
		}
		batch = entriesOf(again)
	}
}

// sendOnce returns which entries of the batch are worth another try and which were refused for good. What the answer
// does not mention counts as worth another try.
func (q *Queue) sendOnce(ctx context.Context, batch []entry) (again, refused []failure, err error) {
	input := &sdk.SendMessageBatchInput{QueueUrl: q.url, Entries: make([]types.SendMessageBatchRequestEntry, len(batch))}
	for i, e := range batch {
		input.Entries[i] = e.request
		input.Entries[i].Id = aws.String(strconv.Itoa(i))
	}
	output, err := q.client.SendMessageBatch(ctx, input)
	if err != nil {
		return nil, nil, explain(ctx, err, sendingRights)
	}
	var done []*string
	for _, success := range output.Successful {
		done = append(done, success.Id)
	}
	for i, o := range outcomes(len(batch), done, output.Failed) {
		switch {
		case o.err == nil:
		case o.lasting:
			refused = append(refused, failure{batch[i], o.err})
		default:
			again = append(again, failure{batch[i], o.err})
		}
	}
	return again, refused, nil
}
