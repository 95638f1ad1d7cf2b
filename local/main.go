// Command local is the whole stack in one process: the HTTP API, the queues, the
// worker and a DMLY simulator. It plays the samples of events/ through the real
// handlers, shows what DMLY received, and serves until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not have to wait for anything
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1) //nolint:gocritic // stop only restores the signals' default
	}
}

// options are the command's flags.
type options struct {
	once     bool
	events   string
	files    string
	apiAddr  string
	dmlyAddr string
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.once, "once", false, "play the samples, show what DMLY received, and end")
	flags.StringVar(&o.events, "events", "events", "the `folder` with the samples")
	flags.StringVar(&o.files, "campaigns", "campaigns", "the `folder` of campaigns: audiences go into its folder audiences")
	flags.StringVar(&o.apiAddr, "api", "127.0.0.1:8080", "the `address` of the HTTP API")
	flags.StringVar(&o.dmlyAddr, "dmly", "127.0.0.1:8081", "the `address` of the DMLY simulator")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not understood; -help lists the flags", flags.Arg(0))
	}
	return o, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	opts, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	samples, err := readSamples(opts.events)
	if err != nil {
		return err
	}
	s, err := open(ctx, opts, getenv, stderr)
	if err != nil {
		return err
	}
	defer s.close()
	if !s.simulate {
		fmt.Fprintf(stdout, "DMLY_API_KEY is set: the samples of %s go to %s.\n", opts.events, s.baseURL)
	}
	played := s.play(ctx, samples, stdout)
	switch {
	case opts.once && interrupted(ctx):
		return errors.New("interrupted before all messages had arrived")
	case interrupted(ctx):
		return nil
	case opts.once:
		return played
	}
	if played != nil {
		fmt.Fprintln(stderr, "local:", played)
	}
	s.explain(stdout)
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

func interrupted(ctx context.Context) bool { return ctx.Err() != nil }
