package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dmlysender/bench/rig"
	"dmlysender/bench/runtimeapi"
	"dmlysender/shared/dmlytest"
)

const (
	// deadline is that of an invocation.
	deadline = 15 * time.Second
	// tooLate is how long DMLY takes if nobody is to wait for its answer.
	tooLate = 14 * time.Second
	// slowWrite is long enough to kill a process while its first write is being answered.
	slowWrite = time.Second
	// A record that comes back is brought again after a while, and so often at most.
	again      = time.Second
	deliveries = 60
	putItem    = "DynamoDB_20120810.PutItem"
)

// fault is what breaks while a record is on its way, which is then brought again until it does not come back.
type fault struct {
	name string
	// write is how long each call of AWS takes.
	write time.Duration
	plan  []dmlytest.Fault
	// killAt tells when the process is to be killed; nil if it is not.
	killAt func(*rig.Rig) bool
}

var faults = []fault{
	{name: "POST cut after it was read", plan: []dmlytest.Fault{{Cut: dmlytest.CutAfter}}},
	{name: "cut three times in a row", plan: []dmlytest.Fault{{Cut: dmlytest.CutAfter, Times: 3}}},
	{name: "answered too late", plan: []dmlytest.Fault{{Latency: tooLate.String()}}},
	{
		name: "killed after the POST", plan: []dmlytest.Fault{{Latency: tooLate.String()}},
		killAt: func(r *rig.Rig) bool { return len(r.DMLY.Messages()) > 0 },
	},
	{name: "killed before the POST", write: slowWrite, killAt: func(r *rig.Rig) bool { return r.AWS.Calls()[putItem] > 0 }},
}

// suffer has every subject that keeps a ledger meet every fault. Nothing is timed, so all meet one at the same time.
func suffer(ctx context.Context, subjects func(*rig.Rig) []subject, all []*measured) error {
	for _, f := range faults {
		var wg sync.WaitGroup
		problems := make([]error, len(all))
		for i, m := range all {
			if !m.keeps {
				continue
			}
			wg.Go(func() {
				accepted, err := f.meet(ctx, func(r *rig.Rig) rig.Function { return subjects(r)[i].Function })
				if err != nil {
					problems[i] = fmt.Errorf("%s, %s: %w", m.Name, f.name, err)
				}
				m.accepted = append(m.accepted, accepted)
			})
		}
		wg.Wait()
		if err := errors.Join(problems...); err != nil {
			return err
		}
	}
	return nil
}

// meet returns how often DMLY accepted the message.
func (f fault) meet(ctx context.Context, function func(*rig.Rig) rig.Function) (accepted int, err error) {
	r, err := rig.New(ctx, f.write)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	r.DMLY.Inject(f.plan...)
	l := lambda{rig: r, function: function(r)}
	if l.event, err = r.Event(1, l.function.Body); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.end()) }()
	if f.killAt != nil {
		if err := l.killed(ctx, f.killAt); err != nil {
			return 0, err
		}
	}
	for range deliveries {
		if done, err := l.deliver(ctx); done || err != nil {
			return len(r.DMLY.Messages()), err
		}
		if err := wait(ctx, again); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("the record came back %d times", deliveries)
}

// lambda brings one record to a function, and starts a process when there is none.
type lambda struct {
	rig      *rig.Rig
	function rig.Function
	event    []byte
	runner   *rig.Runner
}

func (l *lambda) end() error {
	if l.runner == nil {
		return nil
	}
	return l.runner.End()
}

// deliver brings the record, and tells whether it is done. A failure of the whole batch brings it back as well.
func (l *lambda) deliver(ctx context.Context) (done bool, err error) {
	if l.runner == nil {
		if l.runner, err = l.rig.Start(ctx, l.function); err != nil {
			return false, err
		}
	}
	answer, err := l.runner.Process.Invoke(ctx, l.event, deadline)
	if _, failed := errors.AsType[*runtimeapi.FunctionError](err); failed {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	notDone, err := rig.NotDone(answer)
	return len(notDone) == 0, err
}

// killed brings the record, kills the process at the moment, and waits for the end of the invocation's time: SQS brings a record
// again much later.
func (l *lambda) killed(ctx context.Context, moment func(*rig.Rig) bool) (err error) {
	if l.runner, err = l.rig.Start(ctx, l.function); err != nil {
		return err
	}
	if _, err := l.runner.Process.Ready(ctx); err != nil {
		return err
	}
	over := time.Now().Add(deadline + time.Second)
	runner := l.runner
	ended := make(chan error, 1)
	go func() {
		_, err := runner.Process.Invoke(ctx, l.event, deadline)
		ended <- err
	}()
	for !moment(l.rig) {
		select {
		case err := <-ended:
			return fmt.Errorf("the moment to kill it did not come: %w", err)
		case <-time.After(time.Millisecond):
		}
	}
	if err := runner.End(); err != nil {
		return err
	}
	if err := <-ended; err == nil {
		return errors.New("it answered before it was killed")
	}
	l.runner = nil
	return wait(ctx, time.Until(over))
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
