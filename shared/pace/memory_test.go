package pace_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/pace"
	"dmlysender/shared/pace/pacetest"
)

// openMemory has one clock, that of the first worker.
func openMemory(t *testing.T, perMinute int) func(now func() time.Time) pacetest.Pacer {
	t.Helper()
	var once sync.Once
	var shared *pace.Memory
	return func(now func() time.Time) pacetest.Pacer {
		once.Do(func() {
			var err error
			if shared, err = pace.NewMemory(perMinute, now); err != nil {
				t.Error(err)
				return
			}
			shared.Float64 = rand.New(rand.NewPCG(1, 2)).Float64 // the same again, for one who reproduces a failure
		})
		return shared
	}
}

func TestMemoryIsAPacer(t *testing.T) {
	t.Parallel()
	pacetest.Run(t, openMemory)
}

func TestMemoryIsNeverAboveTheRate(t *testing.T) {
	t.Parallel()
	pacetest.NeverAboveTheRate(t, openMemory, 0)
}

func TestMemoryReachesTheRate(t *testing.T) {
	t.Parallel()
	pacetest.ReachesTheRate(t, openMemory)
}

func TestInMemoryNormalIsNeverLongBehindBulk(t *testing.T) {
	t.Parallel()
	pacetest.NormalIsNeverLongBehindBulk(t, openMemory)
}

func TestConcurrentWorkersStayWithinTheRateAndUseItUp(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 30, 100, 1000} {
		t.Run(fmt.Sprintf("%d a minute", perMinute), func(t *testing.T) {
			t.Parallel()
			pacetest.Concurrent(t, openMemory, perMinute)
		})
	}
}

func TestARateOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := pace.NewMemory(0, time.Now); err == nil {
		t.Error("a rate of 0 was taken")
	}
}
