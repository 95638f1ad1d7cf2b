// Command decoding measures how long a message takes to be decoded and validated, and what that allocates, against encoding/json, which
// reads the same bytes into the same struct and checks nothing. Run it anywhere in the repository:
//
//	go run ./bench/decoding
//
// It exits with status 1 if a message takes longer than it may.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"testing"
	"time"

	"dmlysender/bench/figures"
)

func main() { figures.Main("decoding", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("decoding", flag.ContinueOnError)
	rounds := flags.Int("n", 31, "rounds; each decodes every message both ways, in turn")
	span := flags.Duration("span", 10*time.Millisecond, "how long each of them lasts")
	check := flags.Bool("check", true, "fail if a message takes longer than it may")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *span <= 0 {
		return fmt.Errorf("-n is %d and -span is %v: at least one round, and a time, are needed", *rounds, *span)
	}
	testing.Init()
	if err := flag.Set("test.benchtime", span.String()); err != nil {
		return fmt.Errorf("set how long a measurement lasts: %w", err)
	}
	results, err := measure(ctx, samples(), *rounds)
	if err != nil {
		return err
	}
	if err := printTable(out, figures.Machine(time.Now()), *rounds, results); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *check {
		return tooSlow(results)
	}
	return nil
}
