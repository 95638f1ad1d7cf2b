package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
	"dmlysender/shared/message"
)

var errLedger = errors.New("the ledger does not answer")

// failOnce fails for the first item in the state, however often its write is tried.
func failOnce(state delivery.State) func(delivery.Item) error {
	revision := ""
	return func(item delivery.Item) error {
		if item.State == state && (revision == "" || revision == item.Revision) {
			revision = item.Revision
			return errLedger
		}
		return nil
	}
}

// failFor fails so many times.
func failFor(times int) func(delivery.Item) error {
	return func(delivery.Item) error {
		if times--; times >= 0 {
			return errLedger
		}
		return nil
	}
}

func TestAnAnswerThatIsLostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.fail, w.ledger.lose = failFor(1), failFor(1)
	result := w.deliver(text(t, "a", "Hello", ""))
	if result.Item.State != delivery.Sent || len(w.posted()) != 1 || len(w.item("a").History) != 2 {
		t.Errorf("%s after %d posts, history %v", result.Item.State, len(w.posted()), w.item("a").History)
	}
}

func TestAMessageThatCouldNotBeClaimedIsNotPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.fail = failOnce(delivery.Sending)
	m := text(t, "a", "Hello", "")
	if _, err := w.try(m); !errors.Is(err, errLedger) || len(w.posted()) != 0 {
		t.Fatalf("err = %v, %d posts", err, len(w.posted()))
	}
	if result := w.until(m); result.Item.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("then %s after %d posts", result.Item.State, len(w.posted()))
	}
}

// The claim was written, and its answer got lost together with the process.
func TestAClaimThatNobodyFinishesBecomesUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.lose = failOnce(delivery.Sending)
	m := text(t, "a", "Hello", "")
	if _, err := w.try(m); !errors.Is(err, errLedger) {
		t.Fatal(err)
	}
	claimed := w.item("a")
	early := w.deliver(m)
	if early.Done || !early.RetryAt.Equal(claimed.Lease.Add(10*time.Second)) {
		t.Errorf("while the lease may be alive: %+v", early)
	}
	result := w.until(m)
	if result.Item.State != delivery.Unknown || result.Item.Owner != claimed.Owner || result.Item.Content == nil || len(w.posted()) != 0 {
		t.Errorf("after the lease: %+v, %d posts", result.Item, len(w.posted()))
	}
}

func TestAPostWhoseRecordIsLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.fail = failOnce(delivery.Sent)
	m := text(t, "a", "Hello", "")
	if _, err := w.try(m); !errors.Is(err, errLedger) {
		t.Fatal(err)
	}
	if result := w.until(m); result.Item.State != delivery.Unknown || len(w.posted()) != 1 {
		t.Errorf("%s after %d posts", result.Item.State, len(w.posted()))
	}
}

func TestARecordWhoseAnswerIsLostIsFoundAtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.lose = failOnce(delivery.Sent)
	m := text(t, "a", "Hello", "")
	if _, err := w.try(m); !errors.Is(err, errLedger) {
		t.Fatal(err)
	}
	if result := w.deliver(m); !result.Done || result.Item.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("%+v after %d posts", result, len(w.posted()))
	}
}

// While one sender is slow, its lease ends, and another one gets the record again.
func TestASlowOwnerStillRecordsThatItWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	w.answer = func(context.Context, post) error {
		w.answer = nil
		w.clock.advance(time.Minute)
		if other := w.deliver(m); other.Item.State != delivery.Unknown {
			t.Errorf("the other one left it %s", other.Item.State)
		}
		return nil
	}
	result := w.deliver(m)
	if got := w.item("a"); got.State != delivery.Sent || !result.Done || len(w.posted()) != 1 {
		t.Errorf("item %+v after %d posts", got, len(w.posted()))
	}
}

func TestAnOwnerThatWasReplacedChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
	w.answer = func(context.Context, post) error {
		w.answer = nil
		w.clock.advance(time.Minute)
		if other := w.until(m); other.Item.State != delivery.Sent { // resent, as its policy says
			t.Errorf("the other one left it %s", other.Item.State)
		}
		return errRejected
	}
	result := w.deliver(m)
	if got := w.item("a"); got.State != delivery.Sent || got.DMLYID != "dmly-2" || !result.Done {
		t.Errorf("item %+v, result %+v", got, result)
	}
}

// SIGTERM, or a caller that hangs up: what has begun is finished and recorded, and nothing more is begun.
func TestAPostThatHasBegunIsFinishedWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.answer = func(post context.Context, _ post) error {
		cancel()
		return post.Err() // the request goes on
	}
	m := text(t, "a", "Hello", `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`)
	result, err := w.sender.Deliver(ctx, m)
	if got := w.item("a"); err != nil || !result.Done || got.State != delivery.Sent {
		t.Errorf("result %+v, %v; it stands as %s", result, err, got.State)
	}
	w.answer = func(context.Context, post) error { return errRejected }
	late := text(t, "b", "Hello", "")
	if result, err := w.sender.Deliver(ctx, late); err != nil || result.Done || result.RetryAt.IsZero() || len(w.posted()) != 1 {
		t.Errorf("after the end: %+v, %v, %d posts", result, err, len(w.posted()))
	}
}

