package forecast

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// keep is how long the answer to a look is good, from when it was asked for.
const keep = 5 * time.Second

// lookout is a service as it looked a moment ago. Its times have no monotonic reading: that clock may stand still while
// a sandbox is frozen, and an answer ages all the same.
type lookout[T any] struct {
	mu   sync.Mutex
	last *look[T]
}

// look is one question to a service. Its answer is written before done is closed.
type look[T any] struct {
	at    time.Time
	done  chan struct{}
	value T
	err   error
}

// look is the last one if that is under way or good enough at now, else a new one. It does not wait for the answer. The look
// belongs to all who wait for it, so it does not end with ctx, but after a second.
func (o *lookout[T]) look(ctx context.Context, now time.Time, failed func(context.Context, error), ask func(context.Context) (T, error)) *look[T] {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil || o.last.over(now) {
		o.last = &look[T]{at: now, done: make(chan struct{})}
		go o.last.run(context.WithoutCancel(ctx), failed, ask)
	}
	return o.last
}

// over reports whether the answer is too old. A wall clock that was set back counts as time passed.
func (l *look[T]) over(now time.Time) bool {
	select {
	case <-l.done:
		age := now.Sub(l.at)
		return age < 0 || age >= keep
	default:
		return false
	}
}

// run asks. A panic ends the look and not the process: nobody who sends has to suffer from it.
func (l *look[T]) run(ctx context.Context, failed func(context.Context, error), ask func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer func() {
		if problem := recover(); problem != nil {
			l.err = fmt.Errorf("a look at a service panicked: %T", problem)
		}
		// Before those who wait go on: in Lambda a line that is logged after their invocation could wait for the next one.
		if l.err != nil && failed != nil {
			failed(ctx, l.err)
		}
		close(l.done)
	}()
	l.value, l.err = ask(ctx)
}

// wait returns the answer; ok is false if there is none before ctx ends, or it is an error.
func (l *look[T]) wait(ctx context.Context) (value T, ok bool) {
	select {
	case <-l.done:
		return l.value, l.err == nil
	case <-ctx.Done():
		return value, false
	}
}
