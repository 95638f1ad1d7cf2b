package delivery_test

import (
	"context"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// recheck delivers the record of a message as one that has come before.
func (w *world) recheck(m message.Message) delivery.Result {
	w.t.Helper()
	body, err := m.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	result, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: body, Recheck: true}, "sqs-1", message.Defaults{})
	if err != nil {
		w.t.Fatalf("DeliverRecord: %v", err)
	}
	return result
}

// dead leaves the message claimed by a sender that ended there, its lease long over.
func (w *world) dead(m message.Message) {
	w.t.Helper()
	w.ledger.lose = failOnce(delivery.Sending)
	if _, err := w.try(m); err == nil {
		w.t.Fatal("the claim's answer was not lost")
	}
	w.clock.advance(time.Minute)
}

func TestARecheckWritesDownWhatItConcludes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		more    string
		prepare func(*world, message.Message)
		state   delivery.State
		done    bool
	}{
		"dead claim":                    {"", (*world).dead, delivery.Unknown, true},
		"dead claim that may be resent": {`,"ifUnknown":"resend"`, (*world).dead, delivery.Waiting, false},
		"expired while it waited": {`,"expiresAt":"2026-11-23T12:10:00Z"`, func(w *world, m message.Message) {
			w.answers(errNotSent)
			w.deliver(m)
			w.clock.advance(time.Hour)
		}, delivery.Expired, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := text(t, "a", "Hello", tc.more)
			tc.prepare(w, m)
			posts := len(w.posted())
			result := w.recheck(m)
			if got := w.item("a"); got.State != tc.state || result.Done != tc.done || len(w.posted()) != posts {
				t.Errorf("it stands as %s, done %v; want %s, %v", got.State, result.Done, tc.state, tc.done)
			}
		})
	}
}

func TestAFallbackThatExpiresBeforeItsTurnIsWrittenDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(context.Context, post) error {
		w.clock.advance(20 * time.Second)
		return errRejected
	}
	result := w.deliver(text(t, "a", "Hello", `,"expiresAt":"2026-11-23T12:00:10Z","fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`))
	if got := w.item("a"); got.State != delivery.Expired || !result.Done || len(w.posted()) != 1 {
		t.Errorf("it stands as %s after %d posts, done %v", got.State, len(w.posted()), result.Done)
	}
}

// The one who looks after a dead claim loses against its slow owner, who has just
// written that it is proven unsent: it goes on from there.
func TestARecheckGoesOnFromWhatTheSlowOwnerWrote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	w.dead(m)
	w.ledger.fail = func(item delivery.Item) error {
		if item.State == delivery.Unknown {
			w.ledger.fail = nil
			standing := w.item("a")
			moved := standing
			moved.State, moved.Revision, moved.NotBefore = delivery.Waiting, "of-the-owner", w.clock.Now()
			if _, ok, err := w.ledger.Memory.Put(t.Context(), moved, standing.Revision, w.clock.Now()); !ok || err != nil {
				t.Fatalf("the owner could not write: %v", err)
			}
		}
		return nil
	}
	if result := w.recheck(m); result.Item.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("in the end %s after %d posts", result.Item.State, len(w.posted()))
	}
}

// Whoever took the owner for dead has acknowledged the record: nothing would bring
// the message back from waiting.
func TestASlowOwnerLeavesAMessageAtRest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err   error
		state delivery.State
	}{
		"sent":         {nil, delivery.Sent},
		"rejected":     {errRejected, delivery.Rejected},
		"unknown":      {errUnknown, delivery.Unknown},
		"not sent":     {errNotSent, delivery.Failed},
		"rate limited": {errRateLimited, delivery.Failed},
		"key refused":  {errKeyRefused, delivery.Failed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := text(t, "a", "Hello", "")
			w.answer = func(context.Context, post) error {
				w.answer = nil
				w.clock.advance(time.Minute)
				if other := w.deliver(m); other.Item.State != delivery.Unknown || !other.Done {
					t.Errorf("the other one left it %s", other.Item.State)
				}
				return tc.err
			}
			result := w.deliver(m)
			got := w.item("a")
			if got.State != tc.state || !result.Done || (got.Content != nil) != tc.state.Problem() {
				t.Errorf("it stands as %s with %d bytes, done %v; want %s", got.State, len(got.Content), result.Done, tc.state)
			}
		})
	}
}

// Two records of one message may have other policies: what the owner would have resent has been given up as unknown.
func TestASlowOwnerThatDoesNotKnowLeavesItUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(context.Context, post) error {
		w.answer = nil
		w.clock.advance(time.Minute)
		w.deliver(text(t, "a", "Hello", "")) // to be held
		return errUnknown
	}
	w.deliver(text(t, "a", "Hello", `,"ifUnknown":"resend"`))
	if got := w.item("a"); got.State != delivery.Unknown {
		t.Errorf("it stands as %s: %s", got.State, got.Reason)
	}
}

func TestWhatASlowOwnerSentIsNotResent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
	w.answer = func(context.Context, post) error {
		w.answer = nil
		w.clock.advance(time.Minute)
		if other := w.deliver(m); other.Item.State != delivery.Waiting {
			t.Errorf("the other one left it %s", other.Item.State)
		}
		return nil
	}
	w.deliver(m)
	w.clock.advance(time.Hour)
	if result := w.deliver(m); result.Item.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("%s after %d posts", result.Item.State, len(w.posted()))
	}
}

