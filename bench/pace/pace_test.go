package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dmlysender/bench/binary"
	"dmlysender/bench/rig"
)

// steady are messages that arrive one after the other, for two minutes.
func steady(perMinute int) result {
	const span = 2 * time.Minute
	r := result{perMinute: 600, workers: 5, begun: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), span: span}
	for i := 1; i <= int(span.Minutes()*float64(perMinute)); i++ {
		r.sending.Arrived = append(r.sending.Arrived, r.begun.Add(time.Duration(i)*time.Minute/time.Duration(perMinute)))
	}
	return r
}

func TestARateHasToBeUsedAndKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		perMinute int
		want      string
	}{
		"used":     {594, ""},
		"not used": {540, "5 workers use 0.9"},
		"exceeded": {612, "5 workers sent 612 messages in a minute, and may send 600"},
	} {
		err := wrong([]result{steady(tt.perMinute)})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: err = %v, want %q", name, err, tt.want)
		}
	}
}

func TestTheFirstSecondsCountAgainstTheLimitAlone(t *testing.T) {
	t.Parallel()
	r := steady(594)
	for range 20 { // a burst at the start
		r.sending.Arrived = append([]time.Time{r.begun.Add(time.Second)}, r.sending.Arrived...)
	}
	if got := r.achieved(); got > 1 {
		t.Errorf("the burst is said to have been kept up: got %v", got)
	}
	if wrong([]result{r}) == nil {
		t.Errorf("a minute with %d messages is said to be within 600", r.most())
	}
}

func TestTheTableSaysWhatCollides(t *testing.T) {
	t.Parallel()
	r := steady(594)
	r.sending.Reservations, r.sending.Lost = 297, 99
	var out bytes.Buffer
	if err := printTable(&out, "a machine", 2*time.Millisecond, r.span, []result{r, steady(300)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"for 2m0s", "in 2ms. a machine\n", "600       5        0.99", "0.250                  0.083  ok\n", "  WRONG\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

// It makes no claim about time: it holds that the real worker sends, and that what it did is counted.
func TestRealWorkersShareABacklog(t *testing.T) {
	t.Parallel()
	worker := build(t)
	s, err := rig.Backlog{Worker: worker, Workers: 2, PerMinute: 60_000, Bulk: true}.Run(t.Context(), 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if s.Messages == 0 || len(s.Arrived) < s.Messages || s.Invocations == 0 || s.Billed < time.Duration(s.Invocations)*time.Millisecond {
		t.Errorf("got %d messages, %d of which arrived, in %d invocations of %v", s.Messages, len(s.Arrived), s.Invocations, s.Billed)
	}
	if s.Reservations < s.Invocations || s.Lost > s.Reservations {
		t.Errorf("got %d reservations, %d of them lost, in %d invocations", s.Reservations, s.Lost, s.Invocations)
	}
}

func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker")
	if _, err := binary.Build(t.Context(), "./functions/worker", path); err != nil {
		t.Fatal(err)
	}
	return path
}
