package delivery

import (
	"context"
	"fmt"
	"time"

	"dmlysender/shared/message"
)

// schedule has the job's record come again at that moment, and says whether there is somebody to hold it.
func (j *job) schedule(ctx context.Context, at time.Time) (held bool, err error) {
	if j.Scheduler == nil {
		return false, nil
	}
	return true, j.holdUntil(ctx, j.message, *j.course.standing, at)
}

// holdUntil schedules the record of a scheduled message. Each moment has its own schedule, so that of two who move a message neither
// takes away what the other relies on; one that comes too early is held again, and one that comes too late finds the message at rest.
func (s *Sender) holdUntil(ctx context.Context, m message.Message, item Item, at time.Time) error {
	record := recordOf(m, item)
	record.Recheck = true
	if err := s.Scheduler.Schedule(ctx, LaneOf(m), record, at); err != nil {
		return fmt.Errorf("schedule message %s: %w", item.ID, err)
	}
	return nil
}

// bring has a record of a scheduled message come when it is due: by its queue if that is soon, else by a schedule.
func (s *Sender) bring(ctx context.Context, m message.Message, item Item, queues func(Lane) Queue) error {
	ahead := item.NotBefore.Sub(s.Clock.Now())
	if ahead > soon && s.Scheduler != nil {
		return s.holdUntil(ctx, m, item, item.NotBefore)
	}
	record := recordOf(m, item)
	record.Delay = min(max(ahead, 0), soon)
	if err := queues(LaneOf(m)).Enqueue(ctx, record); err != nil {
		return fmt.Errorf("queue message %s: %w", item.ID, err)
	}
	return nil
}

// recordOf is a record of what stands in the ledger.
func recordOf(m message.Message, item Item) Record {
	return Record{Body: item.Content, ID: item.ID, Group: m.Workspace.ID, Generation: item.Generation}
}
