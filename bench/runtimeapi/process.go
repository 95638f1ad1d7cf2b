// Package runtimeapi runs a function's binary as Lambda does: it serves the Lambda Runtime API on 127.0.0.1, starts the binary
// against it, hands out events and collects the answers.
//
// It is for driving real binaries hard: many processes at once, each with a server of its own, killed at any moment. The API is that of
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html without response streaming and extensions.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// outputGrace is how long a dead process's output is waited for, should a child of its own still hold the pipe.
const outputGrace = time.Second

// Process is a running function. It is safe for concurrent use.
type Process struct {
	name   string
	cmd    *exec.Cmd
	server *http.Server
	output *tail

	started   time.Time
	pollOnce  sync.Once
	polled    chan struct{} // Closed at the first poll, after firstPoll was written.
	firstPoll time.Duration

	pending chan *invocation // Unbuffered: an event is taken by a poll or not at all.
	exited  chan struct{}    // Closed when the process has ended, after state was written.
	state   *os.ProcessState

	mu        sync.Mutex
	running   map[string]*invocation // Handed out and not answered yet, by request id.
	initError *FunctionError
}

// Start starts a binary with exactly the environment env ("NAME=value") and AWS_LAMBDA_RUNTIME_API, which leads it to a server of its own.
// It does not wait for the first poll; Ready does. Every started Process must be ended with Kill; the end of ctx ends it too.
func Start(ctx context.Context, binary string, env []string) (*Process, error) {
	name := filepath.Base(binary)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start function %s: listen for the Runtime API: %w", name, err)
	}
	p := &Process{
		name:    name,
		output:  &tail{},
		polled:  make(chan struct{}),
		pending: make(chan *invocation),
		exited:  make(chan struct{}),
		running: make(map[string]*invocation),
	}
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	p.cmd = exec.CommandContext(ctx, binary)
	p.cmd.Env = append(append([]string{}, env...), "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.WaitDelay = outputGrace
	served := make(chan struct{})
	p.started = time.Now() // Before the goroutine that reads it.
	go func() {
		defer close(served)
		_ = p.server.Serve(listener) // Ends with ErrServerClosed when the process does.
	}()
	if err := p.cmd.Start(); err != nil {
		_ = p.server.Close()
		<-served
		return nil, fmt.Errorf("start function %s: %w", name, err)
	}
	go p.reap(served)
	return p, nil
}

// reap waits for the end of the process, then ends the server.
func (p *Process) reap(served <-chan struct{}) {
	_ = p.cmd.Wait() // What it would say stands in the state.
	p.state = p.cmd.ProcessState
	_ = p.server.Close()
	<-served
	close(p.exited)
}

// Kill ends the process at once, as SIGKILL does, and returns when it has ended and its port is free. A process that has already
// ended is not an error. An Invoke under way returns an *ExitError.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill function %s: %w", p.name, err)
	}
	<-p.exited
	return nil
}

// Signal sends a signal to the process, such as SIGTERM, and does not wait for what it does.
func (p *Process) Signal(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("signal function %s: %w", p.name, err)
	}
	return nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process has ended, for whatever reason.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Ready waits for the first poll and returns how long after the start it came. It fails with an *ExitError if the process ends before,
// and with the error of ctx.
func (p *Process) Ready(ctx context.Context) (time.Duration, error) {
	select {
	case <-p.polled:
		return p.firstPoll, nil
	default:
	}
	select {
	case <-p.polled:
		return p.firstPoll, nil
	case <-p.exited:
		return 0, p.exitError()
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for the first poll of function %s: %w", p.name, ctx.Err())
	}
}

// FirstPoll returns how long after its start the process first asked for an event: what users feel as a cold start. It is 0 before that.
func (p *Process) FirstPoll() time.Duration {
	select {
	case <-p.polled:
		return p.firstPoll
	default:
		return 0
	}
}

// Output returns the end of what the process wrote to its standard output and standard error, at most 1 MiB. Lines written just before
// an answer can come in a moment after it; when Exited is closed all are there.
func (p *Process) Output() string { return p.output.String() }

// CPUTime returns the processor time that the process took from its start to its end, its own and the kernel's on its behalf. It is 0
// until Exited is closed.
func (p *Process) CPUTime() time.Duration {
	select {
	case <-p.exited:
		return p.state.UserTime() + p.state.SystemTime()
	default:
		return 0
	}
}
