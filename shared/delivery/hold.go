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

// holdUntil schedules the record of a scheduled message. Somebody may have moved the message since it was seen, and may have been
// the first to schedule it: then what the ledger says counts.
func (s *Sender) holdUntil(ctx context.Context, m message.Message, item Item, at time.Time) error {
	for range maxRaces {
		record := recordOf(m, item)
		record.Recheck = true
		if err := s.Scheduler.Schedule(ctx, LaneOf(m), record, at); err != nil {
			return fmt.Errorf("schedule message %s: %w", item.ID, err)
		}
		standing, err := s.look(ctx, item.ID)
		switch {
		case err != nil:
			return err
		case standing == nil || standing.State != Scheduled || standing.NotBefore.Equal(at):
			return nil
		case standing.NotBefore.Sub(s.Clock.Now()) <= soon: // whoever moved it there has queued it
			return nil
		}
		item, at = *standing, standing.NotBefore
	}
	return fmt.Errorf("schedule message %s: others kept moving it; try again", item.ID)
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
