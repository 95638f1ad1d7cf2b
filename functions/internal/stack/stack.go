// Package stack builds a function's collaborators from its configuration.
package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/shared/apikey"
	"dmlysender/shared/awsconf"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/later"
	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue"
	"dmlysender/shared/telemetry"
)

// Stack is what a function works with. What it did not ask for is nil.
type Stack struct {
	Config config.Config
	Log    *slog.Logger
	// Metrics are the Sender's meter; nil if the configuration names no namespace for them.
	Metrics *telemetry.Metrics
	Sender  *delivery.Sender
	Queues  queue.Lanes
	// Scheduler is the Sender's. It is nil where the queues are in memory.
	Scheduler delivery.Scheduler
	// CallerKeys is where the keys of the HTTP API's callers come from.
	CallerKeys apikey.Source
	// AWS opens further services.
	AWS aws.Config
}

// AWS opens the services of AWS that a function uses. A function names only those:
// each links a client, and every client linked makes the start slower.
type AWS struct {
	Ledger func(cfg aws.Config, table string) delivery.Ledger
	// Pacer keeps the accounts' rates in the ledger's table.
	Pacer  func(cfg aws.Config, table string, perMinute int) (delivery.Pacer, error)
	Queue  func(cfg aws.Config, url string) delivery.Queue
	Secret func(cfg aws.Config, nameOrARN string) apikey.Source
	// Scheduler holds what is due later in the schedule group.
	Scheduler func(cfg aws.Config, group, roleARN string, targets map[delivery.Lane]later.Target) (delivery.Scheduler, error)
}

// Open reads the configuration and builds what it asks for: worker, schedule or api, which writes its logs and its metrics to out.
// Nothing is called: a function is ready as soon as its process is.
func Open(function string, getenv func(string) string, out io.Writer, services AWS, needs ...config.Need) (*Stack, error) {
	cfg, err := config.Read(getenv, needs...)
	if err != nil {
		return nil, err
	}
	out = telemetry.Lines(out)
	s := &Stack{Config: cfg, Log: slog.New(telemetry.Handler(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: cfg.LogLevel})))}
	if cfg.MetricsNamespace != "" {
		s.Metrics = telemetry.NewMetrics(out, cfg.MetricsNamespace, function, time.Now)
	}
	b := builder{cfg: cfg, getenv: getenv, services: services, log: s.Log}
	if cfg.NeedsAWS() {
		if b.aws, err = awsconf.FromEnv(getenv); err != nil {
			return nil, err
		}
		s.AWS = b.aws
	}
	if cfg.KeyFrom != (config.SecretRef{}) {
		if s.Sender, err = b.sender(); err != nil {
			return nil, err
		}
		if s.Metrics != nil {
			s.Sender.Meter = s.Metrics
		}
	}
	s.Queues = queue.Lanes{Normal: b.queue(cfg.SendQueue, s.Sender), Bulk: b.queue(cfg.BulkQueue, s.Sender)}
	if cfg.Schedules != (config.Schedules{}) && s.Sender != nil {
		if s.Scheduler, err = b.scheduler(s.Queues); err != nil {
			return nil, err
		}
		s.Sender.Scheduler = s.Scheduler
	}
	if cfg.InboundKeysFrom != (config.SecretRef{}) {
		if s.CallerKeys, err = b.secret(cfg.InboundKeysFrom); err != nil {
			return nil, err
		}
	}
	return s, nil
}

type builder struct {
	cfg      config.Config
	getenv   func(string) string
	services AWS
	aws      aws.Config
	log      *slog.Logger
}

func (b builder) sender() (*delivery.Sender, error) {
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: b.cfg.BaseURL})
	if err != nil {
		return nil, fmt.Errorf("DMLY_BASE_URL: %w", err)
	}
	pacer, err := b.pacer()
	if err != nil {
		return nil, err
	}
	keys, err := b.secret(b.cfg.KeyFrom)
	if err != nil {
		return nil, err
	}
	book := b.ledger()
	cancelKeys, ok := book.(delivery.CancelKeys)
	if !ok {
		return nil, fmt.Errorf("the ledger %T does not keep cancelKeys", book)
	}
	stale := func(ctx context.Context, err error) {
		b.log.WarnContext(ctx, "the DMLY API key could not be read", slog.String("error", err.Error()))
	}
	return &delivery.Sender{
		Ledger:     book,
		CancelKeys: cancelKeys,
		Pacer:      pacer,
		Poster:     delivery.ClientPoster{Client: client},
		Keys:       apikey.NewCache(keys, apikey.Options{OnError: stale}),
		Clock:      delivery.SystemClock{},
		NewToken:   rand.Text,
		Log:        b.log,
	}, nil
}

// pacer is one for all workers where there is a table, and one for this process where there is none, or where the
// function only sends to be tried locally.
func (b builder) pacer() (delivery.Pacer, error) {
	if b.cfg.LedgerTable == "" || b.services.Pacer == nil {
		return pace.NewMemory(b.cfg.RatePerMinute, time.Now)
	}
	return b.services.Pacer(b.aws, b.cfg.LedgerTable, b.cfg.RatePerMinute)
}

func (b builder) ledger() delivery.Ledger {
	if b.cfg.LedgerTable == "" {
		return &ledger.Memory{}
	}
	return b.services.Ledger(b.aws, b.cfg.LedgerTable)
}

func (b builder) secret(ref config.SecretRef) (apikey.Source, error) {
	if ref.Env != "" {
		return apikey.Env(b.getenv, ref.Env), nil
	}
	if b.services.Secret == nil {
		return nil, errors.New("this function sends by itself only when it is tried locally: set DMLY_KEY_FROM to env:DMLY_API_KEY, or the queues to their URLs")
	}
	return b.services.Secret(b.aws, ref.SecretsManager), nil
}

// scheduler puts records on the queues that the function has.
func (b builder) scheduler(queues queue.Lanes) (delivery.Scheduler, error) {
	schedules, targets := b.cfg.Schedules, map[delivery.Lane]later.Target{}
	if b.cfg.SendQueue != "" {
		targets[delivery.NormalLane] = later.Target{Queue: queues.Normal, URL: b.cfg.SendQueue, DeadLetterURL: schedules.SendDeadLetters}
	}
	if b.cfg.BulkQueue != "" {
		targets[delivery.BulkLane] = later.Target{Queue: queues.Bulk, URL: b.cfg.BulkQueue, DeadLetterURL: schedules.BulkDeadLetters}
	}
	s, err := b.services.Scheduler(b.aws, schedules.Group, schedules.RoleARN, targets)
	if err != nil {
		return nil, fmt.Errorf("open the schedules: %w", err)
	}
	return s, nil
}

// queue is the SQS queue at the URL, or one that sends at once.
func (b builder) queue(url string, sender *delivery.Sender) delivery.Queue {
	switch {
	case url != "":
		return b.services.Queue(b.aws, url)
	case sender == nil:
		return nil // the function has no queues
	}
	return queue.Direct{Deliver: func(ctx context.Context, r delivery.Record) (delivery.Result, error) {
		return sender.DeliverRecord(ctx, r, r.ID, message.Defaults{Workspace: b.cfg.Workspace})
	}}
}
