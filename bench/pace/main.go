// Command pace measures how much of an account's rate its workers use together, whether they keep below it, and how often they
// collide over it. Run it anywhere in the repository:
//
//	go run ./bench/pace
//
// It builds the worker as it is deployed, but for this machine, and runs it against a simulated DMLY and a stand-in for AWS. It exits
// with status 1 if the rate is not used, or exceeded.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dmlysender/bench/binary"
	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
)

// window is what a rate holds in.
const window = time.Minute

func main() { figures.Main("pace", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("pace", flag.ContinueOnError)
	span := flags.Duration("span", 70*time.Second, "how long the workers send; at least a minute")
	aws := flags.Duration("aws", 2*time.Millisecond, "how long a call of AWS takes to be answered")
	check := flags.Bool("check", true, "fail if the rate is not used, or exceeded")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *span < window+warmUp || *aws < 0 {
		return fmt.Errorf("-span is %v and -aws is %v: a rate holds in a minute, and the first %v do not count", *span, *aws, warmUp)
	}
	dir, err := os.MkdirTemp("", "pace")
	if err != nil {
		return fmt.Errorf("make a folder for the worker: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	worker := filepath.Join(dir, "worker")
	if _, err := binary.Build(ctx, "./functions/worker", worker); err != nil {
		return err
	}
	results, err := measure(ctx, worker, *aws, *span)
	if err != nil {
		return err
	}
	if err := printTable(out, figures.Machine(time.Now()), *aws, *span, results); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *check {
		return wrong(results)
	}
	return nil
}

// measure has all accounts, each with workers of its own, send at the same time: a minute is long.
func measure(ctx context.Context, worker string, aws, span time.Duration) ([]result, error) {
	var results []result
	for _, perMinute := range []int{600, 6000} {
		for _, workers := range []int{1, 5, 20} {
			results = append(results, result{perMinute: perMinute, workers: workers})
		}
	}
	failed := make([]error, len(results))
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			r := &results[i]
			begun := time.Now()
			r.sending, failed[i] = rig.Backlog{Worker: worker, Workers: r.workers, PerMinute: r.perMinute, AWS: aws}.Run(ctx, span)
			r.begun, r.span = begun, span
		})
	}
	all.Wait()
	return results, errors.Join(failed...)
}
