package sim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
	"dmlysender/shared/queue/sqs"
)

// work is what Lambda does with a queue, with one worker: it takes batches to it, starts another process where one has
// ended, and deletes what the worker does not name. It ends with the context.
func (w *World) work(ctx context.Context, lane delivery.Lane, number int) {
	q := w.queues[lane]
	_ = sleep(ctx, w.dice.between("start "+strconv.Itoa(number), time.Millisecond, 2*time.Millisecond)) // after what comes first; see [clock.Sleep]
	for ctx.Err() == nil {
		alive, l := w.newLife(ctx, fmt.Sprintf("%s worker %d", lane, number))
		handler := &sqsworker.Handler{Sender: l.sender, Log: silent, Queues: map[string]sqsworker.Queue{string(lane): lifeQueue{l, lane}}}
		for !l.process.Ended() && ctx.Err() == nil {
			records := q.Receive(batchSize)
			if len(records) == 0 {
				w.idle(ctx, lane, number)
				continue
			}
			w.invoke(alive, l, handler, lane, records)
		}
		l.process.Stop()
	}
}

// idle waits until there may be something: a long poll.
func (w *World) idle(ctx context.Context, lane delivery.Lane, number int) {
	wait := 20 * time.Second
	if at, ok := w.queues[lane].Next(); ok {
		wait = max(0, min(wait, time.Until(at)))
	}
	timer := time.NewTimer(wait + w.dice.between("idle "+strconv.Itoa(number), 0, time.Millisecond)) // see [clock.Sleep]
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.arrived[lane]:
	case <-ctx.Done():
	}
}

func (w *World) invoke(ctx context.Context, l *life, handler *sqsworker.Handler, lane delivery.Lane, records []hostile.Received[delivery.Record]) {
	ctx, cancel := context.WithTimeout(ctx, invocation)
	defer cancel()
	w.givenOut(records)
	var response events.SQSEventResponse
	var err error
	begun := time.Now()
	answered := l.process.Run(func() {
		response, err = handler.Handle(until{ctx, l.clock.skew}, batch(lane, records)) //nolint:contextcheck // it is the context, by another clock
		if l.do(effectReturn, "", func() error { return nil }) != nil {
			err = context.DeadlineExceeded
		}
	})
	switch took := time.Since(begun); {
	case !answered || err != nil:
		return // all of them become visible again
	case took > invocation && l.frozen.Load(): // Lambda has ended it, and it did not notice
		l.process.Stop()
		return
	case took > invocation:
		w.broken("a batch of %d took %v", len(records), took)
		return
	}
	for _, r := range records {
		failed := slices.ContainsFunc(response.BatchItemFailures, func(f events.SQSBatchItemFailure) bool { return f.ItemIdentifier == r.ID })
		if failed || w.happens("delete lost", r.ID, w.trouble.LoseDelete) {
			continue
		}
		w.queues[lane].Delete(r.ID)
		w.judgeDelete(lane, r) //nolint:contextcheck // it judges what was done, even if the context has ended
	}
}

// givenOut notes how often the records were given out.
func (w *World) givenOut(records []hostile.Received[delivery.Record]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range records {
		w.receives[r.Body.ID] = max(w.receives[r.Body.ID], r.Receives)
	}
}

// arnOf comes before the name of a queue.
const arnOf = "arn:aws:sqs:eu-central-1:000000000000:"

// batch is the event that Lambda makes of records.
func batch(lane delivery.Lane, records []hostile.Received[delivery.Record]) events.SQSEvent {
	var event events.SQSEvent
	for _, r := range records {
		message := events.SQSMessage{
			MessageId: r.ID, ReceiptHandle: r.Receipt, Body: string(r.Body.Body), EventSource: "aws:sqs", EventSourceARN: arnOf + string(lane),
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(r.Receives),
				"SentTimestamp":           strconv.FormatInt(r.SentAt.UnixMilli(), 10),
			},
			MessageAttributes: map[string]events.SQSMessageAttribute{},
		}
		for name, value := range sqs.Attributes(r.Body) {
			message.MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
		}
		event.Records = append(event.Records, message)
	}
	return event
}

// Run plays a schedule to its end: messages come in, two workers a queue work, people settle problems and cancel messages, until nothing
// moves any more.
func (w *World) Run(ctx context.Context, messages, workers int) {
	w.plan(messages)
	w.play(ctx, workers)
}

// play has the messages that are planned come in and be worked on.
func (w *World) play(ctx context.Context, workers int) {
	ctx, end := context.WithCancel(ctx)
	var programs, traffic sync.WaitGroup
	for number := range workers {
		for i, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
			programs.Go(func() { w.work(ctx, lane, 2*number+i) })
		}
	}
	for _, s := range w.specs {
		traffic.Go(func() {
			if err := w.bring(ctx, s); err != nil {
				w.broken("message %s was not brought: %v", s.id, err)
			}
		})
	}
	for range w.trouble.Rotations {
		traffic.Go(func() { w.rotate(ctx) })
	}
	traffic.Go(func() { w.settle(ctx) })
	traffic.Go(func() { w.withdraw(ctx) })
	traffic.Go(func() { w.reschedule(ctx) })
	traffic.Wait()
	w.waitForQuiet(ctx)
	end()
	programs.Wait()
	w.countMischief()
	w.judge() //nolint:contextcheck // it judges what was done, after the context has ended
}

// countMischief adds what the queues have done to the faults.
func (w *World) countMischief() {
	for _, q := range w.queues {
		twice, ghosts, late := q.Done()
		w.tally.Faults[givenTwice] += twice
		w.tally.Faults[cameAgain] += ghosts
		w.tally.Faults[cameLate] += late
	}
}

// waitForQuiet waits until the queues are empty and everybody who was to do something has done it.
func (w *World) waitForQuiet(ctx context.Context) {
	for begun := time.Now(); time.Since(begun) < patience; {
		quiet := w.nothingHeld()
		for _, q := range w.queues {
			_, busy := q.Next()
			quiet = quiet && !busy
		}
		if quiet {
			return
		}
		if sleep(ctx, time.Minute) != nil {
			return
		}
	}
	for lane, q := range w.queues {
		if at, ok := q.Next(); ok {
			w.broken("the %s queue does not come to rest: its next record comes at %v", lane, at)
		}
	}
}
