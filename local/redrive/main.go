// Command redrive moves what is on a dead-letter queue back to its queue, once what was wrong is mended:
//
//	redrive FROM-URL TO-URL
//	redrive -outputs FILE
//
// The file has the outputs of the stack, as sam list stack-outputs --output json writes them: then the dead-letter
// queues of the send and the bulk queue are moved. It prints a line for each queue, and never what a message says. The
// exit status is 0 if nothing was left, 2 for wrong arguments, and 1 otherwise.
//
// SQS's own redrive would give the records other messageIds, under which those without an id would be sent once more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/shared/awsconf"
	"dmlysender/shared/queue/sqs"
)

const usage = "say what to move: make redrive STACK=dmly-sender for both dead-letter queues of a stack, " +
	"or make redrive FROM=<URL of a dead-letter queue> TO=<URL of its queue>"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) //nolint:gocritic // stop only restores the signals' default
}

// route is a dead-letter queue and where its records go, as URLs.
type route struct{ from, to string }

// run returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	routes, err := parse(args, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "redrive:", err)
		return 2
	}
	cfg, err := awsconf.FromEnv(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "redrive:", err)
		return 1
	}
	status := 0
	for _, r := range routes {
		if !move(ctx, cfg, r, stdout) {
			status = 1
		}
	}
	return status
}

// move prints the line of one queue, and reports whether nothing is left.
func move(ctx context.Context, cfg aws.Config, r route, w io.Writer) bool {
	got, err := sqs.Redrive(ctx, cfg, r.from, r.to)
	line := fmt.Sprintf("%s to %s: moved %d, left %d", path.Base(r.from), path.Base(r.to), got.Moved, got.Left)
	if err != nil {
		line += ": " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	fmt.Fprintln(w, line)
	return err == nil
}

func parse(args []string, stderr io.Writer) ([]route, error) {
	flags := flag.NewFlagSet("redrive", flag.ContinueOnError)
	flags.SetOutput(stderr)
	outputs := flags.String("outputs", "", "the `file` with the stack's outputs, as JSON")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *outputs != "" && flags.NArg() == 0 {
		return routesOf(*outputs)
	}
	if *outputs != "" || flags.NArg() != 2 || flags.Arg(0) == "" || flags.Arg(1) == "" {
		return nil, errors.New(usage)
	}
	one := route{flags.Arg(0), flags.Arg(1)}
	for _, url := range []string{one.from, one.to} {
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			return nil, fmt.Errorf("%q is not the URL of a queue, such as https://sqs.eu-central-1.amazonaws.com/123456789012/name", url)
		}
	}
	if one.from == one.to {
		return nil, errors.New("FROM and TO are the same queue: give the dead-letter queue as FROM and its queue as TO")
	}
	return []route{one}, nil
}
