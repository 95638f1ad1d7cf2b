// Package rig has the built functions do what they do on AWS, so that it can be measured: it serves what they talk to, a simulated DMLY
// and a stand-in for AWS, and hands them the events that AWS would.
package rig

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dmlysender/bench/standin"
	"dmlysender/shared/dmlytest"
)

// Unpaced is a rate a minute that is far more than is ever sent, so that the pace holds nothing back.
const Unpaced = 600_000

// Rig is a stack that functions send batches of new messages through. Its exported fields do not change.
type Rig struct {
	Stack
	DMLY *dmlytest.Server
	AWS  *standin.AWS

	end func()

	mu  sync.Mutex
	ids int // How many ids were made.
}

// New serves a DMLY, and an AWS whose calls take a latency each. The rig must be closed.
func New(ctx context.Context, latency time.Duration) (*Rig, error) {
	r := &Rig{
		DMLY: dmlytest.New(dmlytest.Options{Key: Key}),
		AWS:  standin.New(standin.Options{Latency: latency, Secret: Key}),
	}
	var err error
	r.Stack, r.end, err = Serve(ctx, r.DMLY, r.AWS)
	r.PerMinute = Unpaced
	return r, err
}

// Close ends the servers.
func (r *Rig) Close() { r.end() }

// ID returns a number that it has not returned before. It is safe for concurrent use.
func (r *Rig) ID() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids++
	return r.ids
}

// Event is a batch of n new messages as SQS makes it.
func (r *Rig) Event(n int, body func(id string) string) ([]byte, error) {
	records := make([]Record, n)
	for i := range records {
		number := r.ID()
		records[i] = NewRecord(fmt.Sprintf("6b1f7e0a-0000-4000-8000-%012d", number), 1, body(fmt.Sprintf("order-%d-shipped", number)))
	}
	return Batch(r.QueueARN("send"), records)
}
