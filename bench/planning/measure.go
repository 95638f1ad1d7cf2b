package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// slice is for how long the largest file is planned until it is the others' turn.
const slice = 200 * time.Millisecond

// result is what was measured of one file. Times are processor time.
type result struct {
	format string
	rows   int
	plan   timing
	read   timing // of the reference
	peakKB int    // the highest
}

// timing is what it took to go through so many rows, all runs together.
type timing struct {
	busy time.Duration
	rows int
}

func (t *timing) add(of taken) { t.busy, t.rows = t.busy+of.Busy, t.rows+of.Rows }

// row is how long a row takes, in microseconds.
func (t timing) row() float64 { return t.busy.Seconds() * 1e6 / float64(t.rows) }

// perSecond is how many rows a core that does nothing else plans in a second.
func (r result) perSecond() float64      { return 1e6 / r.plan.row() }
func (r result) againstReading() float64 { return r.plan.row() / r.read.row() }

// measure plans and reads three files of each format.
func measure(ctx context.Context, dir string, rows, rounds int) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	var results []result
	for _, format := range []string{"csv", "jsonl"} {
		var files []*file
		for _, n := range []int{rows / 100, rows / 10, rows} {
			path, err := write(dir, format, n)
			if err != nil {
				return nil, err
			}
			files = append(files, &file{result: result{format: format, rows: n}, self: self, path: path})
		}
		for range rounds {
			if err := inTurns(ctx, files); err != nil {
				return nil, err
			}
		}
		for _, f := range files {
			results = append(results, f.result)
		}
	}
	return results, nil
}

// inTurns plans and reads each file. A machine that is shared is slow and fast for seconds on end, and the largest file takes as long: so it
// is stopped every moment, for the smallest one to be planned, and for one between now and then. What they took together compares.
func inTurns(ctx context.Context, files []*file) error {
	smallest, large := files[0], files[len(files)-1]
	planning, err := large.start(ctx, planIt)
	if err != nil {
		return err
	}
	defer planning.end()
	for turn := 0; ; turn++ {
		ended := planning.forA(slice)
		for _, f := range slices.Backward(files[:len(files)-1]) {
			if f != smallest && turn%8 > 0 {
				continue
			}
			for _, what := range []string{planIt, readIt} {
				if err := f.run(ctx, what); err != nil {
					return err
				}
			}
		}
		if ended {
			break
		}
	}
	if err := large.note(planIt, planning); err != nil {
		return err
	}
	return large.run(ctx, readIt)
}
