package stack

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// answerTime is how long the Lambda library is given to hand over an answer before the process ends.
const answerTime = 200 * time.Millisecond

// Serve hands Lambda's invocations to the handler; it does not return. On SIGTERM nothing more is begun: the invocation's
// context ends, what has begun is finished and answered, and the process ends. (Lambda itself sends SIGTERM only between
// invocations, and only to functions with extensions; docker stop and sam local send it at any time.)
func Serve(handler any) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	h := &serving{Handler: lambda.NewHandler(handler)}
	go func() {
		<-ctx.Done()
		h.running.Lock() // and never unlocked: what comes now finds no one
		<-time.After(answerTime)
		os.Exit(0)
	}()
	lambda.StartWithOptions(h, lambda.WithContext(ctx))
}

// serving knows whether an invocation is running: each holds a read lock.
type serving struct {
	lambda.Handler
	running sync.RWMutex
}

// Invoke implements [lambda.Handler].
func (s *serving) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	s.running.RLock()
	defer s.running.RUnlock()
	return s.Handler.Invoke(ctx, payload)
}
