// Command planning measures how long a campaign's audience takes to be planned, row by row, and what memory that takes, and
// compares it with a program that only reads the same file. Run it anywhere in the repository:
//
//	go run ./bench/planning
//
// Each measurement is made in a process of its own, which is this program with another argument, on one core. It exits
// with status 1 if one is over its limit.
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

func main() { figures.Main("planning", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == childArgument {
		return child(ctx, args[1:], out)
	}
	flags := flag.NewFlagSet("planning", flag.ContinueOnError)
	rounds := flags.Int("n", 3, "rounds; the largest file is planned and read once in each, the others many times")
	rows := flags.Int("rows", 1_000_000, "rows of the largest file; the others have a tenth and a hundredth of them")
	check := flags.Bool("check", true, "fail if a limit is not kept")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *rows < smallest {
		return fmt.Errorf("-n is %d and -rows is %d: at least one round and %d rows are needed", *rounds, *rows, smallest)
	}
	dir, err := os.MkdirTemp("", "planning")
	if err != nil {
		return fmt.Errorf("make a folder for the audiences: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	results, err := measure(ctx, dir, *rows, *rounds)
	if err != nil {
		return err
	}
	if err := printTable(out, figures.Machine(time.Now()), *rounds, results); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *check {
		return overLimit(results)
	}
	return nil
}
