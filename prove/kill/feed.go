package kill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// backlog is how many records are to be had at any time while workers are killed.
	backlog = 60
	// maxBatch is the most records in a call to SQS, and in a batch for a worker.
	maxBatch  = 10
	feedTick  = 50 * time.Millisecond
	quietTick = time.Second
	// deserted is how long the queue has to be empty until nothing can be expected of it.
	deserted = visibility + 5*time.Second
)

// feed keeps the queue filled until enough processes were killed.
func (r *run) feed(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, killLimit, fmt.Errorf("fewer than %d workers and %d apis could be killed in %v", r.workers.want, r.apis.want, killLimit))
	defer cancel()
	said := int64(0)
	for r.workers.due() || r.apis.due() {
		for r.queued.Load()-r.taken.Load() < backlog {
			if err := r.put(ctx, r.load.next(), r.load.next(), r.load.next(), r.load.next()); err != nil {
				return err
			}
		}
		if kills := r.workers.kills.Load() + r.apis.kills.Load(); kills >= said+25 {
			said = kills
			r.sayKills("")
		}
		if err := wait(ctx, feedTick); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) sayKills(end string) {
	fmt.Fprintf(r.log, "kills=%d torn=%d apiKills=%d apiTorn=%d messages=%d calls=%d%s\n",
		r.workers.kills.Load(), r.workers.torn.Load(), r.apis.kills.Load(), r.apis.torn.Load(), len(r.load.messages), r.calls.Load(), end)
}

// meetFlaws sees to it that each planned flaw is met, as the message that should have met it may have lost its process before; and that
// each kind of flaw is met by a worker that is left alone.
func (r *run) meetFlaws(ctx context.Context) error {
	fired := r.firedTokens()
	for _, m := range r.messages() {
		if m.flaw != nil && !fired[m.token] { // the flaw may be met between that look and this, and then nothing is wrong either
			if err := r.put(ctx, r.load.again(m)); err != nil {
				return err
			}
		}
	}
	for i := range flaws {
		if err := r.put(ctx, r.load.flawed(&flaws[i])); err != nil {
			return err
		}
	}
	r.sayKills(": no more of either")
	return nil
}

// firedTokens are the tokens of the flaws that were met.
func (r *run) firedTokens() map[string]bool {
	fired := map[string]bool{}
	for _, planned := range r.dmly.Fired() {
		if planned.Fired > 0 {
			fired[planned.Fault.Match] = true
		}
	}
	return fired
}

// plan has DMLY deviate for a message that is to meet a flaw.
func (r *run) plan(m *message) {
	if m.flaw != nil && m.token == flawOf(m.ref) { // else it is planned already
		fault := m.flaw.fault
		fault.Match = m.token
		r.dmly.Inject(fault)
	}
}

// put plans what messages meet and puts them on the queue, at most five.
func (r *run) put(ctx context.Context, messages ...*message) error {
	var entries []types.SendMessageBatchRequestEntry
	var of []*message
	for _, m := range messages {
		r.plan(m)
		for i, body := range m.bodies {
			delay := 0
			if i > 0 {
				delay = r.load.random.IntN(secondDelay)
			}
			entries = append(entries, types.SendMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(len(entries))), MessageBody: aws.String(body), DelaySeconds: int32(delay),
				MessageAttributes: map[string]types.MessageAttributeValue{
					refAttribute: {DataType: aws.String("String"), StringValue: aws.String(m.ref)},
				},
			})
			of = append(of, m)
		}
	}
	output, err := r.stand.queues.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String(r.stand.sendURL), Entries: entries})
	if err == nil && len(output.Failed) > 0 {
		err = errors.New(aws.ToString(output.Failed[0].Message))
	}
	if err != nil {
		return fmt.Errorf("put messages on the queue: %w", err)
	}
	r.queued.Add(int64(len(entries)))
	for _, sent := range output.Successful {
		i, err := strconv.Atoi(aws.ToString(sent.Id))
		if err != nil || i < 0 || i >= len(of) {
			return fmt.Errorf("put messages on the queue: the answer names an entry %q", aws.ToString(sent.Id))
		}
		if of[i].id == "" {
			of[i].id = aws.ToString(sent.MessageId)
		}
	}
	return nil
}

// settle waits until the queue is empty and every message rests, or nothing is left that would bring one there.
func (r *run) settle(ctx context.Context) error {
	begin := time.Now()
	for empty := 0 * quietTick; empty < deserted; {
		if time.Since(begin) > settleLimit {
			r.note("not everything came to rest in %v without kills", settleLimit)
			return nil
		}
		if err := wait(ctx, quietTick); err != nil {
			return err
		}
		depth, err := r.stand.depth(ctx, r.stand.sendURL)
		if err != nil {
			return err
		}
		if depth > 0 {
			empty = 0
			continue
		}
		empty += quietTick
		items, err := r.stand.items(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(r.messages(), func(m *message) bool { return !m.done(items[m.id]) }) {
			break
		}
	}
	fmt.Fprintf(r.log, "quiet after %v\n", time.Since(begin).Round(time.Second))
	return nil
}
