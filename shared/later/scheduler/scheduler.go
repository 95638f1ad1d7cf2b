// Package scheduler holds records in Amazon EventBridge Scheduler until their moment: a one-time schedule for each message
// puts its body on the queue, and is gone after that.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
)

const (
	// precision is that of EventBridge Scheduler: a schedule for 9:00 puts its record on the queue from 9:00:00 to 9:00:59.
	precision = time.Minute
	// maxTries is how often a schedule is written that others write, fire or remove at the same time.
	maxTries = 4
	// backOff is the shortest pause after the first try; it doubles with each further one.
	backOff = 50 * time.Millisecond
)

// Scheduler is a [delivery.Scheduler] on EventBridge Scheduler. It is safe for concurrent use.
type Scheduler struct {
	client    *sdk.Client
	group     string
	region    string
	roleARN   *string
	lanes     map[delivery.Lane]lane
	clock     delivery.Clock
	precision time.Duration
}

// lane is where records of a lane go.
type lane struct {
	queue delivery.Queue
	// arn is that of the queue, deadARN that of its dead-letter queue.
	arn, deadARN *string
}

var _ delivery.Scheduler = (*Scheduler)(nil)

// Open returns the scheduler that keeps its schedules in the group and puts records on the queues of the targets, one for
// each lane, in the role with this ARN. Nothing is called before the first Schedule. Region, credentials, endpoint and the
// retries of whole requests are those of cfg (package awsconf).
//
// The error says which of the ARN and the URLs is none. URLs end in the account's number and the queue's name.
func Open(cfg aws.Config, group, roleARN string, targets map[delivery.Lane]later.Target) (*Scheduler, error) {
	s := &Scheduler{
		client: sdk.NewFromConfig(cfg), group: group, region: cfg.Region, roleARN: aws.String(roleARN),
		lanes: map[delivery.Lane]lane{}, clock: delivery.SystemClock{}, precision: precision,
	}
	partition, err := partitionOf(roleARN)
	if err != nil {
		return nil, err
	}
	for name, target := range targets {
		l := lane{queue: target.Queue}
		if l.arn, err = queueARN(partition, cfg.Region, target.URL); err != nil {
			return nil, err
		}
		if l.deadARN, err = queueARN(partition, cfg.Region, target.DeadLetterURL); err != nil {
			return nil, err
		}
		s.lanes[name] = l
	}
	return s, nil
}

// Schedule implements [delivery.Scheduler]. The schedule is for a whole minute (UTC) that is 1 to 2 minutes before the
// moment, so that the record never comes late by the precision of a minute; the rest of the time it waits on its queue.
// What is due before the next such minute is put on the queue at once, with a delay.
//
// What comes is the body; a schedule has no place for Group, Recheck and Generation. So the body has to be a message with
// the record's ID in it.
//
// The error matches [ErrGroupNotFound], [ErrAccessDenied], [delivery.ErrThrottled] or [later.ErrNoID] where one applies. To
// schedule again does no harm.
func (s *Scheduler) Schedule(ctx context.Context, lane delivery.Lane, r delivery.Record, at time.Time) error {
	if err := s.schedule(ctx, lane, r, at); err != nil {
		return fmt.Errorf("schedule message %s in the group %s in %s: %w", r.ID, s.group, s.region, err)
	}
	return nil
}

func (s *Scheduler) schedule(ctx context.Context, name delivery.Lane, r delivery.Record, at time.Time) error {
	l, ok := s.lanes[name]
	if !ok {
		return fmt.Errorf("there is no queue for the lane %q", name)
	}
	body, err := bodyOf(r)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	if minute := s.minuteOf(at); minute.After(now) {
		return s.put(ctx, entry{name: nameOf(r.ID, minute), id: r.ID, body: body, minute: minute, lane: l})
	}
	r.Delay = max(at.Sub(now), 0)
	return l.queue.Enqueue(ctx, r)
}

// minuteOf is when the schedule for a moment fires.
func (s *Scheduler) minuteOf(at time.Time) time.Time {
	return at.Add(-s.precision).Truncate(s.precision)
}

// Unschedule implements [delivery.Scheduler]. The error matches [ErrAccessDenied] or [delivery.ErrThrottled] where one
// applies.
func (s *Scheduler) Unschedule(ctx context.Context, id string, at time.Time) error {
	if err := s.remove(ctx, nameOf(id, s.minuteOf(at))); err != nil {
		return fmt.Errorf("remove the schedule of message %s from the group %s in %s: %w", id, s.group, s.region, err)
	}
	return nil
}

// put writes the schedule: it creates one, or changes the one that stands, which may fire and go in between.
func (s *Scheduler) put(ctx context.Context, e entry) error {
	return s.persist(ctx, func() error {
		_, err := s.client.CreateSchedule(ctx, e.create(s))
		if _, stands := errors.AsType[*types.ConflictException](err); !stands {
			return err
		}
		_, err = s.client.UpdateSchedule(ctx, e.update(s))
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
			return &changedError{err}
		}
		return err
	})
}

// remove deletes the schedule with this name, if there is one.
func (s *Scheduler) remove(ctx context.Context, name string) error {
	return s.persist(ctx, func() error {
		_, err := s.client.DeleteSchedule(ctx, &sdk.DeleteScheduleInput{GroupName: aws.String(s.group), Name: aws.String(name)})
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
			return nil
		}
		return err
	})
}

// persist does it again for as long as others change the same schedule, up to maxTries times.
func (s *Scheduler) persist(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if !changed(err) || try == maxTries {
			return s.explain(ctx, err)
		}
		pause := backOff << (try - 1)
		if err := s.clock.Sleep(ctx, pause+rand.N(pause)); err != nil { //nolint:gosec // jitter is no secret
			return err
		}
	}
}

// changedError says that a schedule went while it was to be changed.
type changedError struct{ err error }

func (e *changedError) Error() string { return e.err.Error() }
func (e *changedError) Unwrap() error { return e.err }

// changed says whether the error is that somebody else changed the schedule at the same time.
func changed(err error) bool {
	if _, gone := errors.AsType[*changedError](err); gone {
		return true
	}
	_, conflict := errors.AsType[*types.ConflictException](err)
	return conflict
}
