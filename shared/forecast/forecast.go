// Package forecast tells about when a message will be sent that is accepted now. It is a courtesy to whoever hands the
// message in: it decides nothing, and where something cannot be asked there is no answer.
package forecast

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// patience is how long an estimate may take, and each look at a service.
const patience = time.Second

// Forecast estimates. Its fields are its collaborators, all required but OnError. It is safe for concurrent use, and must
// not be copied once it was used.
//
// What a service says is kept for 5 seconds, its errors too, and everybody who asks meanwhile waits for the same
// answer. So however many messages come, each queue and each account is looked at once in 5 seconds.
type Forecast struct {
	Keys delivery.Keys
	Pace delivery.Forecaster
	// Normal and Bulk are the queues of the two lanes.
	Normal, Bulk delivery.Backlog
	Now          func() time.Time
	// OnError hears why a service could not be asked, once for each look; nil for nobody. The context has the values of that of
	// whoever asked first.
	OnError func(context.Context, error)

	normal, bulk lookout[*backlog]

	mu       sync.Mutex
	accounts map[delivery.Account]*lookout[delivery.Outlook]
}

// backlog is a queue's depth, and what has come since.
type backlog struct {
	depth int
	// since counts the messages that were estimated since, to be sent as soon as it is their turn.
	since atomic.Int64
}

// Estimate says about when the message will be sent if it is accepted now, at the pace of its workspace's account: behind
// all that stands on its lane's queue, and for bulk on the other one too, and not before its sendAt and its hours. The
// message is best estimated before it is put on its queue, which counts it as well from then on.
//
// ok is false if that cannot be said: a service could not be asked within a second or before ctx ended, the account waits
// for another key, or the message would expire before.
//
// It is rather too late than too early. Messages of other accounts count like those of this one, though they do not
// wait for each other; a message that is being worked on counts beside the slot that it has, which is up to ten
// seconds; and see [delivery.Backlog] for what SQS counts.
func (f *Forecast) Estimate(ctx context.Context, m message.Message) (at time.Time, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	now := f.now()
	queues := f.queues(ctx, delivery.LaneOf(m), now)
	outlook, ok := f.outlook(ctx, m.Workspace.ID, now)
	if !ok || now.Before(outlook.RefusedUntil) {
		return time.Time{}, false
	}
	first, ahead := outlook.Next, 0
	var own *backlog
	for _, q := range queues {
		if own, ok = q.wait(ctx); !ok {
			return time.Time{}, false
		}
		first = later(first, q.at)
		ahead += own.depth + int(own.since.Load())
	}
	turn := later(f.now(), first.Add(time.Duration(ahead)*outlook.Interval))
	at = delivery.DueAt(m, turn)
	if !m.ExpiresAt.IsZero() && !at.Before(m.ExpiresAt) {
		return time.Time{}, false
	}
	if at.Equal(turn) {
		own.since.Add(1)
	}
	return at, true
}

// now is without a monotonic reading; see [lookout].
func (f *Forecast) now() time.Time { return f.Now().Round(0) }

// queues looks at the queues that have to be empty before a message of the lane is sent; the lane's own is the last. It
// does not wait for them.
func (f *Forecast) queues(ctx context.Context, lane delivery.Lane, now time.Time) []*look[*backlog] {
	of := func(o *lookout[*backlog], q delivery.Backlog) *look[*backlog] {
		return o.look(ctx, now, f.OnError, func(ctx context.Context) (*backlog, error) {
			depth, err := q.Depth(ctx)
			return &backlog{depth: depth}, err
		})
	}
	all := []*look[*backlog]{of(&f.normal, f.Normal)}
	if lane == delivery.BulkLane {
		all = append(all, of(&f.bulk, f.Bulk))
	}
	return all
}

// outlook is that of the account which the workspace's key opens.
func (f *Forecast) outlook(ctx context.Context, workspace string, now time.Time) (delivery.Outlook, bool) {
	keys, err := f.Keys.Get(ctx)
	if err != nil {
		return delivery.Outlook{}, false // those who have to send say so
	}
	key, ok := keys.For(workspace)
	if !ok {
		return delivery.Outlook{}, false
	}
	account := delivery.Account{Name: key.Account, KeyVersion: key.Version()}
	return f.account(account).look(ctx, now, f.OnError, func(ctx context.Context) (delivery.Outlook, error) {
		return f.Pace.Outlook(ctx, account)
	}).wait(ctx)
}

// account is the lookout for an account. There are as many as there were keys.
func (f *Forecast) account(a delivery.Account) *lookout[delivery.Outlook] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.accounts == nil {
		f.accounts = map[delivery.Account]*lookout[delivery.Outlook]{}
	}
	if f.accounts[a] == nil {
		f.accounts[a] = &lookout[delivery.Outlook]{}
	}
	return f.accounts[a]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