// Between two steps the context ends: the message waits for its fallback, and says so.
func TestAnEndBetweenTwoStepsLeavesTheMessageWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.answer = func(context.Context, post) error {
		cancel()
		return errRejected
	}
	m := text(t, "a", "Hello", `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`)
	result, err := w.sender.Deliver(ctx, m)
	if err != nil || result.Done || result.Item.State != delivery.Waiting || result.Item.Step != 1 || len(w.posted()) != 1 {
		t.Errorf("result %+v, %v, %d posts", result, err, len(w.posted()))
	}
	w.answers(nil)
	if again := w.until(m); again.Item.State != delivery.Sent || again.Item.Step != 1 || len(w.posted()) != 2 {
		t.Errorf("then %+v after %d posts", again.Item, len(w.posted()))
	}
}

// mortal are the ledger and the queues as one process sees them, which may end at each of its effects.
type mortal struct {
	*hostile.Process
	world  *world
	queues shelves
}

func (m mortal) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (standing delivery.Item, ok bool, err error) {
	err = m.Do("put", func() error {
		standing, ok, err = m.world.ledger.Put(ctx, item, over, now)
		return err
	})
	return standing, ok, err
}

func (m mortal) Get(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
	return m.world.ledger.Get(ctx, id, now)
}

// lane is the queue of a lane.
func (m mortal) lane(lane delivery.Lane) delivery.Queue {
	return mortalQueue{m.Process, m.queues[lane]}
}

type mortalQueue struct {
	*hostile.Process
	next delivery.Queue
}

func (q mortalQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	return q.Do("enqueue", func() error { return q.next.Enqueue(ctx, records...) })
}

// acceptUntilDone is a caller who repeats everything until it is told of each message that it is accepted, each time
// perhaps in another process.
func (w *world) acceptUntilDone(script *hostile.Script, queues shelves, messages []message.Message) {
	w.t.Helper()
	for range 10 {
		ctx, process := hostile.NewProcess(w.t.Context(), script, nil)
		life := mortal{process, w, queues}
		sender := *w.sender
		sender.Ledger = life
		done := false
		ended := !process.Run(func() {
			done = true
			for _, a := range sender.AcceptAll(ctx, messages, life.lane) {
				done = done && a.Err == nil && !a.Result.Conflict
			}
		})
		process.Stop()
		if done && !ended {
			return
		}
	}
	w.t.Error("it is never accepted")
}

// The process may end between the two writes, between them and the queues, and between the queues; each answer may be lost.
func TestWhateverEndsAnAcceptanceARepeatLosesNothingAndSendsOnce(t *testing.T) {
	t.Parallel()
	play := func(faults map[int]hostile.Fault) *hostile.Script {
		w, script := newWorld(t), hostile.NewScript(faults)
		queues := newShelves()
		messages := []message.Message{
			text(t, "a", "Hello", ""), text(t, "b", "Hello", `,"priority":"bulk"`), text(t, "a", "Hello", ""), text(t, "c", "Hello", ""),
		}
		w.acceptUntilDone(script, queues, messages)
		for _, q := range queues {
			for _, result := range w.come(q) {
				if !result.Done || result.Conflict {
					t.Errorf("%v: a record came to %+v", faults, result)
				}
			}
		}
		for _, id := range []string{"a", "b", "c"} {
			if got := w.item(id); got.State != delivery.Sent {
				t.Errorf("%v: %s stands as %s", faults, id, got.State)
			}
		}
		if n := len(w.posted()); n != 3 {
			t.Errorf("%v: %d posts, want 3", faults, n)
		}
		if script.Fired() != len(faults) {
			t.Errorf("%v: %d faults happened", faults, script.Fired())
		}
		return script
	}
	variants := []hostile.Fault{hostile.Refuse, hostile.LoseAnswer, hostile.EndBefore, hostile.EndAfter}
	plain := len(play(nil).Effects())
	if plain != 5 {
		t.Fatalf("it has %d effects, want 3 writes and 2 queues", plain)
	}
	for i := 1; i <= plain; i++ {
		for _, first := range variants {
			play(map[int]hostile.Fault{i: first})
			for j := i + 1; j <= plain+1; j++ { // a fault costs at least one effect more, whichever goroutine is first
				for _, second := range variants {
					play(map[int]hostile.Fault{i: first, j: second})
				}
			}
		}
	}
}
