package scheduler

import (
	"time"

	"dmlysender/shared/delivery"
)

// WithClock is the scheduler with another clock.
func (s *Scheduler) WithClock(c delivery.Clock) *Scheduler {
	other := *s
	other.clock = c
	return &other
}

// WithPrecision is the scheduler with schedules for other than whole minutes, for a stand-in that keeps them.
func (s *Scheduler) WithPrecision(d time.Duration) *Scheduler {
	other := *s
	other.precision = d
	return &other
}
