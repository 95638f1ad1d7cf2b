package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dmlysender/bench/runtimeapi"
)

const (
	// invocationLimit is far beyond any that is worth counting.
	invocationLimit = 2 * time.Minute
	// outlives is after how many invocations a process is ended, so that all that it wrote can be counted.
	outlives = 100
	// perLine is what CloudWatch Logs adds to each line.
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
	perLine = 26
	// platformLines are what Lambda itself writes of an invocation, of the form that its documentation shows.
	// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
	platformLines = `{"time":"2026-11-30T12:00:00.000Z","type":"platform.start","record":{"requestId":"6b1f7e0a-0000-4000-8000-000000000000","version":"$LATEST"}}
{"time":"2026-11-30T12:00:00.000Z","type":"platform.report","record":{"requestId":"6b1f7e0a-0000-4000-8000-000000000000","metrics":{"durationMs":1000.123,"billedDurationMs":1001,"memorySizeMB":256,"maxMemoryUsedMB":32},"status":"success"}}
`
)

// function is one that was built, and counts what it writes and how often it is called. It is safe for concurrent use, in which
// there is a process for each invocation.
type function struct {
	name, binary string
	env          []string

	mu          sync.Mutex
	idle        []*sandbox
	invocations int
	written     int // bytes, as CloudWatch counts them
}

type sandbox struct {
	process *runtimeapi.Process
	served  int
}

// invoke hands the function an event.
func (f *function) invoke(ctx context.Context, event []byte) ([]byte, error) {
	s, err := f.take(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := s.process.Invoke(ctx, event, invocationLimit)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("call the %s: %w", f.name, err), s.process.Kill())
	}
	s.served++
	f.mu.Lock()
	f.invocations++
	if s.served < outlives {
		f.idle = append(f.idle, s)
		f.mu.Unlock()
		return answer, nil
	}
	f.mu.Unlock()
	return answer, f.end(s)
}

func (f *function) take(ctx context.Context) (*sandbox, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.idle); n > 0 {
		s := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return s, nil
	}
	process, err := runtimeapi.Start(context.WithoutCancel(ctx), f.binary, f.env)
	if err != nil {
		return nil, err
	}
	return &sandbox{process: process}, nil
}

// end ends a process, and counts what it wrote.
func (f *function) end(s *sandbox) error {
	err := s.process.Kill()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written += logged(s.process.Output())
	return err
}

// logged is how many bytes CloudWatch counts of some lines.
func logged(lines string) int { return len(lines) + perLine*strings.Count(lines, "\n") }

// rest ends all processes, and returns what the function used since the last rest, but for the time that it took.
func (f *function) rest() (usage, error) {
	f.mu.Lock()
	idle := f.idle
	f.idle = nil
	f.mu.Unlock()
	var failed []error
	for _, s := range idle {
		failed = append(failed, f.end(s))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := float64(f.invocations)
	u := usage{lambdaRequests: n, logBytes: float64(f.written) + n*float64(logged(platformLines))}
	f.invocations, f.written = 0, 0
	return u, errors.Join(failed...)
}
