package sqsworker

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
)

// Queue is one that batches come from.
type Queue interface {
	delivery.Queue
	delivery.Postponer
}

const (
	// bringBackTime is the most that is spent on when records come back.
	bringBackTime = 2 * time.Second
	// answerTime is what is left of the invocation then, for the answer: without one, all of the batch would come back.
	answerTime = 100 * time.Millisecond
	// minPostponement keeps a record whose time has come from coming back to a worker that is still answering.
	minPostponement = time.Second
)

// bringBack has each record that is not done come back when its message may go on, instead of with the queue's
// visibility time-out, and replaces those that the queue would soon end; these are done then.
//
// It does so even if the invocation's context has ended, as long as Lambda waits for the answer. What fails is logged:
// the records come back all the same, only not at the best moment.
func (h *Handler) bringBack(ctx context.Context, records []events.SQSMessage, results []delivery.Result) {
	// Lambda takes a batch from one queue.
	queue := h.Queues[queueName(records[0].EventSourceARN)]
	if queue == nil {
		return
	}
	ctx, cancel := bringBackContext(ctx)
	defer cancel()
	now := h.Sender.Clock.Now()
	var later []delivery.Postponement
	for i, r := range records {
		if results[i].Done {
			continue
		}
		if old(r, now) && h.replace(ctx, queue, r, results[i], now) {
			results[i].Done = true
			continue
		}
		if at := results[i].RetryAt; !at.IsZero() {
			later = append(later, delivery.Postponement{Receipt: r.ReceiptHandle, After: max(at.Sub(now), minPostponement)})
		}
	}
	if len(later) == 0 {
		return
	}
	if err := queue.Postpone(ctx, later...); err != nil {
		h.Log.WarnContext(ctx, "not postponed", slog.String("error", err.Error()))
	}
}

// bringBackContext ends in time for the answer, but not with ctx.
func bringBackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), bringBackTime)
	end, ok := ctx.Deadline()
	if !ok {
		return own, cancel
	}
	inTime, cancelInTime := context.WithDeadline(own, end.Add(-answerTime))
	return inTime, func() { cancelInTime(); cancel() }
}

// queueName is the last part of a queue's ARN, as of its URL.
func queueName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
