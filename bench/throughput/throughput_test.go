package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dmlysender/bench/rig"
	"dmlysender/shared/dmlytest"
)

func ms(values ...float64) []time.Duration {
	times := make([]time.Duration, len(values))
	for i, value := range values {
		times[i] = time.Duration(value * float64(time.Millisecond))
	}
	return times
}

func TestABatchIsHeldAgainstDMLYsTimeAndTwoWrites(t *testing.T) {
	t.Parallel()
	r := results{
		plan:  plan{dmly: 200 * time.Millisecond, aws: 2 * time.Millisecond},
		slow:  pairs{workerTimes: ms(265, 266, 300), bareTimes: ms(201, 190, 202)},
		fast:  pairs{workerTimes: ms(8, 9, 7), bareTimes: ms(2), workerCPU: ms(0.5), bareCPU: ms(0.1)},
		write: 3 * time.Millisecond,
		costs: []cost{{ledger: "memory:", objects: 287, bytes: 23_240}, {ledger: "dynamodb:bench", calls: 2, objects: 1080, bytes: 95_500}},
	}
	for _, tt := range []struct {
		write time.Duration
		want  []string
	}{
		{3 * time.Millisecond, []string{
			"of 10 WhatsApp texts", "2ms a call", "a machine",
			"                             median of  worker ms  bare ms  ratio\n",
			"batch, DMLY answers in 200ms  3          266.00     201.00   1.32\n",
			"batch, DMLY answers at once   3          8.00       2.00     4.00\n",
			"processor time of a message   1          0.50       0.10     5.00\n",
			"LEDGER=memory:         0.0             287                23.2\n",
			"LEDGER=dynamodb:bench  2.0             1080               95.5\n",
			"1.3 × that and 2 ledger writes of 3.00 ms, together 266.00 ms.", "It takes 266.00 ms, 1.33 × DMLY's time: holds.",
		}},
		{2 * time.Millisecond, []string{"together 264.00 ms.", "It takes 266.00 ms, 1.33 × DMLY's time: does not hold."}},
	} {
		r.write = tt.write
		var out bytes.Buffer
		if err := r.print(&out, "a machine"); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("got\n%s\nwant it to contain %q", out.String(), want)
			}
		}
	}
}

// TestRealBinariesAreMeasured makes no claim about time: it holds that everything is measured, and of the right thing.
func TestRealBinariesAreMeasured(t *testing.T) {
	t.Parallel()
	b, err := newBench(t.Context(), t.TempDir(), plan{dmly: 20 * time.Millisecond, slowRounds: 2, processes: 2, fastRounds: 3, countedBatches: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	r, err := b.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for what, p := range map[string]struct{ got, want int }{
		"slow batches": {len(r.slow.workerTimes), 2}, "slow batches of the bare loop": {len(r.slow.bareTimes), 2},
		"fast batches": {len(r.fast.workerTimes), 6}, "fast batches of the bare loop": {len(r.fast.bareTimes), 6},
		"processes": {len(r.fast.workerCPU), 2}, "processes of the bare loop": {len(r.fast.bareCPU), 2},
	} {
		if p.got != p.want {
			t.Errorf("%s: got %d, want %d", what, p.got, p.want)
		}
	}
	for _, took := range [][]time.Duration{r.slow.workerTimes, r.slow.bareTimes} {
		for _, d := range took {
			if d < b.plan.dmly {
				t.Errorf("got %v for a batch, less than one answer takes", d)
			}
		}
	}
	if r.write <= 0 || r.fast.workerCPU[0] <= 0 || r.fast.bareCPU[0] <= 0 {
		t.Errorf("got %v for a write, %v and %v of processor time, want some of each", r.write, r.fast.workerCPU, r.fast.bareCPU)
	}
	memory, table := r.costs[0], r.costs[1]
	if memory.calls != 0 || table.calls < 2.1 || table.calls > 2.2 {
		t.Errorf("got %v and %v calls of DynamoDB for a message, want 0 and 2.1: a claim, an outcome, and a tenth of a reservation for ten", memory.calls, table.calls)
	}
	if memory.objects < 10 || memory.bytes < 1000 || table.objects <= memory.objects || table.bytes <= memory.bytes {
		t.Errorf("got %+v, want more with DynamoDB than in memory", r.costs)
	}
}

func TestMessagesThatAreNotSentAreNotMeasured(t *testing.T) {
	t.Parallel()
	b, err := newBench(t.Context(), t.TempDir(), plan{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	for _, f := range []rig.Function{b.Worker(b.binaries["worker"]), b.Bare(b.binaries["bare"]), b.counted("memory:")} {
		b.DMLY.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
		r, err := b.Start(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Batch(t.Context()); err == nil || !strings.Contains(err.Error(), f.Name+" sent 9 of 10 messages") {
			t.Errorf("got %v, want an error that says how many %s sent", err, f.Name)
		}
		if err := r.End(); err != nil {
			t.Error(err)
		}
	}
}

func TestWrongFlagsAreExplained(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-n", "0"}, {"-dmly", "0s"}, {"-aws", "-1s"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%q: got %v, want an error that names the flag", args, err)
		}
	}
}
