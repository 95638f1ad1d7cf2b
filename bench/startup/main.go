// Command startup measures how long each function takes from the start of its process to its first poll of the Lambda Runtime API, and
// compares that with a hello-world function started side by side with it. Run it anywhere in the repository:
//
//	go run ./bench/startup
//
// It builds the functions as they are deployed, but for this machine. It exits with status 1 if one is over its limit.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dmlysender/bench/figures"
)

func main() { figures.Main("startup", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("startup", flag.ContinueOnError)
	rounds := flags.Int("n", 101, "rounds; every function is started twice in each, once for either ledger")
	check := flags.Bool("check", true, "fail if a function is over its limit")
	names := flags.String("functions", "worker,schedule,api", "functions to measure, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 {
		return fmt.Errorf("-n is %d: at least one round is needed", *rounds)
	}
	subjects, err := choose(strings.Split(*names, ","))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "startup")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	binaries, err := build(ctx, dir, subjects)
	if err != nil {
		return err
	}
	all, err := measure(ctx, binaries, subjects, *rounds)
	if err != nil {
		return err
	}
	results := summarize(subjects, all)
	if err := printTable(out, figures.Machine(time.Now()), *rounds, binaries, results); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *check {
		return overLimit(results)
	}
	return nil
}
