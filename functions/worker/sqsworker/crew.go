package sqsworker

import (
	"sync"
	"time"
)

// idleTime is how long a goroutine of a Crew waits for another job before it ends.
const idleTime = time.Minute

// Crew runs jobs, each at once and on a goroutine of its own, and uses the goroutines again. A new one's stack grows, a copy at a time, to
// what AWS's SDK needs; that took a twelfth of the processor time of a message. They end when they have had nothing to do for a minute.
// Its zero value is ready. It is safe for concurrent use.
type Crew struct {
	once sync.Once
	jobs chan func()
}

// run begins the job, and does not wait for its end. The job may not panic.
func (c *Crew) run(job func()) {
	if c == nil {
		go job()
		return
	}
	c.once.Do(func() { c.jobs = make(chan func()) })
	select {
	case c.jobs <- job: // somebody waits for one
	default:
		go c.work(job)
	}
}

// work runs the job, and then others until there has been none for a while.
func (c *Crew) work(job func()) {
	idle := time.NewTimer(idleTime)
	defer idle.Stop()
	for {
		job()
		idle.Reset(idleTime)
		select {
		case job = <-c.jobs:
		case <-idle.C:
			return
		}
	}
}
