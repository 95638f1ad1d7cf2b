// Package sqs is the queue on Amazon SQS: [Queue] puts records on it, and [Received] makes a record of what arrives from it.
package sqs

import (
	"context"
	"errors"
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

// Queue is a [delivery.Queue] on a standard SQS queue. It is safe for concurrent use.
type Queue struct {
	client *sdk.Client
	url    *string
	region string
	clock  delivery.Clock
}

var _ delivery.Queue = (*Queue)(nil)

// Open returns the queue with this URL. Nothing is sent before the first Enqueue. Region, credentials, endpoint and the
// retries of whole requests are those of cfg (package awsconf).
func Open(cfg aws.Config, queueURL string) *Queue {
	return &Queue{client: sdk.NewFromConfig(cfg), url: aws.String(queueURL), region: cfg.Region, clock: delivery.SystemClock{}}
}

// Enqueue implements [delivery.Queue]. Delays are rounded up to whole seconds.
//
// It queues what it can. A record that SQS could never take (empty, over 1 MiB, delayed for more than 15 minutes) does
// not hold up the others; what SQS could not take just then is handed over again, up to 4 times in all within ctx. Only
// when a whole request fails is nothing handed over after it.
//
// The error says of how many records it is not known that they are queued, of which, and why. It matches
// [ErrQueueNotFound] or [ErrAccessDenied] where one applies. To enqueue all of them again does no harm: a message that
// is queued twice is sent once.
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
	name := (*q.url)[strings.LastIndexByte(*q.url, '/')+1:]
	return fmt.Errorf("put records on the SQS queue %s in %s: %w", name, q.region, &notQueuedError{unsent, len(records)})
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
		return nil, nil, explain(ctx, err)
	}
	missing := errors.New("SQS did not confirm it")
	results := make([]error, len(batch))
	for i := range results {
		results[i] = missing
	}
	lasting := make([]bool, len(batch))
	for _, success := range output.Successful {
		if i, ok := index(success.Id, len(batch)); ok {
			results[i] = nil
		}
	}
	for _, f := range output.Failed {
		if i, ok := index(f.Id, len(batch)); ok {
			code := aws.ToString(f.Code)
			results[i] = fmt.Errorf("SQS refused it: %s: %s", code, aws.ToString(f.Message))
			lasting[i] = f.SenderFault && !strings.Contains(code, "Throttl")
		}
	}
	for i, e := range batch {
		switch {
		case results[i] == nil:
		case lasting[i]:
			refused = append(refused, failure{e, results[i]})
		default:
			again = append(again, failure{e, results[i]})
		}
	}
	return again, refused, nil
}

// index reads back the id of an entry within its batch.
func index(id *string, n int) (int, bool) {
	i, err := strconv.Atoi(aws.ToString(id))
	return i, err == nil && i >= 0 && i < n
}
