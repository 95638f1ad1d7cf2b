package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"dmlysender/shared/panics"
	"dmlysender/shared/telemetry"
)

// answerTime is how long the Lambda library is given to hand over an answer before the process ends.
const answerTime = 200 * time.Millisecond

const (
	// heapGrowth is how much garbage there may be, in percent of what is alive, before the collector runs. A function holds a few
	// megabytes of the 256 that it is given: collecting as often as Go does by itself, at 100, took an eighth of the processor time of a message.
	heapGrowth = 400
	// heapLimit has the collector run more often before memory is short, whatever is alive.
	heapLimit = 128 << 20
)

// Serve hands Lambda's invocations to the handler; it does not return. On SIGTERM nothing more is begun: the invocation's
// context ends, what has begun is finished and answered, and the process ends. (Lambda itself sends SIGTERM only between
// invocations, and only to functions with extensions; docker stop and sam local send it at any time.)
func (s *Stack) Serve(handler any) {
	useMemory()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	h := s.serving(handler)
	go func() {
		<-ctx.Done()
		h.running.Lock() // and never unlocked: what comes now finds no one
		<-time.After(answerTime)
		os.Exit(0)
	}()
	lambda.StartWithOptions(h, lambda.WithContext(ctx))
}

func (s *Stack) serving(handler any) *serving {
	return &serving{Handler: lambda.NewHandler(handler), log: s.Log, metrics: s.Metrics}
}

// useMemory saves processor time for memory.
func useMemory() {
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(heapLimit)
}

// serving knows whether an invocation is running: each holds a read lock.
type serving struct {
	lambda.Handler
	log     *slog.Logger
	metrics *telemetry.Metrics
	running sync.RWMutex
}

// Invoke implements [lambda.Handler]. However the invocation ends, what was counted in it is written down. The library logs its
// error, and the value of a panic, so that neither may have what the event says.
func (s *serving) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	s.running.RLock()
	defer s.running.RUnlock()
	if s.metrics != nil {
		defer s.metrics.Flush()
	}
	defer func() {
		if p := recover(); p != nil {
			panics.Log(ctx, s.log, p)
			answer, err = nil, fmt.Errorf("panic: %T", p)
		}
	}()
	answer, err = s.Handler.Invoke(ctx, payload)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok { // which may quote a number
		err = fmt.Errorf("the event is not of the expected form: %q may not be what it is", wrong.Field)
	}
	return answer, err
}
