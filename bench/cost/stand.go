package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/bench/binary"
	"dmlysender/bench/rig"
	"dmlysender/shared/dmlytest"
)

const (
	// pumps is how many batches are with the worker at the same time.
	pumps = 4
	batch = rig.BatchSize
	// drainTime is the most that is waited for a queue's records.
	drainTime = 4 * time.Minute
	pollEvery = 100 * time.Millisecond
)

// stand is a stack whose cloud counts. It is to be closed.
type stand struct {
	rig.Stack
	cloud    *cloud
	sim      *dmlytest.Server
	binaries map[string]string
	worker   *function
	// functions are all that were made, and end is that of the servers.
	functions []*function
	end       func()

	mu sync.Mutex
	// paid is what is called by others than the functions: by users, by the gateway, by Lambda and by Scheduler.
	paid usage
}

// newStand builds the functions into dir and serves what they talk to.
func newStand(ctx context.Context, dir string) (s *stand, err error) {
	s = &stand{
		binaries: map[string]string{},
		cloud:    newCloud(rig.Key), sim: dmlytest.New(dmlytest.Options{Key: rig.Key}),
	}
	for _, name := range []string{"worker", "api", "schedule"} {
		s.binaries[name] = filepath.Join(dir, name)
		if _, err := binary.Build(ctx, "./functions/"+name, s.binaries[name]); err != nil {
			return nil, err
		}
	}
	if s.Stack, s.end, err = rig.Serve(ctx, s.sim, s.cloud); err != nil {
		return nil, err
	}
	s.worker = s.function("worker", rig.Unpaced)
	return s, nil
}

// function is one with a rate of its own.
func (s *stand) function(name string, perMinute int) *function {
	stack := s.Stack
	stack.PerMinute = perMinute
	f := &function{name: name, binary: s.binaries[name], env: stack.Env(name)}
	s.functions = append(s.functions, f)
	return f
}

// close ends the functions' processes and the servers.
func (s *stand) close() {
	for _, f := range s.functions {
		if _, err := f.rest(); err != nil {
			fmt.Fprintln(os.Stderr, "cost:", err)
		}
	}
	s.end()
}

// pay counts what is called without the meter.
func (s *stand) pay(u usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paid = s.paid.plus(u, 1)
}

// drain has the worker take records of a queue, as Lambda does, until so many are done.
func (s *stand) drain(ctx context.Context, queue string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	var mu sync.Mutex
	left := n // less what is with the pumps
	take := func() bool {
		mu.Lock()
		defer mu.Unlock()
		left -= batch
		return left > -batch
	}
	giveBack := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		left += n
	}
	failed := make([]error, pumps)
	var all sync.WaitGroup
	for i := range pumps {
		all.Go(func() {
			for failed[i] == nil && take() {
				var done int
				done, failed[i] = s.pump(ctx, queue)
				giveBack(batch - done)
			}
			giveBack(batch)
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// pump hands one batch to the worker, and takes what is done from the queue.
func (s *stand) pump(ctx context.Context, queue string) (done int, err error) {
	name := s.QueueName(queue)
	taken := s.cloud.queues.receive(name, batch, time.Now())
	if len(taken) == 0 { // What nobody waits for is asked for by the month.
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for records of the %s queue: %w", queue, ctx.Err())
		case <-time.After(pollEvery):
			return 0, nil
		}
	}
	event, err := rig.Batch(s.QueueARN(queue), taken)
	if err != nil {
		return 0, err
	}
	answer, err := s.worker.invoke(ctx, event)
	if err != nil {
		return 0, err
	}
	s.pay(usage{sqsRequests: 1})
	notDone, err := rig.NotDone(answer)
	if err != nil {
		return 0, err
	}
	taken = slices.DeleteFunc(taken, func(r events.SQSMessage) bool { return notDone[r.MessageId] })
	if len(taken) > 0 {
		s.pay(usage{sqsRequests: 1})
		s.cloud.queues.remove(name, taken)
	}
	return len(taken), nil
}
