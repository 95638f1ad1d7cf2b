package rig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"dmlysender/bench/runtimeapi"
	"dmlysender/bench/standin"
	"dmlysender/shared/dmlytest"
)

// workerTimeout is the template's.
const workerTimeout = 30 * time.Second

// Backlog is a queue that is never empty, and the workers that share it.
type Backlog struct {
	// Worker is the built worker.
	Worker string
	// Workers are how many processes of it take batches of 10, each the next as soon as it has answered.
	Workers int
	// PerMinute is the account's rate.
	PerMinute int
	// Bulk says that it is the bulk queue, and else the send queue.
	Bulk bool
	// AWS and DMLY are how long each call of theirs takes.
	AWS, DMLY time.Duration
}

// Sending is what was seen of a backlog.
type Sending struct {
	// Arrived are when DMLY got the messages, one after the other.
	Arrived []time.Time
	// Messages are those that were sent in the Invocations that came to their end, and Billed is what these took, each rounded up
	// to a millisecond.
	Messages, Invocations int
	Billed                time.Duration
	// Reservations are the updates of the pace's item, and Lost those whose condition did not hold: another worker was quicker.
	Reservations, Lost int
}

// Run has the workers send for a time.
func (b Backlog) Run(ctx context.Context, span time.Duration) (s Sending, err error) {
	sim := dmlytest.New(dmlytest.Options{Key: Key})
	if b.DMLY > 0 {
		sim.Inject(dmlytest.Fault{Latency: b.DMLY.String(), Times: -1})
	}
	tally := &tally{next: standin.New(standin.Options{Latency: b.AWS, Secret: Key})}
	stack, end, err := Serve(ctx, sim, tally)
	if err != nil {
		return s, err
	}
	defer end()
	stack.PerMinute = b.PerMinute
	if s, err = b.send(ctx, stack, span); err != nil {
		return s, err
	}
	for _, m := range sim.Messages() {
		s.Arrived = append(s.Arrived, m.Time)
	}
	s.Reservations, s.Lost = tally.counts()
	return s, nil
}

// send runs the workers until the time is over, in which what is under way is given up.
func (b Backlog) send(ctx context.Context, stack Stack, span time.Duration) (Sending, error) {
	timed, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	var all Sending
	var failed []error
	var mu sync.Mutex
	var workers sync.WaitGroup
	for i := range b.Workers {
		workers.Go(func() {
			s, err := b.work(timed, stack, i)
			mu.Lock()
			defer mu.Unlock()
			all.Messages, all.Invocations, all.Billed = all.Messages+s.Messages, all.Invocations+s.Invocations, all.Billed+s.Billed
			failed = append(failed, err)
		})
	}
	workers.Wait()
	return all, errors.Join(append(failed, ctx.Err())...)
}

// work is one worker.
func (b Backlog) work(ctx context.Context, stack Stack, number int) (s Sending, err error) {
	process, err := runtimeapi.Start(context.WithoutCancel(ctx), b.Worker, stack.Env("worker"))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, process.Kill()) }()
	queue, priority := "send", "normal"
	if b.Bulk {
		queue, priority = "bulk", "bulk"
	}
	var batch []Record
	for made := 0; ; {
		for ; len(batch) < BatchSize; made++ {
			id := fmt.Sprintf("order-%d-%d", number, made)
			batch = append(batch, NewRecord(id, 1, `{"id": "`+id+`", "channel": "whatsapp", "type": "text", "priority": "`+priority+
				`", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}, "textMessage": "Your order is on its way."}`))
		}
		event, err := Batch(stack.QueueARN(queue), batch)
		if err != nil {
			return s, err
		}
		begin := time.Now()
		answer, err := process.Invoke(ctx, event, workerTimeout)
		if ctx.Err() != nil {
			return s, nil
		}
		if err != nil {
			return s, fmt.Errorf("send a batch: %w", err)
		}
		s.Billed += (time.Since(begin) + time.Millisecond - 1).Truncate(time.Millisecond)
		s.Invocations++
		notDone, err := NotDone(answer)
		if err != nil {
			return s, err
		}
		s.Messages += len(batch) - len(notDone)
		batch = comeBack(batch, notDone)
	}
}

// comeBack are the records that were not done, as SQS brings them again.
func comeBack(batch []Record, notDone map[string]bool) (back []Record) {
	for _, r := range batch {
		if notDone[r.MessageId] {
			back = append(back, NewRecord(r.MessageId, 2, r.Body))
		}
	}
	return back
}

// tally counts what becomes of the updates, which are all of the pace's item: the ledger puts its items.
type tally struct {
	next http.Handler

	mu          sync.Mutex
	asked, lost int
}

func (t *tally) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateItem") {
		t.next.ServeHTTP(w, r)
		return
	}
	answer := &answer{ResponseWriter: w}
	t.next.ServeHTTP(answer, r)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	if answer.status == http.StatusBadRequest {
		t.lost++
	}
}

func (t *tally) counts() (asked, lost int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked, t.lost
}

// answer knows its status.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}
