// Command peers has the worker and the same batch through Powertools for AWS Lambda, in Python and in TypeScript, send messages in turn,
// and compares what they cost and what they do when something breaks. "make bench-peers" installs the peers and runs it.
//
// All of them talk to the same server of the Lambda Runtime API, the same simulated DMLY and the same stand-in for AWS.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
)

func main() { figures.Main("peers", run) }

// plan is how much is measured, and against what.
type plan struct {
	// dmly is how long a slow DMLY takes, aws how long each call of AWS.
	dmly, aws time.Duration
	// starts of each subject are timed, each with its first batch.
	starts int
	// processes are how often each subject is started for the batches with a DMLY that answers at once; each time it
	// makes batches of them.
	processes, batches int
	// slowBatches are made with a slow DMLY.
	slowBatches int
}

func run(ctx context.Context, args []string, out io.Writer) error {
	p := plan{dmly: 200 * time.Millisecond, aws: 2 * time.Millisecond, processes: 3, batches: 100, slowBatches: 11}
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.IntVar(&p.starts, "n", 11, "starts of each subject")
	check := flags.Bool("check", true, "fail if a peer takes less than its multiple of the worker's processor time")
	update := flags.Bool("update", false, "write the table into bench/README.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.starts < 1 {
		return fmt.Errorf("-n is %d: at least one start is needed", p.starts)
	}
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return fmt.Errorf("make a folder for the programs: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	programs, err := install(ctx, dir)
	if err != nil {
		return err
	}
	r, err := measureAll(ctx, p, programs.subjects)
	if err != nil {
		return err
	}
	text := r.markdown(figures.Machine(time.Now()) + ", " + programs.versions)
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *update {
		if err := updateREADME(ctx, text); err != nil {
			return err
		}
	}
	if *check {
		return r.short()
	}
	return nil
}

// measureAll measures everything about the subjects, the worker being the first.
func measureAll(ctx context.Context, p plan, subjects func(*rig.Rig) []subject) (r results, err error) {
	r.plan = p
	stage, err := rig.New(ctx, p.aws)
	if err != nil {
		return r, err
	}
	defer stage.Close()
	b := bench{Rig: stage, plan: p, subjects: subjects(stage)}
	if r.subjects, err = b.measure(ctx); err != nil {
		return r, err
	}
	return r, suffer(ctx, subjects, r.subjects)
}
