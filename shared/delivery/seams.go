package delivery

import (
	"context"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/dmly"
)

// Ledger remembers where each message stands. Its writes are linearizable for one
// id. It is safe for concurrent use.
type Ledger interface {
	// Put writes the item if what stands under its ID still has the revision
	// `over`; over "" means that nothing stands there, or that its ForgetAt has
	// passed at now. Otherwise nothing is written, ok is false, and the item that
	// stands is returned. If what stands is the very revision that is being
	// written, an earlier try had succeeded and its answer was lost: ok is true.
	//
	// An error means that it is not known whether the item was written.
	Put(ctx context.Context, item Item, over string, now time.Time) (standing Item, ok bool, err error)
	// Get returns the item, or ok false if there is none whose time is not over.
	Get(ctx context.Context, id string, now time.Time) (item Item, ok bool, err error)
}

// Pacer keeps an account within its rate. It is safe for concurrent use.
type Pacer interface {
	// Reserve asks for up to n moments at which to send, in order. It returns fewer,
	// or none, if they would lie after until; then retry is when to ask again.
	Reserve(ctx context.Context, account string, lane Lane, n int, until time.Time) (slots []time.Time, retry time.Time, err error)
	// Pause lets nothing of the account out before until.
	Pause(ctx context.Context, account string, until time.Time) error
}

// Lane is which of the two queues a message takes.
type Lane string

// The lanes; bulk goes after normal.
const (
	NormalLane Lane = "normal"
	BulkLane   Lane = "bulk"
)

// Poster hands one request to DMLY, once. Its errors are those of
// [dmly.Client.Send].
type Poster interface {
	Post(ctx context.Context, key apikey.Key, req dmly.Request) (dmly.MessageResponse, error)
}

// Keys gives the API key of each workspace; [apikey.Cache] is one.
type Keys interface {
	Get(ctx context.Context) (apikey.Keys, error)
	// Refresh reads the keys anew because DMLY refused the one that was seen.
	Refresh(ctx context.Context, seen apikey.Key) (apikey.Keys, error)
}

// Queue takes records that bring messages back. When Enqueue returns nil, all of
// them are durably queued.
type Queue interface {
	Enqueue(ctx context.Context, records ...Record) error
}

// Record is what stands on the queue behind a message.
type Record struct {
	// Body is the message's JSON.
	Body []byte
	// ID is the message's id; it names the record even if its body cannot be read.
	ID string
	// Group is the tenant for fair queueing: the workspace.
	Group string
	// Delay is how long the queue holds it back, at most 15 minutes.
	Delay time.Duration
	// Recheck says that the message is probably at rest already: the record only
	// looks after it, or has come again. It is looked up before anything is spent on it.
	Recheck bool
}

// Clock is the time, and waiting for it.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or earlier with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now implements [Clock].
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep implements [Clock].
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ClientPoster posts through a [dmly.Client].
type ClientPoster struct{ Client *dmly.Client }

// Post implements [Poster].
func (p ClientPoster) Post(ctx context.Context, key apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	client, err := p.Client.WithKey(key.Reveal())
	if err != nil {
		return dmly.MessageResponse{}, &dmly.KeyRefusedError{Failure: dmly.Failure{Operation: req.Operation(), Err: err}}
	}
	return client.Send(ctx, req)
}
