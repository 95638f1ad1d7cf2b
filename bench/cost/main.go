// Command cost counts what a message uses of AWS, path by path, and says what that costs. Run it anywhere in the repository:
//
//	go run ./bench/cost
//
// It builds the functions as they are deployed, but for this machine, and drives them against a simulated DMLY and a stand-in for AWS
// that counts. It exits with status 1 if a million messages cost more than they may, or a campaign's preflight says something else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"dmlysender/bench/figures"
)

func main() { figures.Main("cost", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("cost", flag.ContinueOnError)
	n := flags.Int("n", 100, "messages from the queue and over HTTP; campaigns have 10 and 90 times as many")
	check := flags.Bool("check", true, "fail if a million messages cost more than they may")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *n < batch || *n%batch != 0 {
		return fmt.Errorf("-n is %d: it has to be %d, or a multiple of it", *n, batch)
	}
	dir, err := os.MkdirTemp("", "cost")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	stack, err := readTemplate(ctx)
	if err != nil {
		return err
	}
	s, err := newStand(ctx, dir)
	if err != nil {
		return err
	}
	defer s.close()
	r, err := s.measure(ctx, stack, *n)
	if err != nil {
		return err
	}
	if err := r.print(out, figures.Machine(time.Now())); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if *check {
		return r.wrong()
	}
	return nil
}

// measure counts the paths one after the other, while workers send at the rates.
func (s *stand) measure(ctx context.Context, t template, n int) (r results, err error) {
	ctx, cancel := context.WithCancel(ctx)
	r.fixed = t.fixed()
	if r.rates, err = rates(t); err != nil {
		cancel()
		return r, err
	}
	watched := make(chan error, 1)
	go func() { watched <- watch(ctx, s.binaries["worker"], r.rates) }()
	if err = s.countAll(ctx, &r, n); err != nil {
		cancel()
	}
	err = errors.Join(err, <-watched)
	cancel()
	return r, err
}

func (s *stand) countAll(ctx context.Context, r *results, n int) error {
	for _, path := range []func() (counted, error){
		func() (counted, error) { return s.queue(ctx, queuePath, n, batch) },
		func() (counted, error) { return s.queue(ctx, alonePath, n, 1) },
		func() (counted, error) { return s.async(ctx, n) },
		func() (counted, error) { return s.sync(ctx, n) },
		func() (counted, error) { return s.sendAt(ctx, n) },
	} {
		c, err := path()
		if err != nil {
			return err
		}
		r.paths = append(r.paths, c)
	}
	for i, times := range []int{10, 90} {
		c, err := s.campaign(ctx, times*n, r.rates[i].perMinute)
		if err != nil {
			return err
		}
		r.rates[i].campaign = c
	}
	return nil
}
