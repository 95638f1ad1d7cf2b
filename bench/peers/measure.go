package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
	"dmlysender/shared/dmlytest"
)

const (
	// warmUp batches come first and do not count: they open the connections and fetch the key.
	warmUp = 5
	// stretch is how many batches a subject sends before it is the next one's turn.
	stretch = 5
	// startLimit is far beyond any start worth measuring.
	startLimit = time.Minute
)

// bench is the subjects, and what they talk to.
type bench struct {
	*rig.Rig
	plan     plan
	subjects []subject
}

// measured is what was measured of a subject.
type measured struct {
	subject
	starts, firsts []time.Duration // From the start to the first poll, and the first batch after it.
	fast, slow     []time.Duration // Of a batch.
	cpu            []time.Duration // Of a message once warm, one for each process.
	cpuWithStart   []time.Duration // The same, the start and the first batches shared out.
	peakKB         int
	accepted       []int // What DMLY accepted of one message, in the order of the faults.
}

func (b *bench) measure(ctx context.Context) ([]*measured, error) {
	var all []*measured
	for _, s := range b.subjects {
		all = append(all, &measured{subject: s})
	}
	for range b.plan.starts {
		for _, m := range all {
			if err := b.startOnce(ctx, m); err != nil {
				return nil, err
			}
		}
	}
	for range b.plan.processes {
		if err := b.fast(ctx, all); err != nil {
			return nil, err
		}
	}
	b.DMLY.Inject(dmlytest.Fault{Latency: b.plan.dmly.String(), Times: -1})
	defer b.DMLY.ClearFaults()
	return all, b.together(ctx, all, func(runners []*rig.Runner) error {
		return b.inTurn(ctx, runners, b.plan.slowBatches, 1, func(i int, took time.Duration) { all[i].slow = append(all[i].slow, took) })
	})
}

// startOnce times a start, and the first batch after it.
func (b *bench) startOnce(ctx context.Context, m *measured) (err error) {
	runner, err := b.Start(ctx, m.Function)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.End()) }()
	waiting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	start, err := runner.Process.Ready(waiting)
	if err != nil {
		return err
	}
	first, _, err := runner.Batch(ctx)
	if err != nil {
		return err
	}
	m.starts, m.firsts = append(m.starts, start), append(m.firsts, first)
	return nil
}

// fast measures with a DMLY that answers at once.
func (b *bench) fast(ctx context.Context, all []*measured) error {
	var ended []*rig.Runner
	warm := make([]time.Duration, len(all)) // The processor time of each until it was warm.
	err := b.together(ctx, all, func(runners []*rig.Runner) (err error) {
		ended = runners
		for i, runner := range runners {
			if warm[i], err = figures.CPU(runner.Process.PID()); err != nil {
				return err
			}
		}
		err = b.inTurn(ctx, runners, b.plan.batches, stretch, func(i int, took time.Duration) { all[i].fast = append(all[i].fast, took) })
		if err != nil {
			return err
		}
		for i, runner := range runners {
			kb, err := figures.PeakKB(runner.Process.PID())
			if err != nil {
				return err
			}
			all[i].peakKB = max(all[i].peakKB, kb)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, runner := range ended {
		m, total := all[i], runner.Process.CPUTime()
		m.cpu = append(m.cpu, (total-warm[i])/time.Duration(b.plan.batches*rig.BatchSize))
		m.cpuWithStart = append(m.cpuWithStart, runner.CPU())
	}
	return nil
}

// together starts all subjects, warms them up, does something with them, and ends them. DMLY must have got every message once.
func (b *bench) together(ctx context.Context, all []*measured, do func([]*rig.Runner) error) (err error) {
	var runners []*rig.Runner
	defer func() {
		for _, runner := range runners {
			err = errors.Join(err, runner.End())
		}
	}()
	before, ids := len(b.DMLY.Messages()), b.ID()
	for _, m := range all {
		runner, err := b.Start(ctx, m.Function)
		if err != nil {
			return err
		}
		runners = append(runners, runner)
		for range warmUp {
			if _, _, err := runner.Batch(ctx); err != nil {
				return err
			}
		}
	}
	if err := do(runners); err != nil {
		return err
	}
	if got, want := len(b.DMLY.Messages())-before, b.ID()-ids-1; got != want {
		return fmt.Errorf("DMLY got %d messages, and should have got %d: the figures are of something else", got, want)
	}
	return nil
}

// inTurn has each send so many batches, some of them before the next takes its turn. Who comes when is drawn by lot: what else the
// machine does falls on all alike.
func (b *bench) inTurn(ctx context.Context, runners []*rig.Runner, batches, some int, took func(i int, batch time.Duration)) error {
	//nolint:gosec // The same orders in every run make runs comparable.
	random := rand.New(rand.NewPCG(1, 2))
	for done := 0; done < batches; done += some {
		for _, i := range random.Perm(len(runners)) {
			for range min(some, batches-done) {
				batch, _, err := runners[i].Batch(ctx)
				if err != nil {
					return err
				}
				took(i, batch)
			}
		}
	}
	return nil
}
