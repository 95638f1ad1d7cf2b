package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"dmlysender/functions/api/httpapi"
	"dmlysender/functions/schedule/scheduled"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/forecast"
	"dmlysender/shared/later"
	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue"
	"dmlysender/shared/telemetry"
)

// localKey is what the HTTP API and the simulator take as x-api-key.
const localKey = "local"

// stack is everything that runs, in one process.
type stack struct {
	opts     options
	simulate bool
	baseURL  string
	cfg      config.Config

	ledger    *ledger.Memory
	tracker   *tracker
	scheduler *later.Memory
	campaigns *campaign.Service
	files     *files.Folder
	refusals  *refusals
	worker    *sqsworker.Handler
	schedule  *scheduled.Handler
	api       http.Handler
	// samples is the API as the samples call it, and callersKey what others call it with.
	samples    http.Handler
	callersKey string

	servers []*http.Server
	failed  chan error
	stop    context.CancelFunc
	running sync.WaitGroup
}

// open starts the stack. Without DMLY_API_KEY, the simulator stands in for DMLY.
func open(ctx context.Context, opts options, getenv func(string) string, logs io.Writer) (*stack, error) {
	cfg, err := config.Read(getenv)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	s := &stack{
		opts: opts, cfg: cfg, simulate: getenv("DMLY_API_KEY") == "", baseURL: cfg.BaseURL,
		ledger: &ledger.Memory{}, tracker: newTracker(), failed: make(chan error, 2), stop: stop, callersKey: localKey,
	}
	if err := s.start(ctx, getenv, newLog(untilDone{ctx, logs}, getenv("LOG_LEVEL"), cfg.LogLevel)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// untilDone writes nothing once the stack ends: what is cut off then has nothing to
// tell.
type untilDone struct {
	ctx context.Context //nolint:containedctx // it is asked for nothing but whether it is over
	w   io.Writer
}

func (u untilDone) Write(p []byte) (int, error) {
	if interrupted(u.ctx) {
		return len(p), nil
	}
	return u.w.Write(p)
}

func (s *stack) start(ctx context.Context, getenv func(string) string, log *slog.Logger) (err error) {
	key, perMinute := apikey.Env(getenv, "DMLY_API_KEY"), s.cfg.RatePerMinute
	if s.simulate {
		if s.opts.dmlyAddr, err = s.listen(ctx, "-dmly", s.opts.dmlyAddr, dmlytest.New(dmlytest.Options{Key: localKey})); err != nil {
			return err
		}
		s.baseURL = "http://" + s.opts.dmlyAddr + dmlytest.BasePath
		key = func(context.Context) (string, error) { return localKey, nil }
		if getenv("DMLY_RATE_PER_MINUTE") == "" {
			perMinute = 6000 // nobody wants to wait for a simulator
		}
	}
	if err := s.build(ctx, getenv, key, perMinute, log); err != nil {
		return err
	}
	if s.opts.apiAddr, err = s.listen(ctx, "-api", s.opts.apiAddr, s.api); err != nil {
		return err
	}
	s.pump(ctx, normalQueue, s.tracker.normal)
	s.pump(ctx, bulkQueue, s.tracker.bulk)
	s.running.Go(func() { s.scheduler.Run(ctx) })
	s.running.Go(func() { s.tick(ctx, log) })
	return nil
}

// tickEvery is how often campaigns are taken further: on AWS each minute, and here as often as somebody who looks on likes it.
const tickEvery = time.Second

// tick has the schedule function take the campaigns further, until the context ends.
func (s *stack) tick(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if _, err := s.schedule.Handle(ctx, json.RawMessage(`{"tick": "campaigns"}`)); err != nil { // the next one goes on
				log.ErrorContext(ctx, "tick", slog.String("error", err.Error()))
			}
		}
	}
}

