// Command preflight says what a campaign would do, without doing it:
//
//	preflight -audience FILE -message FILE [-rate 100]
//
// The audience is a local .csv or .jsonl file, plain or gzip; the message is a JSON file with {{placeholders}}, as a
// campaign has it. It prints how many rows are good, why the others are not, how long sending takes and what AWS charges. The
// exit status is 0 if a campaign could begin, 2 for wrong arguments, and 1 otherwise: the audience or the message cannot be
// used, or no row is good.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"dmlysender/shared/campaign/audience"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/message"
)

const usage = "say what to look at: make preflight AUDIENCE=examples/campaign/audience.csv MESSAGE=examples/campaign/message.json"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) //nolint:gocritic // stop only restores the signals' default
}

// options are the command's flags.
type options struct {
	audience, message string
	rate              int
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("preflight", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.audience, "audience", "", "the `file` with the rows")
	flags.StringVar(&o.message, "message", "", "the `file` with the message")
	flags.IntVar(&o.rate, "rate", 100, "how many `messages` a minute the account allows")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.audience == "" || o.message == "" || flags.NArg() > 0 {
		return o, errors.New(usage)
	}
	if o.rate < 1 {
		return o, fmt.Errorf("RATE is %d: it has to be a number of messages a minute, at least 1", o.rate)
	}
	return o, nil
}

// run returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "preflight:", err)
		return 2
	}
	report, err := preflight(ctx, o, getenv("DMLY_WORKSPACE_ID"))
	if err == nil {
		err = show(stdout, o, report)
	}
	if err != nil {
		fmt.Fprintln(stderr, "preflight:", err)
		return 1
	}
	return 0
}

func preflight(ctx context.Context, o options, workspace string) (plan.Report, error) {
	d, err := definition(o)
	if err != nil {
		return plan.Report{}, err
	}
	file, err := os.Open(o.audience)
	if err != nil {
		return plan.Report{}, fmt.Errorf("open the audience: %w", err)
	}
	defer file.Close() //nolint:errcheck // It is only read.
	planner := plan.Planner{Defaults: message.Defaults{Workspace: workspace}}
	report, err := planner.Preflight(ctx, d, file, o.rate)
	if unusable, ok := errors.AsType[*plan.AudienceError](err); ok {
		return report, fmt.Errorf("%s cannot be used: %s", o.audience, unusable.Reason)
	}
	return report, err
}

// definition is a campaign of the two files. Which problem is whose is told by their names.
func definition(o options) (plan.Definition, error) {
	format, ok := audience.FormatOf(o.audience)
	if !ok {
		return plan.Definition{}, fmt.Errorf("%s does not end in %s: name it after what it is", o.audience, strings.Join(audience.Extensions, ", "))
	}
	text, err := readMessage(o.message)
	if err != nil {
		return plan.Definition{}, err
	}
	// Only the format is told by the name: a campaign's file can be called less than a file here.
	d, err := plan.Decode(fmt.Appendf(nil, `{"id": "preflight", "audience": {"file": "audience.%s"}, "message": %s}`, format, text))
	invalid, ok := errors.AsType[*message.Error](err)
	if !ok {
		return d, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s cannot be used:", o.message)
	for _, p := range invalid.Problems {
		p.Pointer = strings.TrimPrefix(p.Pointer, "/message")
		fmt.Fprintf(&b, "\n  %s", p)
	}
	return d, errors.New(b.String())
}

// readMessage reads no more than a message may have. It has to be JSON by itself: what is around it is not the user's.
func readMessage(name string) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // Which file is the user's choice.
	if err != nil {
		return nil, fmt.Errorf("open the message: %w", err)
	}
	defer file.Close() //nolint:errcheck // It is only read.
	text, err := io.ReadAll(io.LimitReader(file, message.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	if len(text) > message.MaxBytes {
		return nil, fmt.Errorf("%s has more than %d bytes, which a message may not have", name, message.MaxBytes)
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("%s is not JSON: write placeholders within quotes, as in \"{{name}}\", and see python3 -m json.tool %s", name, name)
	}
	return text, nil
}
