package main

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/bench/binary"
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

func took(name string, least float64, cpu, withStart time.Duration) *measured {
	return &measured{
		subject: subject{Function: rig.Function{Name: name}, least: least, keeps: true},
		starts:  ms(3, 2, 30), firsts: ms(9), fast: ms(7), slow: ms(201), peakKB: 20 << 10, accepted: []int{1, 1, 1, 1, 0},
		cpu: []time.Duration{cpu}, cpuWithStart: []time.Duration{withStart},
	}
}

func TestPeersAreHeldAgainstTheWorker(t *testing.T) {
	t.Parallel()
	worker := took("worker", 0, 400*time.Microsecond, 500*time.Microsecond)
	bare := took("bare", 0, 100*time.Microsecond, 100*time.Microsecond)
	bare.keeps = false
	for _, tt := range []struct {
		cpu, withStart time.Duration
		short          string
	}{
		{1200 * time.Microsecond, 1500 * time.Microsecond, ""}, // just at the limit
		{1100 * time.Microsecond, 1500 * time.Microsecond, "a message costs peer 2.8 times the worker's processor time, and 3.0 times with the start, limit 3"},
		{1200 * time.Microsecond, 1400 * time.Microsecond, "3.0 times the worker's processor time, and 2.8 times with the start"},
	} {
		r := results{subjects: []*measured{worker, took("peer", 3, tt.cpu, tt.withStart), bare}}
		got := ""
		if err := r.short(); err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.short) || (tt.short == "") != (got == "") {
			t.Errorf("%v, %v: got %q, want %q", tt.cpu, tt.withStart, got, tt.short)
		}
	}
}

func TestAMessageAcceptedTwiceOfTheWorkerIsNamed(t *testing.T) {
	t.Parallel()
	worker := took("worker", 0, 400*time.Microsecond, 500*time.Microsecond)
	worker.accepted = []int{1, 1, 1, 2, 0}
	err := results{subjects: []*measured{worker}}.short()
	if err == nil || err.Error() != "killed after the POST: worker had DMLY accept a message 2 times" {
		t.Errorf("got %v", err)
	}
}

func TestTheTablesHaveEverySubject(t *testing.T) {
	t.Parallel()
	bare := took("bare", 0, 100*time.Microsecond, 100*time.Microsecond)
	bare.keeps = false
	r := results{
		plan: plan{dmly: 200 * time.Millisecond, aws: 2 * time.Millisecond, starts: 3, processes: 1, batches: 100, slowBatches: 1},
		subjects: []*measured{
			took("worker", 0, 400*time.Microsecond, 500*time.Microsecond), took("peer", 3, 2*time.Millisecond, 3*time.Millisecond), bare,
		},
	}
	text := r.markdown("a machine")
	for _, want := range []string{
		"a machine. Medians of 3 starts, 1 processes with 1000 messages each, and 1 batches of 10 with DMLY at 200ms; a call of AWS takes 2ms.\n",
		"| peer | 3.00 | 9.00 | 2.00 | 5.0 | 3.00 | 6.0 | 7.00 | 201.00 | 20 |\n",
		"| bare | 3.00 | 9.00 | 0.10 | 0.2 |", "| worker | 1 | 1 | 1 | 1 | 0 |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant it to contain %q", text, want)
		}
	}
	if got := strings.Count(text, "| bare "); got != 1 {
		t.Errorf("got what posts and keeps no ledger in %d tables, want it in the first alone", got)
	}
}

func TestTheTableIsPutBetweenItsMarks(t *testing.T) {
	t.Parallel()
	got, err := between("before\n"+begin+"old\n"+end+"after\n", "new\n")
	if want := "before\n" + begin + "new\n" + end + "after\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := between("before\n"+begin+"old\n", "new\n"); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(end)) {
		t.Errorf("got %v, want an error that names the marks", err)
	}
}

func build(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	if _, err := binary.Build(t.Context(), folder, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTheWorkerMeetsFaults stands in for all subjects: the peers are not installed everywhere.
func TestTheWorkerMeetsFaults(t *testing.T) {
	t.Parallel()
	path := build(t, "./functions/worker")
	worker := func(r *rig.Rig) rig.Function { return r.Worker(path) }
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			if got, err := f.meet(t.Context(), worker); err != nil || got > 1 {
				t.Errorf("DMLY accepted %d, %v, want 1 at most", got, err)
			}
		})
	}
	for _, tt := range []struct {
		fault fault
		want  int
	}{
		{fault{plan: []dmlytest.Fault{{Cut: dmlytest.CutBefore, Match: "order", Times: 2}}}, 0},
		{fault{plan: []dmlytest.Fault{{Status: 503, RetryAfter: "1"}}}, 1}, // it comes back, and is brought again
	} {
		got, err := tt.fault.meet(t.Context(), worker)
		if err != nil || got != tt.want {
			t.Errorf("%+v: DMLY accepted %d, %v, want %d", tt.fault.plan, got, err, tt.want)
		}
	}
}

// TestSubjectsAreMeasured makes no claim about time: it holds that everything is measured, and of the right thing.
func TestSubjectsAreMeasured(t *testing.T) {
	t.Parallel()
	worker, bare := build(t, "./functions/worker"), build(t, "./bench/throughput/bare")
	stage, err := rig.New(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stage.Close)
	subjects := []subject{{Function: stage.Worker(worker), keeps: true}, {Function: stage.Bare(bare)}}
	b := bench{Rig: stage, plan: plan{dmly: 20 * time.Millisecond, starts: 2, processes: 2, batches: 7, slowBatches: 2}, subjects: subjects}
	all, err := b.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		got := []int{len(m.starts), len(m.firsts), len(m.fast), len(m.slow), len(m.cpu), len(m.cpuWithStart)}
		if want := []int{2, 2, 14, 2, 2, 2}; !slices.Equal(got, want) {
			t.Errorf("%s: got %d measurements, want %d", m.Name, got, want)
		}
		if m.slow[0] < b.plan.dmly || m.peakKB < 1<<10 || m.cpuWithStart[0] <= 0 || m.starts[0] <= 0 {
			t.Errorf("%s: got %+v", m.Name, m)
		}
	}
	b.DMLY.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
	if _, err := b.measure(t.Context()); err == nil || !strings.Contains(err.Error(), "worker sent 9 of 10 messages") {
		t.Errorf("got %v, want an error: what is not sent is not measured", err)
	}
}

func TestPeersThatAreNotInstalledAreSaid(t *testing.T) {
	t.Parallel()
	if _, err := findTools(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make bench-peers") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
	if err := run(context.Background(), []string{"-n", "0"}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "-n") {
		t.Errorf("got %v, want an error that names the flag", err)
	}
}
