package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	"dmlysender/bench/figures"
)

// result is what was measured of one file. Times are medians, of processor time but for byTheClock.
type result struct {
	format     string
	rows       int
	plan       time.Duration
	byTheClock time.Duration
	read       time.Duration // of the reference
	peakKB     int           // the highest
}

// perSecond is how many rows a core that does nothing else plans in a second.
func (r result) perSecond() float64      { return float64(r.rows) / r.plan.Seconds() }
func (r result) againstReading() float64 { return float64(r.plan) / float64(r.read) }

// measure plans and reads three files of each format, one after the other in each round: what else the machine does falls on
// all of them alike.
func measure(ctx context.Context, dir string, rows, rounds int) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	var results []result
	var paths []string
	for _, format := range []string{"csv", "jsonl"} {
		for _, n := range []int{rows / 100, rows / 10, rows} {
			path, err := write(dir, format, n)
			if err != nil {
				return nil, err
			}
			results, paths = append(results, result{format: format, rows: n}), append(paths, path)
		}
	}
	type times struct{ plan, byTheClock, read []time.Duration }
	all := make([]times, len(results))
	for range rounds {
		for i, path := range paths {
			r, times := &results[i], &all[i]
			t, err := one(ctx, self, planIt, path, r.rows)
			if err != nil {
				return nil, err
			}
			times.plan, times.byTheClock = append(times.plan, t.Busy), append(times.byTheClock, t.Took)
			r.peakKB = max(r.peakKB, t.PeakKB)
			if t, err = one(ctx, self, readIt, path, r.rows); err != nil {
				return nil, err
			}
			times.read = append(times.read, t.Busy)
		}
	}
	for i, times := range all {
		r := &results[i]
		r.plan, r.byTheClock, r.read = figures.Median(times.plan), figures.Median(times.byTheClock), figures.Median(times.read)
	}
	return results, nil
}

// one makes one measurement in a process of its own.
func one(ctx context.Context, self, what, path string, rows int) (t taken, err error) {
	cmd := exec.CommandContext(ctx, self, childArgument, what, path) //nolint:gosec // It is this program.
	cmd.Env = []string{"GOMAXPROCS=1"}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return t, fmt.Errorf("%s %s: %w", what, path, err)
	}
	if err := json.Unmarshal(out, &t); err != nil {
		return t, fmt.Errorf("read what was measured: %w", err)
	}
	if t.Rows != rows {
		return t, fmt.Errorf("%s %s: %d rows, want %d: the figures are of something else", what, path, t.Rows, rows)
	}
	return t, nil
}
