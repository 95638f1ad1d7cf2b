package kill

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/bench/runtimeapi"
)

const (
	// invocationTime is the function's time-out. It is short, so that a claim whose owner was killed is not left alone for long.
	invocationTime = 8 * time.Second
	// minLife and maxLife are how long after its beginning an invocation is killed: once it has surely begun, and when most have ended.
	minLife, maxLife = time.Millisecond, 120 * time.Millisecond

	// Of a hundred batches so many are killed, delivered to another process at the same time, left on the queue though they were done,
	// and joined by a record that was done long ago.
	killedShare, twinShare, undeletedShare, lateShare = 60, 8, 4, 15
	// keptRecords is how many records are remembered for that.
	keptRecords = 500
)

// sizes are how many records a batch may have: small ones tear less apart when they are killed.
var sizes = []int{1, 1, 1, 2, 2, 3, 5, 10}

// worker is a place for one process after the other, which gets its records from the queue.
type worker struct {
	*run
	random *rand.Rand

	mu      sync.Mutex
	process *runtimeapi.Process // nil before the first
}

// pump brings batches to the worker until stop; what is under way then is finished. twin is who gets some of them too.
func (w *worker) pump(ctx context.Context, stop <-chan struct{}, twin *worker) error {
	var twins sync.WaitGroup
	defer twins.Wait()
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		process, err := w.alive(ctx)
		if err != nil {
			return err
		}
		batch, err := w.stand.receive(ctx, sizes[w.random.IntN(len(sizes))])
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			continue
		}
		for _, d := range batch {
			if d.Attributes[countReceives] == "1" {
				w.taken.Add(1)
			}
		}
		doubled := w.draw(twinShare)
		if doubled {
			twins.Go(func() { twin.alsoDeliver(ctx, batch) })
		}
		if err := w.deliver(ctx, process, batch, doubled); err != nil {
			return err
		}
	}
}

// draw is true so many times of a hundred.
func (w *worker) draw(share int) bool { return w.random.IntN(100) < share }

// alive returns the process, or a new one if it has ended.
func (w *worker) alive(ctx context.Context) (*runtimeapi.Process, error) {
	w.mu.Lock()
	process := w.process
	w.mu.Unlock()
	if process != nil {
		select {
		case <-process.Exited():
		default:
			return process, nil
		}
	}
	process, err := runtimeapi.Start(ctx, w.opts.Binary, w.stand.env(w.dmly.url))
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.process = process
	w.mu.Unlock()
	if _, err := process.Ready(ctx); err != nil {
		return nil, err
	}
	return process, nil
}

// end ends the process.
func (w *worker) end() error {
	if w.process == nil {
		return nil
	}
	return w.process.Kill()
}

// deliver hands a batch to the process, which may be killed over it, and deletes what was done.
func (w *worker) deliver(ctx context.Context, process *runtimeapi.Process, own []delivered, doubled bool) error {
	batch := own
	if late, ok := w.late(); ok && len(own) < maxBatch && !contains(own, late.MessageId) {
		batch = append(slices.Clone(own), late)
	}
	ended := make(chan struct{})
	killed := make(chan bool, 1)
	if w.killing.Load() && w.draw(killedShare) {
		life := minLife + time.Duration(w.random.Int64N(int64(maxLife-minLife)))
		go func() { killed <- w.killAfter(process, life, ended) }()
	} else {
		killed <- false
	}
	response, err := w.invoke(ctx, process, batch)
	close(ended)
	if wasKilled, died := <-killed, isExit(err); died && wasKilled {
		return w.killedOver(ctx, batch, doubled)
	}
	back, ok := w.answered(batch, response, err)
	if !ok {
		return context.Cause(ctx)
	}
	var done []delivered
	for _, d := range own {
		if !back[d.MessageId] {
			done = append(done, d)
		}
	}
	w.remember(done)
	if w.draw(undeletedShare) {
		return nil
	}
	return w.stand.delete(ctx, done)
}

// alsoDeliver hands a batch to the process while another one has it. What it answers counts for nothing, as that of the other decides.
func (w *worker) alsoDeliver(ctx context.Context, batch []delivered) {
	w.mu.Lock()
	process := w.process
	w.mu.Unlock()
	if process == nil {
		return
	}
	response, err := w.invoke(ctx, process, batch)
	if isExit(err) { // killed over this batch or another; if neither, whose process it is says so
		w.inFlight(batch)
		return
	}
	w.answered(batch, response, err)
}

func (w *worker) invoke(ctx context.Context, process *runtimeapi.Process, batch []delivered) ([]byte, error) {
	w.invocations.Add(1)
	w.records.Add(int64(len(batch)))
	return process.Invoke(ctx, []byte(encode(events.SQSEvent{Records: batch})), invocationTime)
}

// answered looks at how an invocation ended that was not killed. What is not as it must be is noted.
func (w *worker) answered(batch []delivered, response []byte, err error) (back map[string]bool, ok bool) {
	switch {
	case err == nil:
		if back, err = handedBack(response, batch); err != nil {
			w.note("the answer %s to %s is wrong: %v", response, names(batch), err)
			return nil, false
		}
		return back, true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	default:
		w.note("an invocation with %s failed: %v", names(batch), err)
		w.inFlight(batch) // it was killed at its deadline, or it died by itself
	}
	return nil, false
}

// killAfter kills the process when its time is over, unless its invocation has ended.
func (w *worker) killAfter(process *runtimeapi.Process, life time.Duration, ended <-chan struct{}) bool {
	timer := time.NewTimer(life)
	defer timer.Stop()
	select {
	case <-ended:
		return false
	case <-timer.C:
	}
	if err := process.Kill(); err != nil {
		w.note("%v", err)
		return false
	}
	return true
}

// killedOver counts a kill and looks at what it left behind.
func (w *worker) killedOver(ctx context.Context, batch []delivered, doubled bool) error {
	w.kills.Add(1)
	w.inFlight(batch)
	if doubled {
		return nil // what is claimed may be the other process's
	}
	var ids []string
	for _, d := range batch {
		if id := idOf(refOf(d)); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	states, err := w.stand.states(ctx, ids)
	if err != nil {
		return err
	}
	for _, state := range states {
		if state == stateSending {
			w.torn.Add(1)
			break
		}
	}
	return nil
}

// inFlight remembers that a process died over the messages.
func (w *worker) inFlight(batch []delivered) {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	for _, d := range batch {
		w.lost[refOf(d)] = true
	}
}

// remember keeps records that were done.
func (w *worker) remember(done []delivered) {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	w.finished = append(w.finished, done...)
	if over := len(w.finished) - keptRecords; over > 0 {
		w.finished = slices.Clone(w.finished[over:])
	}
}

// late returns, now and then, a record that was done, as if SQS delivered it once more.
func (w *worker) late() (delivered, bool) {
	if !w.draw(lateShare) {
		return delivered{}, false
	}
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	if len(w.finished) == 0 {
		return delivered{}, false
	}
	return again(w.finished[w.random.IntN(len(w.finished))]), true
}

func isExit(err error) bool {
	_, ok := errors.AsType[*runtimeapi.ExitError](err)
	return ok
}

// names lists the messages of a batch.
func names(batch []delivered) string {
	refs := make([]string, len(batch))
	for i, d := range batch {
		refs[i] = refOf(d)
	}
	return "the messages " + strings.Join(refs, ", ")
}
