package kill

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/bench/runtimeapi"
)

const (
	// Of a hundred batches so many are left on the queue though they were done, and joined by a record that was done long ago.
	undeletedShare, lateShare = 4, 15
	// keptRecords is how many records are remembered for that.
	keptRecords = 500
)

// sizes are how many records a batch may have: small ones tear less apart when they are killed.
var sizes = []int{1, 1, 1, 2, 2, 3, 5, 10}

// worker is a place whose processes get their records from the queue.
type worker struct{ place }

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
			if d.Attributes[countReceives] == "1" && ofFeed(d) {
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

// deliver hands a batch to the process, which may be killed over it, and deletes what was done.
func (w *worker) deliver(ctx context.Context, process *runtimeapi.Process, own []delivered, doubled bool) error {
	batch := own
	if late, ok := w.late(); ok && len(own) < maxBatch && !contains(own, late.MessageId) {
		batch = append(slices.Clone(own), late)
	}
	response, killed, err := w.invoke(ctx, process, w.event(batch), w.workers.due() && w.draw(killedShare))
	if killed {
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
	process := w.present()
	if process == nil {
		return
	}
	response, _, err := w.invoke(ctx, process, w.event(batch), false)
	if isExit(err) { // killed over this batch or another; if neither, whose process it is says so
		w.died(refs(batch)...)
		return
	}
	w.answered(batch, response, err)
}

// event is what the function gets for a batch.
func (w *worker) event(batch []delivered) string {
	w.invocations.Add(1)
	w.records.Add(int64(len(batch)))
	return encode(events.SQSEvent{Records: batch})
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
		w.died(refs(batch)...) // it was killed at its deadline, or it died by itself
	}
	return nil, false
}

// killedOver counts a kill and looks at what it left behind.
func (w *worker) killedOver(ctx context.Context, batch []delivered, doubled bool) error {
	w.workers.kills.Add(1)
	w.died(refs(batch)...)
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
			w.workers.torn.Add(1)
			break
		}
	}
	return nil
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

// refs are the messages of a batch.
func refs(batch []delivered) []string {
	all := make([]string, len(batch))
	for i, d := range batch {
		all[i] = refOf(d)
	}
	return all
}

// names lists them.
func names(batch []delivered) string { return "the messages " + strings.Join(refs(batch), ", ") }
