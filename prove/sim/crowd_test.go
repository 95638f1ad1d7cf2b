package sim

import (
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/prove/tally"
)

// campaignSeedVariable names the environment variable that repeats one campaign of the simulation.
const campaignSeedVariable = "PROVE_CAMPAIGN"

// playStory plays a story in a bubble.
func playStory(t *testing.T, s story, seed uint64) (c *crowd) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if c, err = newCrowd(s, dir, seed); err != nil {
			t.Fatal(err)
		}
		defer c.files.Close()
		c.play(t.Context())
	})
	for _, p := range c.problems {
		t.Errorf("%s=%d, %s: %s", campaignSeedVariable, seed, s.name, p)
	}
	return c
}

// TestCampaigns sends campaigns to many, with whatever may happen meanwhile: each recipient gets one message, or there is a reason why
// not. PROVE_CAMPAIGN=N repeats one.
func TestCampaigns(t *testing.T) {
	t.Parallel()
	seeds, recipients, rate := uint64(3*storyKinds), 300, 20
	if tally.Full() {
		seeds, recipients, rate = 2*storyKinds, 10_000, perMinute
	}
	shard, shards := shardOf(t)
	if text := os.Getenv(campaignSeedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		shard, shards, seeds = seed, 1, seed+1
	}
	counts := tally.Counts{}
	for seed := shard; seed < seeds; seed += shards {
		s := storyOf(seed, recipients, rate)
		begun := time.Now()
		c := playStory(t, s, seed)
		t.Logf("%d %s: %d recipients, %d runs in %v: %d sent, %d unknown, %d rejected, %d failed, %d cancelled; %d crashes, %d in flight; "+
			"normal messages waited %v at most (%v with those whose worker ended); at most %d a minute, %d of the campaign; paused %q; %d looks; took %v",
			seed, s.name, s.recipients, c.seen.runs, c.seen.took.Round(time.Second), c.tally.Sent, c.tally.Unknown, c.tally.Rejected, c.tally.Failed, c.tally.Cancelled,
			c.tally.Crashes, c.tally.CrashesInFlight, c.seen.wait.Round(time.Millisecond), c.seen.anyWait.Round(time.Millisecond),
			c.seen.fastest, c.seen.own, c.pauses, c.seen.looks, time.Since(begun).Round(time.Millisecond))
		c.tally.addTo(counts, map[string]int{})
		counts.Add(tally.Counts{tally.Longest + "WaitMs": int(c.seen.wait.Milliseconds())})
	}
	tally.Report(t, "campaigns", counts)
}