// After an unknown post, whatever becomes of the second one, the first may have been
// sent.
func TestAMessageThatWasResentIsNeverSaidToBeUnsent(t *testing.T) {
	t.Parallel()
	fallback := `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`
	tests := map[string]struct {
		more   string
		second error
	}{
		"second is rejected":           {"", errRejected},
		"second is rejected, fallback": {fallback, errRejected},
		"second is never sent":         {"", errNotSent},
		"second is unknown":            {"", errUnknown},
		"it expires in between":        {`,"expiresAt":"2026-11-23T12:00:10Z"`, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers(errUnknown, tc.second)
			result := w.until(text(t, "a", "Hello", `,"ifUnknown":"resend"`+tc.more))
			if result.Item.State != delivery.Unknown || result.Item.Content == nil || result.Item.Step != 0 {
				t.Errorf("it rests as %s at step %d", result.Item.State, result.Item.Step)
			}
		})
	}
}

func TestAClaimForgetsWhatDMLYSaidOfAnEarlierStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rejected := *errRejected
	rejected.ID, rejected.Status = "dmly-0", "failed"
	w.answers(&rejected, errUnknown)
	result := w.deliver(text(t, "a", "Hello", `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`))
	if result.Item.State != delivery.Unknown || result.Item.DMLYID != "" || result.Item.DMLYStatus != "" {
		t.Errorf("item %+v", result.Item)
	}
}

func TestContentThatFailedMayBeSentAgainAfterAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errNotSent)
	hello := text(t, "a", "Hello", "")
	w.until(hello)
	w.answers(errRejected, nil)
	w.deliver(text(t, "a", "Goodbye", ""))
	if result := w.deliver(hello); result.Item.State != delivery.Sent || result.Item.Generation != 3 {
		t.Errorf("result %+v", result.Item)
	}
}

func TestARepeatedAcceptIsQueuedAgainUnlessItRests(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{err: errLedger}
	m := text(t, "a", "Hello", `,"expiresAt":"2026-11-23T12:10:00Z"`)
	if got := w.sender.Accept(t.Context(), m, q.lanes()); got.Err == nil {
		t.Fatal("it was accepted without a record")
	}
	q.err = nil
	w.clock.advance(time.Hour) // it has expired, and that is written nowhere yet
	if result := accept(t, w, q, m); result.Done || len(q.records) != 1 {
		t.Fatalf("result %+v, %d records", result, len(q.records))
	}
	if result := w.deliver(m); result.Item.State != delivery.Expired || !result.Done {
		t.Errorf("delivered: %+v", result)
	}
}

func TestAnAccountIsPausedEvenIfTheContextEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sender.Pacer = contextPacer{w.pacer}
	ctx, cancel := context.WithCancel(t.Context())
	w.answer = func(context.Context, post) error {
		cancel()
		return errRateLimited
	}
	if _, err := w.sender.Deliver(ctx, text(t, "a", "Hello", "")); err != nil {
		t.Fatal(err)
	}
	if got := w.pacer.until["default"]; !got.Equal(start.Add(40 * time.Second)) {
		t.Errorf("paused until %v", got)
	}
}

// contextPacer fails where its context has ended, as a real one does.
type contextPacer struct{ *pacer }

func (p contextPacer) Delay(ctx context.Context, account string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.pacer.Delay(ctx, account, until)
}

// A lease is compared with the clock on the wall: the other one stands still while
// the process is frozen.
func TestALeaseIsByTheWallClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.now = time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var lease time.Time
	w.ledger.fail = func(item delivery.Item) error {
		if item.State == delivery.Sending {
			lease = item.Lease
		}
		return nil
	}
	if _, err := w.sender.Deliver(ctx, text(t, "a", "Hello", "")); err != nil {
		t.Fatal(err)
	}
	if lease.IsZero() || lease != lease.Round(0) { // == sees a monotonic reading, which Round(0) takes away
		t.Errorf("lease %v", lease)
	}
}

// One sender is slow, a second one has claimed the message again and posts it just
// now: what the first one has to say changes nothing any more.
func TestAnOwnerWhoseTokenWasReplacedDoesNotTouchTheOthersClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
	firstPosts, secondPosts, firstEnded := make(chan struct{}), make(chan struct{}), make(chan struct{})
	calls := 0
	w.answer = func(context.Context, post) error {
		if calls++; calls == 1 {
			close(firstPosts)
			<-secondPosts
			return errRejected
		}
		close(secondPosts)
		<-firstEnded
		if got := w.item("a"); got.State != delivery.Sending {
			t.Errorf("while the second one posts, it stands as %s", got.State)
		}
		return nil
	}
	go func() {
		defer close(firstEnded)
		if _, err := w.try(m); err != nil {
			t.Errorf("the first: %v", err)
		}
	}()
	<-firstPosts
	w.clock.advance(time.Minute)
	if result := w.until(m); result.Item.State != delivery.Sent || result.Item.DMLYID != "dmly-2" {
		t.Errorf("in the end %+v", result.Item)
	}
}
