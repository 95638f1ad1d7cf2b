package campaign

import (
	"testing"
	"time"
)

func TestNoMinuteHasMoreThanTheCampaignsOwnRate(t *testing.T) {
	t.Parallel()
	// SQS delays by whole seconds, and a worker may be a second late.
	const late = time.Second
	for _, own := range []int{1, 7, 40, 60, 100, 1000} {
		goes := func(i int) time.Duration {
			return (time.Duration(i)*between(own) + time.Second - 1).Truncate(time.Second)
		}
		for i := range 5 * own {
			if within := goes(i+own) - goes(i) - late; within < time.Minute {
				t.Errorf("%d a minute: %d go within %v", own, own+1, within)
				break
			}
		}
	}
}
