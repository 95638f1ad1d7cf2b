// Package queue has the queues that need no service: for local use and tests.
// Package sqs below it is the real one.
package queue

import (
	"context"
	"errors"
	"fmt"

	"dmlysender/shared/delivery"
)

// Direct is what SEND_QUEUE_URL=memory: means in a function that stands alone:
// what would be queued is sent at once. It holds nothing, so a recheck, which only
// looks after a message that is being sent already, is dropped.
type Direct struct {
	// Deliver sends a record.
	Deliver func(ctx context.Context, r delivery.Record) (delivery.Result, error)
}

var (
	_ delivery.Queue   = Direct{}
	_ delivery.Backlog = Direct{}
)

// Enqueue implements [delivery.Queue]. It fails for each record that could not be
// brought to rest: nothing here would bring it back.
func (d Direct) Enqueue(ctx context.Context, records ...delivery.Record) error {
	var problems []error
	for _, r := range records {
		if r.Recheck {
			continue
		}
		result, err := d.Deliver(ctx, r)
		if err != nil {
			problems = append(problems, fmt.Errorf("send message %s at once: %w", r.ID, err))
		} else if !result.Done {
			problems = append(problems, fmt.Errorf("message %s is %s, and there is no queue to bring it back", result.Item.ID, orUnsent(result.Item.State)))
		}
	}
	return errors.Join(problems...)
}

// Depth implements [delivery.Backlog]: nothing ever stands here.
func (Direct) Depth(context.Context) (int, error) { return 0, nil }

func orUnsent(s delivery.State) string {
	if s == "" {
		return "not due yet"
	}
	return string(s)
}

// Lanes are the two queues.
type Lanes struct {
	Normal, Bulk delivery.Queue
}

// For is the queue of a lane.
func (l Lanes) For(lane delivery.Lane) delivery.Queue {
	if lane == delivery.BulkLane {
		return l.Bulk
	}
	return l.Normal
}
