//go:build e2e

package stack_test

import (
	"testing"

	"dmlysender/e2e/deployed"
)

// The tests share one stack and wait at the same time, each for messages of its own. The group around them ends when all of them have.
//
//nolint:paralleltest,tparallel // the linters do not see what methods call
func TestE2EStack(t *testing.T) {
	t.Parallel()
	r := start(deployed.Begin(t, whole), t)
	t.Run("while it runs", func(t *testing.T) {
		t.Run("each sample is sent", r.sendsEachSample)
		t.Run("what DMLY rejects is not sent again", r.rejects)
		t.Run("what is no message is recorded", r.recordsWhatIsNoMessage)
		t.Run("what comes often is sent once", r.sendsOnceWhatComesOften)
		t.Run("what may have been sent is not sent again", r.keepsWhatIsUnknown)
		t.Run("a key that is refused holds its account until it is changed", r.changesItsKey)
		t.Run("a schedule sends its message once", r.sendsOnSchedule)
		t.Run("what is due soon waits on its queue", r.sendsSoon)
		t.Run("what is due later has a schedule", r.schedulesLater)
		t.Run("a schedule that fires early is made anew", r.schedulesAnew)
		t.Run("what is moved to now is sent at once", r.moves)
		t.Run("what is cancelled is not sent", r.cancels)
		t.Run("what waits under a cancelKey is cancelled", r.cancelsUnder)
		t.Run("what has hours waits for them", r.waitsForItsHours)
		t.Run("what its hours come too late for is not sent", r.expires)
		t.Run("a campaign sends one message to each", r.sendsToMany)
		t.Run("a campaign without its audience is refused", r.refusesCampaigns)
		t.Run("a campaign that is cancelled ends", r.cancelsCampaigns)
	})
	t.Run("nothing else is sent or left", r.isAtRest)
}