// newLog shows problems only, unless LOG_LEVEL asks for more: the table says the rest.
func newLog(w io.Writer, set string, level slog.Level) *slog.Logger {
	if set == "" {
		level = slog.LevelError
	}
	return slog.New(telemetry.Handler(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}

func (s *stack) build(ctx context.Context, getenv func(string) string, key apikey.Source, perMinute int, log *slog.Logger) error {
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: s.baseURL})
	if err != nil {
		return fmt.Errorf("DMLY_BASE_URL: %w", err)
	}
	text, err := key(ctx)
	if err == nil {
		_, err = client.WithKey(text)
	}
	if err != nil {
		return fmt.Errorf("DMLY_API_KEY: %w", err)
	}
	pacer, err := pace.NewMemory(perMinute, time.Now)
	if err != nil {
		return err
	}
	s.refusals = &refusals{Poster: delivery.ClientPoster{Client: client}, refused: make(chan error, 1)}
	normal, bulk := s.tracker.lane(s.tracker.normal), s.tracker.lane(s.tracker.bulk)
	lanes := queue.Lanes{Normal: normal, Bulk: bulk}
	s.scheduler = later.NewMemory(delivery.SystemClock{}, lanes.For)
	sender := &delivery.Sender{
		Ledger: s.ledger, CancelKeys: s.ledger, Pacer: pacer, Poster: s.refusals,
		Keys:  apikey.NewCache(key, apikey.Options{}),
		Clock: delivery.SystemClock{}, NewToken: rand.Text, Log: log, Scheduler: s.scheduler,
	}
	defaults := message.Defaults{Workspace: s.cfg.Workspace}
	local := func(context.Context) (string, error) { return localKey, nil }
	s.worker = &sqsworker.Handler{
		Sender: sender, Defaults: defaults, Log: log,
		Queues: map[string]sqsworker.Queue{normalQueue: normal, bulkQueue: bulk},
	}
	if s.files, err = files.Open(s.opts.files); err != nil {
		return err
	}
	if err = os.MkdirAll(filepath.Join(s.opts.files, "audiences"), 0o700); err != nil { // before somebody copies a file there
		return fmt.Errorf("make the folder of the audiences: %w", err)
	}
	backlogs := map[delivery.Lane]delivery.Backlog{delivery.NormalLane: normal, delivery.BulkLane: bulk}
	s.campaigns = &campaign.Service{
		Store: &campaign.Memory{}, Files: s.files, Ledger: s.ledger, Sender: sender, Queues: lanes.For,
		Backlogs: func(lane delivery.Lane) delivery.Backlog { return backlogs[lane] },
		Pace:     pacer, Keys: sender.Keys, Planner: plan.Planner{Defaults: defaults}, Clock: sender.Clock, NewToken: rand.Text,
		AccountPerMinute: perMinute, Log: log,
	}
	s.schedule = &scheduled.Handler{Queues: lanes, Defaults: defaults, Campaigns: s.campaigns, Log: log}
	handler := httpapi.Handler{
		Sender: sender, Problems: s.ledger, Queues: lanes, Backlogs: httpapi.Backlogs{Normal: normal, Bulk: bulk}, Pace: pacer,
		Forecast: &forecast.Forecast{Keys: sender.Keys, Pace: pacer, Normal: normal, Bulk: bulk, Now: time.Now},
		Callers:  httpapi.NewCallers(local, log), Campaigns: s.campaigns, Defaults: defaults, Log: log,
	}
	s.samples = handler.Routes()
	if callers := getenv("INBOUND_KEYS"); callers != "" {
		handler.Callers = httpapi.NewCallers(apikey.Env(getenv, "INBOUND_KEYS"), log)
		s.callersKey = "one of INBOUND_KEYS"
	}
	s.api = handler.Routes()
	return nil
}

// listen serves the handler until close, and returns the address, which has the
// port that was found if none was asked for.
func (s *stack) listen(ctx context.Context, flag, addr string, handler http.Handler) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", fmt.Errorf("%s is in use by another program: end that one, or choose another address, as in make run ARGS=\"%s 127.0.0.1:9090\"", addr, flag)
	}
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", addr, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute}
	s.servers = append(s.servers, server)
	s.running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", addr, err)
		}
	})
	return l.Addr().String(), nil
}

// close ends everything at once. Nothing is durable here, so nothing is waited for
// but the goroutines.
func (s *stack) close() {
	s.stop()
	for _, server := range s.servers {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "local: close a server:", err)
		}
	}
	s.running.Wait()
	if s.files != nil {
		if err := s.files.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "local: close the folder of campaigns:", err)
		}
	}
}

// explain tells what can be done now.
func (s *stack) explain(w io.Writer) {
	fmt.Fprintf(w, "\nThe HTTP API is at http://%s (x-api-key: %s), and described at http://%[1]s/docs. Try:\n\n", s.opts.apiAddr, s.callersKey)
	fmt.Fprintf(w, "  curl -X POST http://%s/v1/messages -H 'x-api-key: %s' -H 'Content-Type: application/json' \\\n", s.opts.apiAddr, s.callersKey)
	fmt.Fprintf(w, "    -d '{\"channel\": \"whatsapp\", \"type\": \"text\", \"workspace\": {\"id\": \"W1\"},\n")
	fmt.Fprintf(w, "         \"recipient\": {\"phoneNumber\": \"+15551234567\"}, \"textMessage\": \"Hello\"}'\n\n")
	if s.simulate {
		fmt.Fprintf(w, "What DMLY received: curl http://%s/_sim/messages\n", s.opts.dmlyAddr)
		fmt.Fprintf(w, "Have it refuse the next: curl http://%s/_sim/faults -d '{\"status\": 400, \"error\": \"no such contact\"}'\n", s.opts.dmlyAddr)
	} else {
		fmt.Fprintf(w, "DMLY_API_KEY is set: messages go to %s.\n", s.baseURL)
	}
	fmt.Fprintln(w, "Ctrl-C ends.")
}
