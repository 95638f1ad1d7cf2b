package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEachLimitIsHeld(t *testing.T) {
	t.Parallel()
	smallest := result{format: "csv", rows: 10_000, plan: timing{300 * time.Millisecond, 20_000}, read: timing{2 * time.Millisecond, 10_000}, peakKB: 20 << 10}
	good := result{format: "csv", rows: 1_000_000, plan: timing{15 * time.Second, 1_000_000}, read: timing{200 * time.Millisecond, 1_000_000}, peakKB: 79 << 10}
	slow, large, growing := good, good, good
	slow.plan.busy = 21 * time.Second
	large.peakKB = 80 << 10
	growing.plan.busy = 19 * time.Second
	for name, tt := range map[string]struct {
		of   result
		want []string
	}{
		"all kept": {good, nil},
		"slow":     {slow, []string{"47619 rows a second, and have to be 50000", "1.40 times as long"}},
		"large":    {large, []string{"80.0 MB resident, and may be 79.3"}},
		"growing":  {growing, []string{"csv with 1000000 rows: a row takes 1.27 times as long as in the smallest file, and may take 1.25"}},
	} {
		err := overLimit([]result{smallest, tt.of})
		if (err == nil) != (tt.want == nil) {
			t.Fatalf("%s: err = %v", name, err)
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: err = %v, want %q", name, err, want)
			}
		}
	}
	var out bytes.Buffer
	if err := printTable(&out, "a machine", 3, []result{smallest, good, large}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a machine\n", "csv  10000    66667          15.00     1.00               0.20           75.0   20.0         64.2  ok\n", "79.3  OVER\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

// It makes no claim about time: it holds that the right thing is measured.
func TestFilesArePlannedAndRead(t *testing.T) {
	t.Parallel()
	const rows = 1000
	for _, format := range []string{"csv", "jsonl"} {
		path, err := write(t.TempDir(), format, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{planIt, readIt} {
			var out bytes.Buffer
			if err := run(t.Context(), []string{childArgument, what, path}, &out); err != nil {
				t.Fatalf("%s %s: %v", what, format, err)
			}
			var got taken
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.Rows != rows || got.Busy <= 0 || got.PeakKB <= 0 {
				t.Errorf("%s %s: got %+v", what, format, got)
			}
		}
		another := []byte("phone,name,city,order\n" + strings.Repeat("unknown,Ann,Rome,1\n", 100))
		if format == "jsonl" {
			another = []byte(strings.Repeat("{}\n", 100))
		}
		if err := os.WriteFile(path, another, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), []string{childArgument, planIt, path}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "the figures are of something else") {
			t.Errorf("%s: err = %v, want that it is another file", format, err)
		}
	}
}

// All of it, with files so small that the largest is planned in its first turn.
func TestFilesAreMeasuredInTurns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(t.TempDir(), "planning"), ".")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	measure := exec.CommandContext(t.Context(), build.Args[3], "-n=2", "-rows=10000", "-check=false")
	measure.Stdout = &out
	if err := measure.Run(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"csv    100 ", "csv    1000 ", "csv    10000 ", "jsonl  100 ", "jsonl  1000 ", "jsonl  10000 "} {
		if !strings.Contains(out.String(), "\n"+line) {
			t.Errorf("%q is missing in\n%s", line, out.String())
		}
	}
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-n=0"}, {"-rows=9999"}, {"-x"}, {childArgument}, {childArgument, "eat", "planning_test.go"}, {childArgument, planIt, "nowhere.csv"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
