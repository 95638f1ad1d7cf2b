// Command problems is for the person who looks after the messages that need one:
//
//	problems list -outputs FILE [-stack NAME]
//	problems settle -outputs FILE [-stack NAME] [-generation N] [-by NAME] ID sent|resend|drop
//
// The file has the outputs of the stack, as sam list stack-outputs --output json writes them; the stack's name is for the
// commands that are suggested. list prints a line for each message that is unknown, failed or rejected and was not
// settled; settle carries out what was decided about one, for the generation that stands, or the one that is given.
// -by is who decided, and $USER if it is left out. Nothing that is printed has a message's content or its recipient.
//
// The exit status is 0 if what was asked for is done, 2 for wrong arguments, and 1 otherwise.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"dmlysender/local/outputs"
	"dmlysender/shared/awsconf"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/sqs"
)

const (
	listUsage   = "say which stack: make problems STACK=dmly-sender"
	settleUsage = "say what to settle: make settle STACK=dmly-sender ID=order-1042 AS=sent (it has arrived), AS=resend (send it again) or AS=drop (let it be)"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) //nolint:gocritic // stop only restores the signals' default
}

// task is what the arguments ask for.
type task struct {
	stack, table, normal, bulk string
	// order is what to settle; nil to list.
	order *order
}

// desk is where a person looks after the messages of a stack.
type desk struct {
	stack  string
	ledger interface {
		delivery.Ledger
		delivery.ProblemLister
	}
	queues queue.Lanes
	clock  delivery.Clock
}

// run returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	todo, err := parse(args, getenv, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "problems:", err)
		return 2
	}
	cfg, err := awsconf.FromEnv(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "problems:", err)
		return 1
	}
	d := desk{
		stack: todo.stack, ledger: dynamodb.Open(cfg, todo.table), clock: delivery.SystemClock{},
		queues: queue.Lanes{Normal: sqs.Open(cfg, todo.normal), Bulk: sqs.Open(cfg, todo.bulk)},
	}
	if todo.order != nil {
		err = d.settle(ctx, *todo.order, stdout)
	} else {
		err = d.list(ctx, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "problems:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	return 0
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (task, error) {
	if len(args) == 0 || args[0] != "list" && args[0] != "settle" {
		return task{}, errors.New(listUsage + "; or " + settleUsage)
	}
	flags := flag.NewFlagSet("problems "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("outputs", "", "the `file` with the stack's outputs, as JSON")
	stack := flags.String("stack", "…", "the stack's `name`, for the commands that are suggested")
	var generation, by *string
	if args[0] == "settle" {
		generation = flags.String("generation", "", "the `number` of the generation to settle; if left out, the one that stands")
		by = flags.String("by", "", "the `name` of who decided; if left out, that of $USER")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return task{}, err
	}
	todo := task{stack: *stack}
	if args[0] == "settle" {
		var err error
		if todo.order, err = orderOf(flags.Args(), *generation, cmp.Or(*by, getenv("USER"))); err != nil {
			return task{}, err
		}
	} else if flags.NArg() != 0 {
		return task{}, errors.New(listUsage)
	}
	if *file == "" {
		return task{}, errors.New(listUsage)
	}
	values, err := outputs.Read(*file, "LedgerTableName", "SendQueueUrl", "BulkQueueUrl")
	if err != nil {
		return task{}, err
	}
	todo.table, todo.normal, todo.bulk = values[0], values[1], values[2]
	return todo, nil
}

// orderOf reads what to settle from the arguments of settle.
func orderOf(args []string, generation, by string) (*order, error) {
	if len(args) != 2 || args[0] == "" || args[1] == "" {
		return nil, errors.New(settleUsage)
	}
	o := &order{id: args[0], as: delivery.Settlement(args[1]), by: by}
	switch o.as {
	case delivery.SettleSent, delivery.SettleResend, delivery.SettleDrop:
	default:
		return nil, fmt.Errorf("AS=%s is no settlement; %s", args[1], settleUsage)
	}
	if generation != "" {
		n, err := strconv.Atoi(generation)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("GENERATION=%s is not the number of a generation: take it from make problems, or leave it out", generation)
		}
		o.generation = n
	}
	if o.by == "" {
		return nil, errors.New("say who decides, for the message's history: BY=<your name>")
	}
	return o, nil
}
