package main

import (
	"context"
	"path/filepath"
	"time"

	"dmlysender/bench/binary"
	"dmlysender/bench/rig"
)

// plan is how much is measured, and against what.
type plan struct {
	// dmly is how long a slow DMLY takes, aws how long each call of AWS.
	dmly, aws time.Duration
	// slowRounds are made with a slow DMLY.
	slowRounds int
	// processes are how often worker and bare loop are started for the rounds with a DMLY that answers at once; each time they
	// make fastRounds.
	processes, fastRounds int
	// countedBatches are made for each kind of ledger to count allocations.
	countedBatches int
}

// bench is the functions' binaries, and what they talk to.
type bench struct {
	*rig.Rig
	plan     plan
	binaries map[string]string // By the function's name.
}

// newBench builds the functions into dir and serves what they talk to, until Close.
func newBench(ctx context.Context, dir string, p plan) (*bench, error) {
	b := &bench{plan: p, binaries: map[string]string{}}
	for name, folder := range map[string]string{"worker": "./functions/worker", "bare": "./bench/throughput/bare", "counted": "./bench/throughput/counted"} {
		b.binaries[name] = filepath.Join(dir, name)
		if _, err := binary.Build(ctx, folder, b.binaries[name]); err != nil {
			return nil, err
		}
	}
	var err error
	b.Rig, err = rig.New(ctx, p.aws)
	return b, err
}
