package rig

import (
	"context"
	"fmt"
	"time"

	"dmlysender/bench/runtimeapi"
)

const (
	// BatchSize is the number of messages in a batch.
	BatchSize = 10
	// batchLimit is far beyond any batch worth measuring.
	batchLimit = 30 * time.Second
)

// Runner is a function that was started.
type Runner struct {
	Function
	// Process is the function's.
	Process *runtimeapi.Process

	rig     *Rig
	batches int
}

// Start starts a function. It must be ended.
func (r *Rig) Start(ctx context.Context, f Function) (*Runner, error) {
	process, err := runtimeapi.Start(ctx, f.Path, f.Env)
	if err != nil {
		return nil, err
	}
	return &Runner{Function: f, Process: process, rig: r}, nil
}

// End ends the function.
func (r *Runner) End() error { return r.Process.Kill() }

// CPU returns the processor time that a message took, that of the start shared out among all. It is known when the function was ended.
func (r *Runner) CPU() time.Duration {
	return r.Process.CPUTime() / time.Duration(r.batches*BatchSize)
}

// Batch has the function send a batch of new messages, and fails if one of them comes back.
func (r *Runner) Batch(ctx context.Context) (took time.Duration, answer []byte, err error) {
	event, err := r.rig.Event(BatchSize, r.Body)
	if err != nil {
		return 0, nil, err
	}
	begin := time.Now()
	answer, err = r.Process.Invoke(ctx, event, batchLimit)
	took = time.Since(begin)
	if err != nil {
		return 0, nil, fmt.Errorf("send a batch with %s: %w; its output ends: %s", r.Name, err, tail(r.Process.Output()))
	}
	notDone, err := NotDone(answer)
	if err != nil {
		return 0, nil, err
	}
	if n := len(notDone); n > 0 {
		return 0, nil, fmt.Errorf("%s sent %d of %d messages; its output ends: %s", r.Name, BatchSize-n, BatchSize, tail(r.Process.Output()))
	}
	r.batches++
	return took, answer, nil
}

// tail is enough of an output to see what went wrong.
func tail(output string) string { return output[max(0, len(output)-500):] }
