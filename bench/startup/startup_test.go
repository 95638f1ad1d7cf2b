package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dmlysender/bench/binary"
)

func ms(values ...float64) []time.Duration {
	times := make([]time.Duration, len(values))
	for i, value := range values {
		times[i] = time.Duration(value * float64(time.Millisecond))
	}
	return times
}

func TestEveryFunctionIsMeasuredWithBothLedgers(t *testing.T) {
	t.Parallel()
	subjects, err := choose([]string{"worker", "schedule", "api"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range subjects {
		got = append(got, s.String())
	}
	want := []string{
		"worker with LEDGER=memory:", "worker with LEDGER=dynamodb:bench-table",
		"schedule with LEDGER=memory:", "schedule with LEDGER=dynamodb:bench-table",
		"api with LEDGER=memory:", "api with LEDGER=dynamodb:bench-table",
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := choose([]string{"worker", "wroker"}); err == nil || !strings.Contains(err.Error(), "wroker") {
		t.Errorf("got %v, want an error that names the unknown function", err)
	}
}

func TestResultsAreComparedWithThePairedHelloWorld(t *testing.T) {
	t.Parallel()
	subjects := []subject{{function: "worker", ledger: "memory:", limit: 2}, {function: "api", ledger: "memory:", limit: 2.5}}
	results := summarize(subjects, []times{{own: ms(8, 7, 30), hello: ms(4, 2, 9)}, {own: ms(10.1, 8, 12), hello: ms(4, 3.9, 4.1)}})
	var out bytes.Buffer
	binaries := map[string]built{"worker": {size: 7_400_000, helloSize: 6_300_000}, "api": {size: 9_500_000, helloSize: 6_300_000}}
	if err := printTable(&out, "a machine", 3, binaries, results); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"3 rounds", "a machine", "hello world (6.3 MB)",
		"worker    memory:  7.4  7.00    8.00       4.00      2.00   2.0    ok",
		"api       memory:  9.5  8.00    10.10      4.00      2.52   2.5    over",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwant it to contain %q", out.String(), want)
		}
	}
	err := overLimit(results)
	if err == nil || !strings.Contains(err.Error(), "api with LEDGER=memory: takes 2.52 × hello world, limit 2.5") || strings.Contains(err.Error(), "worker") {
		t.Errorf("got %v, want api named alone", err)
	}
	if err := overLimit(results[:1]); err != nil {
		t.Errorf("got %v, want none: just at the limit is within it", err)
	}
}

func TestRealBinariesAreBuiltAndMeasuredInPairs(t *testing.T) {
	t.Parallel()
	// Hello world stands in for a function, so that this test does not depend on one.
	path := filepath.Join(t.TempDir(), "hello")
	if _, err := binary.Build(t.Context(), "./bench/startup/hello", path); err != nil {
		t.Fatal(err)
	}
	binaries := map[string]built{"double": {path: path, hello: path}}
	subjects := []subject{{function: "double", ledger: "memory:", limit: 2, env: localEnv()}}
	all, err := measure(t.Context(), binaries, subjects, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(all[0].own) != 2 || len(all[0].hello) != 2 {
		t.Errorf("got %+v, want two pairs", all[0])
	}
	if r := summarize(subjects, all)[0]; r.least <= 0 || r.hello <= 0 {
		t.Errorf("got %+v, want times", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := measure(ctx, binaries, subjects, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestAFunctionThatDoesNotStartIsNamed(t *testing.T) {
	t.Parallel()
	binaries := map[string]built{"worker": {path: "absent", hello: "absent"}}
	_, err := measure(t.Context(), binaries, []subject{{function: "worker", ledger: "memory:"}}, 1)
	if err == nil || !strings.Contains(err.Error(), "measure worker with LEDGER=memory:") {
		t.Errorf("got %v, want an error that names the function", err)
	}
}

func TestWrongFlagsAreExplained(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-n", "0"}, {"-functions", "nothing"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%q: got %v, want an error that names the flag", args, err)
		}
	}
}
