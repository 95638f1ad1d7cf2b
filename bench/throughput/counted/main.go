// Command counted is the worker, put together here once more so that it can tell what it allocates: after each batch it answers with
// what its process has allocated so far. The Lambda library is in it; what it talks to is in other processes.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey"
	"dmlysender/shared/awsconf"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/ledger"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/pace"
	shared "dmlysender/shared/pace/dynamodb"
)

// answer is the worker's, and what was allocated since the process started.
type answer struct {
	events.SQSEventResponse

	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
}

func main() {
	worker, err := open(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "counted:", err)
		os.Exit(1)
	}
	lambda.Start(func(ctx context.Context, event events.SQSEvent) (answer, error) {
		response, err := worker.Handle(ctx, event)
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return answer{response, stats.Mallocs, stats.TotalAlloc}, err
	})
}

// open builds the worker of package main in functions/worker, with a key from the environment.
func open(getenv func(string) string) (*sqsworker.Handler, error) {
	cfg, err := config.Read(getenv, config.Sending)
	if err != nil {
		return nil, err
	}
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: cfg.BaseURL})
	if err != nil {
		return nil, fmt.Errorf("DMLY_BASE_URL: %w", err)
	}
	memory, err := pace.NewMemory(cfg.RatePerMinute, time.Now)
	if err != nil {
		return nil, err
	}
	var keeper delivery.Ledger = &ledger.Memory{}
	var pacer delivery.Pacer = memory
	if cfg.LedgerTable != "" {
		aws, err := awsconf.FromEnv(getenv)
		if err != nil {
			return nil, err
		}
		keeper = dynamodb.Open(aws, cfg.LedgerTable)
		if pacer, err = shared.Open(aws, cfg.LedgerTable, cfg.RatePerMinute, time.Now); err != nil {
			return nil, err
		}
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	return &sqsworker.Handler{Log: log, Crew: &sqsworker.Crew{}, Sender: &delivery.Sender{
		Ledger: keeper, Pacer: pacer, Poster: delivery.ClientPoster{Client: client},
		Keys:  apikey.NewCache(apikey.Env(getenv, cfg.KeyFrom.Env), apikey.Options{}),
		Clock: delivery.SystemClock{}, NewToken: rand.Text, Log: log,
	}}, nil
}
