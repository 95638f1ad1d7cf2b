// Command cost counts what a message uses of AWS, path by path, and says what that costs. It drives the built functions against a
// stand-in for AWS, with a meter between them:
//
//	e2e/with-ministack go run ./bench/cost
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
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cost")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	s, err := newStand(ctx, dir)
	if err != nil {
		return err
	}
	defer s.close()
	r, err := s.measure(ctx)
	if err != nil {
		return err
	}
	if err := r.print(out, figures.Machine(time.Now())); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	return nil
}

// measure counts the paths one after the other, while workers send at the rates.
func (s *stand) measure(ctx context.Context) (results, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := results{rates: rates()}
	watched := make(chan error, 1)
	go func() { watched <- watch(ctx, s.binaries["worker"], r.rates) }()
	for _, path := range []func() (counted, error){
		func() (counted, error) { return s.queue(ctx, queuePath, 100, 10) },
		func() (counted, error) { return s.queue(ctx, alonePath, 100, 1) },
		func() (counted, error) { return s.async(ctx, 100) },
		func() (counted, error) { return s.sync(ctx, 20) },
		func() (counted, error) { return s.sendAt(ctx, 20) },
	} {
		c, err := path()
		if err != nil {
			cancel()
			return r, errors.Join(err, <-watched)
		}
		r.paths = append(r.paths, c)
		fmt.Fprintln(os.Stderr, c, time.Now())
	}
	for _, at := range r.rates {
		c, err := s.campaign(ctx, map[int]int{100: 1000, 6000: 9000}[at.perMinute], at.perMinute)
		if err != nil {
			cancel()
			return r, errors.Join(err, <-watched)
		}
		at.campaign = c
		fmt.Fprintln(os.Stderr, c, time.Now())
	}
	return r, <-watched
}
