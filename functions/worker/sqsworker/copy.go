package sqsworker

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
)

const (
	// A record ends on the dead-letter queue when it has been received 1000 times, and is deleted without a word after
	// 14 days, as the template sets the queues up. Before that, a fresh copy takes its place.
	maxReceives = 900
	maxAge      = 12 * 24 * time.Hour
	// maxDelay is the longest that SQS holds a record back when it is sent.
	maxDelay = 15 * time.Minute
)

// old says whether the queue would soon end the record.
func old(r events.SQSMessage, now time.Time) bool {
	if receives, err := strconv.Atoi(r.Attributes[receiveCount]); err == nil && receives > maxReceives {
		return true
	}
	sent, err := strconv.ParseInt(r.Attributes[sentTimestamp], 10, 64)
	return err == nil && now.Sub(time.UnixMilli(sent)) > maxAge
}

// replace puts a fresh copy of the record on its queue, and reports whether it is there, so that the record itself can
// be acknowledged. Where both stay, the message is sent once all the same. The copy has another messageId, so it
// carries the id under which its message is delivered.
//
// Each copy is a round from worker to queue to worker. Lambda takes a chain of 16 for a loop; it counts them by the trace
// header, which the SDK passes on. The template allows it: each round takes 900 receives or 12 days.
func (h *Handler) replace(ctx context.Context, queue Queue, r events.SQSMessage, result delivery.Result, now time.Time) bool {
	fresh := received(r)
	fresh.ID = cmp.Or(result.Item.ID, delivery.IDOf(fresh, r.MessageId))
	fresh.Group = r.Attributes[groupID]
	fresh.Recheck = true
	if !result.RetryAt.IsZero() {
		fresh.Delay = min(max(result.RetryAt.Sub(now), 0), maxDelay)
	}
	if err := queue.Enqueue(ctx, fresh); err != nil {
		h.Log.ErrorContext(ctx, "an old record was not replaced", slog.String("messageId", r.MessageId), slog.String("error", err.Error()))
		return false
	}
	h.Log.InfoContext(ctx, "an old record was replaced by a fresh copy", slog.String("messageId", r.MessageId), slog.String("id", fresh.ID))
	return true
}
