package dynamodb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dmlysender/shared/pace/pacetest"
)

// losing is a table that loses so many of a thousand answers. Its chances come out the same again, for one who reproduces
// a failure.
func losing(lost int) pacetest.Open {
	return func(t *testing.T, perMinute int) func(func() time.Time) pacetest.Pacer {
		t.Helper()
		random := rand.New(rand.NewPCG(1, 2))
		f := &fast{lost: func() bool { return random.IntN(1000) < lost }}
		return func(now func() time.Time) pacetest.Pacer {
			p := f.open(t, perMinute, now)
			p.Float64 = random.Float64
			return p
		}
	}
}

func TestDynamoDBIsNeverAboveTheRateEvenIfAnswersAreLost(t *testing.T) {
	t.Parallel()
	pacetest.NeverAboveTheRate(t, losing(200), 0)
}

func TestClocksThatDifferLetLittleMoreThrough(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"by less than the slack": 600 * time.Millisecond, "by 2 s": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pacetest.NeverAboveTheRate(t, losing(100), skew)
		})
	}
}

func TestDynamoDBReachesTheRate(t *testing.T) {
	t.Parallel()
	pacetest.ReachesTheRate(t, losing(0))
}

func TestInDynamoDBNormalIsNeverLongBehindBulk(t *testing.T) {
	t.Parallel()
	pacetest.NormalIsNeverLongBehindBulk(t, losing(0))
}

// Answers take up to 300 ms, so some slots are in the past when they come.
func TestConcurrentWorkersStayWithinTheRateAndUseItUp(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 30, 100, 1000} {
		t.Run(fmt.Sprintf("%d a minute", perMinute), func(t *testing.T) {
			t.Parallel()
			pacetest.Concurrent(t, func(t *testing.T, perMinute int) func(func() time.Time) pacetest.Pacer {
				t.Helper()
				f := &fast{latency: upTo150ms}
				return func(now func() time.Time) pacetest.Pacer { return f.open(t, perMinute, now) }
			}, perMinute)
		})
	}
}

func upTo150ms(ctx context.Context) error {
	timer := time.NewTimer(rand.N(150 * time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
