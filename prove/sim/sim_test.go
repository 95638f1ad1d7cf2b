package sim

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/prove/tally"
)

const (
	// seedVariable names the environment variable that repeats one schedule of the simulation.
	seedVariable = "PROVE_SEED"
	// shardVariable says which part of the full simulation a process plays, such as 0/2: each plays one schedule at a time.
	shardVariable = "PROVE_SHARD"
)

var timeZero time.Time

// play runs the schedule of a seed in a bubble, and returns what it came to.
func play(t *testing.T, seed uint64) (total Tally, problems []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, err := newWorld(troubleOf(seed), seed)
		if err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), 3+w.dice.pick("messages", 8), 1+w.dice.pick("workers", 2))
		total, problems = w.tally, w.problems
		if crashes := seed%troubles == 0; crashes && total.Unknown > total.CrashesInFlight {
			problems = append(problems, strconv.Itoa(total.Unknown)+" messages are unknown, and only "+strconv.Itoa(total.CrashesInFlight)+" were between claim and record at a crash")
		}
	})
	return total, problems
}

// troubles is how many kinds of world there are.
const troubles = 8

// troubleOf is the trouble of a seed: of eight worlds one has crashes only, one none at all, and the others everything.
func troubleOf(seed uint64) Trouble {
	switch seed % troubles {
	case 0:
		return crashesOnly()
	case 1:
		return calm()
	default:
		return everything()
	}
}

// TestSimulation plays schedules in which everything goes wrong that can. PROVE_SEED=N repeats one.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		const tries = 20 // see TestASeedRepeatsItsSchedule
		for range tries {
			total, problems := play(t, seed)
			t.Logf("seed %d: %+v", seed, total)
			for _, p := range problems {
				t.Error(p)
			}
			if t.Failed() {
				break
			}
		}
		return
	}
	schedules := uint64(600)
	if tally.Full() {
		schedules = 100_000
	}
	shard, shards := shardOf(t)
	counts, faults := tally.Counts{}, map[string]int{}
	for seed := shard; seed < schedules && !t.Failed(); seed += shards {
		total, problems := play(t, seed)
		for _, p := range problems {
			t.Errorf("%s=%d: %s", seedVariable, seed, p)
		}
		total.addTo(counts, faults)
	}
	for _, name := range everything().names() {
		if faults[name] == 0 {
			t.Errorf("the planned fault %q never happened", name)
		}
	}
	tally.Report(t, "simulation", counts)
}

// shardOf says which part of the full simulation this process plays; all of a short one.
func shardOf(t *testing.T) (shard, shards uint64) {
	t.Helper()
	if !tally.Full() {
		return 0, 1
	}
	if _, err := fmt.Sscanf(os.Getenv(shardVariable), "%d/%d", &shard, &shards); err != nil || shard >= shards {
		t.Fatalf("%s is %q: want 0/2, say", shardVariable, os.Getenv(shardVariable))
	}
	return shard, shards
}

func (total Tally) addTo(counts tally.Counts, faults map[string]int) {
	counts["schedules"]++
	counts["messages"] += total.Messages
	counts["sent"] += total.Sent
	counts["unknown"] += total.Unknown
	counts["cancelled"] += total.Cancelled
	counts["duplicates"] += total.Duplicates
	counts["lost"] += total.Lost
	counts["crashes"] += total.Crashes
	for name, n := range total.Faults {
		faults[name] += n
		counts["faults"] += n
	}
}

// A world in which nothing goes wrong sends everything, and knows of everything what became of it.
func TestCalmWorldSendsEverything(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed < 100*troubles; seed += troubles {
		total, problems := play(t, seed)
		if len(problems) > 0 || total.Unknown+total.Failed > 0 || total.Sent+total.Rejected+total.Expired != total.Messages || total.Sent == 0 {
			t.Errorf("seed %d: %+v %v", seed, total, problems)
		}
	}
}

// A failure is worth little if it cannot be looked at again.
func TestASeedRepeatsItsSchedule(t *testing.T) { //nolint:paralleltest // what runs beside it would change the order of its goroutines
	// The rest is what synctest leaves to chance: which of several goroutines goes first at the same moment. The race detector
	// has them take turns at random; without it, all or nearly all come to the same.
	const seeds, least = 100, 70
	same := 0
	for seed := range uint64(seeds) {
		first, _ := play(t, seed)
		second, _ := play(t, seed)
		if reflect.DeepEqual(first, second) {
			same++
		}
	}
	if same < least {
		t.Errorf("%d of %d seeds came to the same twice, want at least %d", same, seeds, least)
	}
}

// With one goroutine at a time, and with the chance of each decision by itself, a seed is a schedule.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	os.Exit(m.Run())
}
