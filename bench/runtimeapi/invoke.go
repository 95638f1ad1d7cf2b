package runtimeapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// invocation is one event on its way through the function.
type invocation struct {
	id      string
	event   []byte
	timeout time.Duration
	done    chan outcome // Has room for the one outcome, so that answering never waits.
}

type outcome struct {
	response []byte
	err      error
}

// Invoke waits until the function polls, hands it the event and returns its response. deadline is the function's time-out, counted from
// the moment at which it takes the event. Calls made at the same time are handed out one after the other, in no certain order.
//
// Errors: *FunctionError, what the handler returned; ErrTimedOut, and the process has been killed, as Lambda does; *ExitError, the process
// has ended, before or during the invocation; or that of ctx, and the function goes on: its answer is dropped.
func (p *Process) Invoke(ctx context.Context, event []byte, deadline time.Duration) (response []byte, err error) {
	inv := &invocation{id: newRequestID(), event: event, timeout: deadline, done: make(chan outcome, 1)}
	select {
	case p.pending <- inv:
	case <-p.exited:
		return nil, p.exitError()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for function %s to take an event: %w", p.name, ctx.Err())
	}
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case result := <-inv.done:
		return result.response, result.err
	case <-p.exited:
		return p.last(inv, p.exitError())
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the answer of function %s: %w", p.name, ctx.Err())
	case <-timer.C:
		if err := p.Kill(); err != nil {
			return nil, err
		}
		return p.last(inv, fmt.Errorf("function %s: %w after %v", p.name, ErrTimedOut, deadline))
	}
}

// last returns the answer that a process gave just before it ended, such as the report of a panic, else err.
func (p *Process) last(inv *invocation, err error) ([]byte, error) {
	select {
	case result := <-inv.done:
		return result.response, result.err
	default:
		return nil, err
	}
}

// finish gives an invocation its outcome. It tells whether the id is one that was handed out and not answered.
func (p *Process) finish(id string, result outcome) bool {
	p.mu.Lock()
	inv, ok := p.running[id]
	delete(p.running, id)
	p.mu.Unlock()
	if ok {
		inv.done <- result
	}
	return ok
}

// newRequestID returns a random UUID: ids must differ between processes too, as they do in Lambda.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // It never fails.
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
