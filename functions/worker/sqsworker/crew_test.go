package sqsworker

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestACrewRunsAllJobsAtOnceAndItsGoroutinesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c Crew
		before := runtime.NumGoroutine()
		for range 5 {
			var running, ended sync.WaitGroup
			running.Add(concurrency)
			for range concurrency {
				ended.Add(1)
				c.run(func() {
					defer ended.Done()
					running.Done()
					running.Wait() // for all others
				})
			}
			ended.Wait()
			synctest.Wait() // until all are idle
			if n := runtime.NumGoroutine() - before; n > 2*concurrency {
				t.Errorf("there are %d goroutines for %d jobs", n, concurrency)
			}
		}
		<-time.After(idleTime + time.Second) // by the bubble's clock; then all have ended, or the test fails
	})
}
