package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/panics"
)

const (
	// sendTime is kept for a post and for writing down what came of it, however short the wait: a post that is given up rests as unknown,
	// and needs a person. It is ten seconds, and what package delivery keeps for the record.
	sendTime = 13 * time.Second
	// answerTime is kept for the answer at the end of the function's time.
	answerTime = time.Second
	// recheckAfter is how long after the end of a sending its message's record comes: the function has certainly ended then.
	recheckAfter = 10 * time.Second
	// askAgain is when to repeat a request whose message is being sent.
	askAgain = 2 * time.Second
)

// sent is what became of a message that was to be sent at once.
type sent struct {
	item delivery.Item
	// replayed says that it was known before.
	replayed bool
}

// sendNow sends a message, and waits for it at most so long. It queues a recheck before, so that the message is not lost if
// this function ends in the middle; what cannot be sent in the time is left to that record. keyed says that the message
// may be known already.
func (a *api) sendNow(ctx context.Context, m message.Message, keyed bool, wait time.Duration) (sent, *Problem) {
	content, err := m.Encode()
	if err != nil {
		return sent{}, problemOfDecode(err)
	}
	var known delivery.Result
	if keyed {
		if known, err = a.Sender.Look(ctx, m); err != nil {
			return sent{}, problemOfMessage(err, m)
		}
		switch {
		case known.Conflict:
			return sent{}, idTaken.problem(delivery.TakenReason)
		case known.Done:
			return sent{item: known.Item, replayed: true}, nil
		case known.Item.State == delivery.Sending: // a record stands behind it
			return sent{}, underWay(known.Item)
		}
	}
	recheck := delivery.Record{Body: content, ID: m.ID, Group: m.Workspace.ID, Delay: wait + sendTime + recheckAfter, Recheck: true}
	if err := a.Queues.For(delivery.LaneOf(m)).Enqueue(ctx, recheck); err != nil {
		return sent{}, problemOfMessage(err, m)
	}
	result, err := a.deliver(ctx, m, wait)
	switch {
	case result.Conflict:
		return sent{}, idTaken.problem(delivery.TakenReason)
	case result.Item.State == delivery.Sending: // another request or a worker has it
		return sent{}, underWay(result.Item)
	case result.Done || underWayAlready(result.Item):
		return sent{item: result.Item, replayed: underWayAlready(known.Item)}, nil
	case underWayAlready(known.Item): // it had no slot, and nothing new is known of it
		return sent{item: known.Item, replayed: true}, nil
	case err != nil: // the sender has logged it; the queue has the message: it will be sent
		return sent{}, nil //nolint:nilerr // see above
	}
	return a.leave(ctx, m)
}

// underWayAlready says whether this very content is known and not at rest. What rests although the record is not done is what
// it corrects.
func underWayAlready(i delivery.Item) bool { return i.State != "" && !i.State.Final() }

// leave writes a message down that had no slot within the wait, so that it can be read and cancelled, and goes as soon as it is its
// turn. If that fails, the recheck still stands behind it.
func (a *api) leave(ctx context.Context, m message.Message) (sent, *Problem) {
	got := a.Sender.Accept(ctx, m, a.Queues.For)
	if got.Result.Conflict { // somebody else came first
		return sent{}, idTaken.problem(delivery.TakenReason)
	}
	return sent{item: got.Result.Item, replayed: got.Known}, nil
}

// underWay says that the message is in somebody's hands.
func underWay(i delivery.Item) *Problem {
	p := stillSending.problem("the message is being sent; repeat the request to learn what became of it")
	p.ID, p.State, p.retryAfter = i.ID, i.State, askAgain
	return p
}

// times are when a message must have its slot, to be sent within the wait, and when its sending must be over. Where little time is left,
// a slot that comes at once will do.
func (a *api) times(ctx context.Context, wait time.Duration) (latest, end time.Time) {
	now := a.Sender.Clock.Now()
	end = now.Add(wait + sendTime)
	if last, ok := ctx.Deadline(); ok && last.Add(-answerTime).Before(end) {
		end = last.Add(-answerTime)
	}
	latest = end.Add(-sendTime)
	if atOnce := now.Add(time.Second); latest.Before(atOnce) {
		latest = atOnce
	}
	return latest, end
}

// deliver sends the message: again, if it has to wait for a slot or has failed, for as long as the next try lies within the wait
// and the request has the time for it.
func (a *api) deliver(ctx context.Context, m message.Message, wait time.Duration) (delivery.Result, error) {
	clock := a.Sender.Clock
	latest, end := a.times(ctx, wait)
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	for {
		result, err := a.deliverOnce(ctx, m, latest)
		if err != nil || result.Done || result.Item.State == delivery.Sending || result.RetryAt.After(latest) {
			return result, err
		}
		if err := clock.Sleep(ctx, max(result.RetryAt.Sub(clock.Now()), time.Millisecond)); err != nil {
			return result, nil // the wait is over; what is known of the message stands
		}
		if !clock.Now().Before(latest) {
			return result, nil
		}
	}
}

// deliverOnce sends the message. A panic becomes an error: the queue has the message, and an answer that says otherwise would
// bring it again.
func (a *api) deliverOnce(ctx context.Context, m message.Message, latest time.Time) (result delivery.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while sending message %s: %T", m.ID, p)
			panics.Log(ctx, a.Log, p, slog.String("id", m.ID))
		}
	}()
	return a.Sender.DeliverBefore(ctx, m, latest)
}

// receipt answers after a message was to be sent at once. A 5xx is never among the answers: it would invite a second send.
func (a *api) receipt(ctx context.Context, m message.Message, done sent, prefer preference) (*sendOutput, *Problem) {
	if p := unsent(done.item); p != nil {
		return nil, p
	}
	status := http.StatusAccepted
	if done.item.State == delivery.Sent {
		status = http.StatusOK
	}
	return &sendOutput{Status: status, SentHeader: sentHeader(m.ID, prefer, done.replayed), Body: a.receiptOf(ctx, m, done.item)}, nil
}

// unsent says that a message came to rest without being sent.
func unsent(i delivery.Item) *Problem {
	switch i.State {
	case delivery.Rejected, delivery.Failed, delivery.Expired, delivery.Cancelled:
		p := notSent.problem(i.Reason)
		p.ID, p.State, p.dmlyID = i.ID, i.State, i.DMLYID
		if p.Detail == "" {
			p.Detail = "the message is " + string(i.State)
		}
		return p
	default:
		return nil
	}
}

func locationOf(id string) string { return "/v1/messages/" + url.PathEscape(id) }
