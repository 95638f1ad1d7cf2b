// Command doctor says in plain sentences what is wrong with a deployed stack, and what to type next:
//
//	doctor STACK
//
// It reads the stack, its key, permissions, pause, queues, schedules, and the problems that wait, and changes nothing. It
// prints nothing of a key, of a message or of its recipient. The Region and the credentials are those of the environment.
//
// The exit status is 0 if nothing is wrong, 1 if something is, and 2 if it could not look, at all or at everything, and found
// nothing wrong in what it saw.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/local/doctor/look"
	"dmlysender/shared/awsconf"
)

const (
	usage = "say which stack: make doctor STACK=dmly-sender"
	// lookTime is how long looking may take.
	lookTime = 2 * time.Minute
)

// The exit statuses.
const (
	well = iota
	wrong
	blind
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) //nolint:gocritic // stop only restores the signals' default
}

// run returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		return blind
	}
	if flags.NArg() != 1 || flags.Arg(0) == "" {
		fmt.Fprintln(stderr, "doctor:", usage)
		return blind
	}
	cfg, err := awsconf.FromEnv(getenv)
	var facts diagnosis.Facts
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, lookTime)
		defer cancel()
		facts, err = look.At(ctx, cfg, flags.Arg(0), time.Now)
	}
	if err != nil {
		fmt.Fprintln(stderr, "doctor:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return blind
	}
	report := diagnosis.Diagnose(facts)
	if err := show(stdout, facts, report); err != nil {
		fmt.Fprintln(stderr, "doctor:", err)
		return blind
	}
	return status(report)
}

// status is the exit status for a report.
func status(r diagnosis.Report) int {
	switch {
	case len(r.Wrong) > 0:
		return wrong
	case len(r.Unseen) > 0:
		return blind
	default:
		return well
	}
}
