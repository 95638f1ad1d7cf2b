package delivery

import (
	"context"
	"errors"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// ErrThrottled is matched by errors of a ledger, its list or a queue that could have been asked at another moment: they
// had more requests just then than they take. How long that lasts is not known.
var ErrThrottled = errors.New("too many requests at the moment")

// Ledger remembers where each message stands. Its writes are linearizable for one
// id. It is safe for concurrent use.
type Ledger interface {
	// Put writes the item if what stands under its ID still has the revision
	// `over`; over "" means that nothing stands there, or that its ForgetAt has
	// passed at now. Otherwise nothing is written, ok is false, and the item that
	// stands is returned. If what stands is the very revision that is being
	// written, an earlier try had succeeded and its answer was lost: ok is true. If
	// somebody has written over it since, ok is false, and what stands tells.
	//
	// An error means that it is not known whether the item was written.
	Put(ctx context.Context, item Item, over string, now time.Time) (standing Item, ok bool, err error)
	// Get returns the item, or ok false if there is none whose time is not over.
	Get(ctx context.Context, id string, now time.Time) (item Item, ok bool, err error)
}

// ProblemLister lists the messages that a person should look at. It is safe for concurrent use.
type ProblemLister interface {
	// Problems returns the messages in this state (rejected, failed or unknown) that need attention (see
	// [Item.NeedsAttention]) and whose ForgetAt has not passed at now, with all that is kept of them. Those that have
	// stood there longest come first. A page has n of them, 1 to 100, and only the last one has fewer. next is the
	// cursor of the page that follows, empty behind the last one; the first page has the empty cursor.
	//
	// The list may follow the ledger with a delay of seconds: what has just become a problem may be missing, and what
	// was just settled may be there as it stood before. It may be settled while the list is gone through.
	//
	// Errors: one that matches [ErrList] if there is no such state, n or cursor, or that the ledger could not be asked.
	Problems(ctx context.Context, state State, n int, cursor string, now time.Time) (items []Item, next string, err error)
}

// Account is whom a pace belongs to.
type Account struct {
	// Name is the label of the account's key; it survives a rotation of the key.
	Name string
	// KeyVersion tells the key that it has now from the ones before and after.
	KeyVersion string
}

// Pacer keeps an account within its rate. It is safe for concurrent use.
type Pacer interface {
	// Reserve asks for up to n slots, moments at which to send, in order and none after until. Where there is
	// none, the reservation says when to ask again. It does not wait for a slot.
	Reserve(ctx context.Context, account Account, lane Lane, n int, until time.Time) (Reservation, error)
	// Delay lets nothing of the account out before until, because DMLY asked it to wait (429). A shorter
	// delay does not end a longer one; slots that others hold already are not recalled.
	Delay(ctx context.Context, account string, until time.Time) error
	// Refuse pauses the account because DMLY refused its key, for as long as it has that key: 1 minute at first,
	// doubling to 15 with each refusal that follows a pause closely. Within a pause it changes nothing. It returns
	// when the pause ends.
	Refuse(ctx context.Context, account Account) (until time.Time, err error)
}

// Reservation is what a Pacer gives.
type Reservation struct {
	Slots []time.Time
	// RetryAt is when to ask again, if there are no slots.
	RetryAt time.Time
	// KeyRefused says that the account waits because DMLY refused its key. Another key would not have to.
	KeyRefused bool
}

// Forecaster foretells an account's pace. It is safe for concurrent use.
type Forecaster interface {
	// Outlook says when the account could send next, and how fast from then on. It takes no slot and changes nothing,
	// and it may be over a moment later.
	Outlook(ctx context.Context, account Account) (Outlook, error)
}

// Outlook is how an account's pace looks at one moment.
type Outlook struct {
	// Next is the earliest moment, not before now, at which a message could go that has no other before it.
	Next time.Time
	// Interval is from one message to the next.
	Interval time.Duration
	// RefusedUntil is when the pause ends that the account makes because DMLY refused this key, and the zero time if it
	// makes none. Next is not before it. DMLY may refuse the key again then; another key need not wait.
	RefusedUntil time.Time
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
	// Refresh reads the keys anew because DMLY refused the one that was seen, or none was, which is the zero value.
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
	// Generation says which generation of the message the record is for, and that the ledger has the message, so that
	// it is looked up as well; 0 if it does not say. One after that which rests as unknown or failed is a
	// person's order to send it again.
	Generation int
}

// Postponement is when a record that was received is to come back.
type Postponement struct {
	// Receipt names this receipt of the record, as the queue does (SQS: its receipt handle).
	Receipt string
	// After is how long the record stays hidden, from now.
	After time.Duration
}

// Postponer brings received records back at another time than the queue's visibility time-out would.
type Postponer interface {
	// Postpone hides the records for so long from now. It does what it can, and says of the others why not: they come
	// back with the queue's visibility time-out, so that nothing is lost by it.
	Postpone(ctx context.Context, records ...Postponement) error
}

// Backlog is a queue that tells how much stands on it. It is safe for concurrent use.
type Backlog interface {
	// Depth is about how many records could be received now or are being worked on. Those that were put on the queue
	// with a delay do not count before it is over, and nor do those that were postponed to a later time, if the queue can
	// tell them from those that are being worked on. One that cannot (SQS) says too much by those that wait for their
	// sendAt or their hours.
	Depth(ctx context.Context) (int, error)
}

// Meter counts what happens. What it counts is not the ledger: where the answer to a write is lost, it may miss a message. Its methods
// return at once. It is safe for concurrent use.
type Meter interface {
	// Rested: a message of the channel came to rest in the state, because this very Sender wrote it down. A record that
	// finds its message at rest counts for nothing, and nor does what people settle or cancel, unless it is unknown after that. The
	// channel is that of the fallback that was tried last, and empty if the content never was a message, or a person has cancelled it.
	Rested(channel message.Channel, state State)
	// Posted: a request to DMLY was begun, and took so long, whatever came of it.
	Posted(took time.Duration)
	// Waited: a message waited so long for its slot of the account's pace.
	Waited(d time.Duration)
	// KeyRefused: DMLY refused an account's key, and the account waits for another one.
	KeyRefused()
	// Stuck: a message could not be taken further for an error, such as a ledger that does not answer or a key that cannot be read.
	// Its record comes back.
	Stuck()
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

// CancelKeys remembers which messages can be cancelled together. It is safe for concurrent use.
type CancelKeys interface {
	// Keep notes until then that the message with this id waits under the cancelKey. What is noted for longer stays so: whoever notes it
	// again may be late, or may not write the message down after all.
	Keep(ctx context.Context, cancelKey, id string, until time.Time) error
	// Under returns at most n ids that were kept under the cancelKey and not until a moment before now, each once, and the
	// cursor of those that follow, empty behind the last; the first page has the empty cursor. It is strongly
	// consistent: what Keep has returned for is there. Some of the messages may be at rest.
	Under(ctx context.Context, cancelKey string, n int, cursor string, now time.Time) (ids []string, next string, err error)
}

// Scheduler holds records for longer than a queue does. It is safe for concurrent use.
type Scheduler interface {
	// Schedule has the record come to the queue of the lane at that moment, at least once and perhaps two minutes before or
	// one after it; what is past comes at once. There is one schedule for a message and a moment: the record that was
	// scheduled for the two before is replaced, and what is scheduled for other moments stands. Once it returns nil, the record
	// is durably held. Its Delay does not count; Group, Recheck and Generation may be lost, so its body has its ID.
	//
	// An error means that it is not known whether the record is held. It matches [ErrThrottled] if too much was asked.
	Schedule(ctx context.Context, lane Lane, r Record, at time.Time) error
	// Unschedule removes what is scheduled for the message with this id and the moment; that nothing is, is no error. What has
	// come to its queue already stays there.
	Unschedule(ctx context.Context, id string, at time.Time) error
}
