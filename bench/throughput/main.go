// Command throughput measures how long the worker takes for a batch of 10, what processor time and what memory a message costs it, and
// compares that with a function that only posts the same 10 bodies. Run it anywhere in the repository:
//
//	go run ./bench/throughput
//
// It builds the functions as they are deployed, but for this machine, and runs them against a simulated DMLY and a stand-in for AWS.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"dmlysender/bench/figures"
)

func main() { figures.Main("throughput", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	p := plan{processes: 7, fastRounds: 100, countedBatches: 51}
	flags := flag.NewFlagSet("throughput", flag.ContinueOnError)
	flags.IntVar(&p.slowRounds, "n", 31, "rounds with a slow DMLY; each is one batch of the worker and one of the bare loop")
	flags.DurationVar(&p.dmly, "dmly", 200*time.Millisecond, "how long a slow DMLY takes to answer")
	flags.DurationVar(&p.aws, "aws", 2*time.Millisecond, "how long a call of AWS takes to be answered")
	check := flags.Bool("check", true, "fail if a batch takes longer than it may")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.slowRounds < 1 {
		return fmt.Errorf("-n is %d: at least one round is needed", p.slowRounds)
	}
	if p.dmly <= 0 || p.aws < 0 {
		return fmt.Errorf("-dmly is %v and -aws is %v: they have to be times", p.dmly, p.aws)
	}
	dir, err := os.MkdirTemp("", "throughput")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	b, err := newBench(ctx, dir, p)
	if err != nil {
		return err
	}
	defer b.Close()
	r, err := b.measure(ctx)
	if err != nil {
		return err
	}
	if err := r.print(out, figures.Machine(time.Now())); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *check && !r.holds() {
		return fmt.Errorf("a batch takes %v, and may take %v", r.slow.worker(), r.bound())
	}
	return nil
}
