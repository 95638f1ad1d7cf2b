package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// askedPacer notes what is reserved, and gives what it is told to.
type askedPacer struct {
	delivery.Pacer
	mu    sync.Mutex
	asked []int
	give  func(n int) delivery.Reservation
}

func (p *askedPacer) Reserve(_ context.Context, _ delivery.Account, _ delivery.Lane, n int, _ time.Time) (delivery.Reservation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, n)
	return p.give(n), nil
}

// slots are n of them, from now on, so far apart.
func slots(n int, apart time.Duration) delivery.Reservation {
	var r delivery.Reservation
	for i := range n {
		r.Slots = append(r.Slots, time.Now().Add(time.Duration(i)*apart))
	}
	return r
}

// batch delivers records at the same time, in a bubble of synctest, within 30 seconds.
func (w *world) batch(records ...delivery.Record) []delivery.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	b := w.sender.Batch(len(records))
	results := make([]delivery.Result, len(records))
	var wg sync.WaitGroup
	for i, r := range records {
		wg.Go(func() {
			var err error
			if results[i], err = b.DeliverRecord(ctx, r, fmt.Sprint("sqs-", i), message.Defaults{}); err != nil {
				w.t.Errorf("record %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	return results
}

func record(t *testing.T, id string) delivery.Record {
	t.Helper()
	body, err := text(t, id, "Hello", "").Encode()
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Record{Body: body}
}

// newBubble is a world on the clock of a synctest bubble.
func newBubble(t *testing.T, give func(n int) delivery.Reservation) (*world, *askedPacer) {
	t.Helper()
	w := newWorld(t)
	w.clock.running = true
	p := &askedPacer{Pacer: w.pacer, give: give}
	w.sender.Pacer = p
	return w, p
}

func TestABatchReservesItsSlotsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newBubble(t, func(n int) delivery.Reservation { return slots(n, 600*time.Millisecond) })
		var records []delivery.Record
		for i := range 10 {
			records = append(records, record(t, fmt.Sprint("m", i)))
		}
		begun := time.Now()
		for i, result := range w.batch(records...) {
			if result.Item.State != delivery.Sent {
				t.Errorf("record %d is %s", i, result.Item.State)
			}
		}
		if !slices.Equal(p.asked, []int{10}) {
			t.Errorf("reserved %v, want 10 at once", p.asked)
		}
		if took := time.Since(begun); took != 9*600*time.Millisecond {
			t.Errorf("it took %v, want each message at its slot", took)
		}
		if w.ledger.puts != 20 || w.ledger.gets != 0 {
			t.Errorf("%d writes and %d reads, want 20 and none", w.ledger.puts, w.ledger.gets)
		}
	})
}

func TestOnlyTheSlotsThatAreNeededAreReserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newBubble(t, func(n int) delivery.Reservation { return slots(n, time.Second) })
		w.batch(record(t, "a"))
		again := record(t, "a")
		again.Recheck = true // it has come before
		w.batch(again, record(t, "b"), delivery.Record{Body: []byte("{")})
		if !slices.Equal(p.asked, []int{1, 1}) {
			t.Errorf("reserved %v, want 1 and 1", p.asked)
		}
	})
}

func TestASlotThatIsNotUsedPassesToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newBubble(t, func(n int) delivery.Reservation { return slots(min(n, 2), time.Second) })
		w.deliver(text(t, "a", "Hello", ""))
		p.asked = nil
		// Nobody knows that a is sent already; its slot goes to whoever has none.
		results := w.batch(record(t, "a"), record(t, "b"), record(t, "c"))
		if len(w.posted()) != 3 || len(p.asked) > 2 || slices.Max(p.asked) > 3 {
			t.Errorf("%d posts, reserved %v, results %+v", len(w.posted()), p.asked, results)
		}
		if sum := p.asked[0]; sum != 3 {
			t.Errorf("first reserved %d, want 3", sum)
		}
	})
}

func TestAPacerThatDoesNotAnswerLeavesEverythingUnclaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sender.Pacer = brokenPacer{}
	if _, err := w.try(text(t, "a", "Hello", "")); !errors.Is(err, errPacer) || w.ledger.puts != 0 {
		t.Errorf("err = %v after %d writes", err, w.ledger.puts)
	}
}

var errPacer = errors.New("the pace does not answer")

type brokenPacer struct{ delivery.Pacer }

func (brokenPacer) Reserve(context.Context, delivery.Account, delivery.Lane, int, time.Time) (delivery.Reservation, error) {
	return delivery.Reservation{}, errPacer
}

// panicPacer panics where it is asked for slots.
type panicPacer struct{ delivery.Pacer }

func (panicPacer) Reserve(context.Context, delivery.Account, delivery.Lane, int, time.Time) (delivery.Reservation, error) {
	panic("boom")
}

func TestAPanicInAReservationHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newBubble(t, nil)
		w.sender.Pacer = panicPacer{}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		b, begun := w.sender.Batch(3), time.Now()
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				defer func() { _ = recover() }() // as the worker does
				if _, err := b.DeliverRecord(ctx, record(t, fmt.Sprint("m", i)), strconv.Itoa(i), message.Defaults{}); err == nil {
					t.Error("a record was delivered without a slot")
				}
			})
		}
		wg.Wait()
		if took := time.Since(begun); took > 0 {
			t.Errorf("the batch took %v", took)
		}
	})
}

// A slot that was given back is worth nothing once the account has gone on without it.
func TestAnOldSlotIsNotUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newBubble(t, func(n int) delivery.Reservation { return slots(n, 0) })
		w.batch(record(t, "dup"))
		p.asked = nil
		calls := 0
		w.answer = func(context.Context, post) error {
			if calls++; calls == 1 {
				<-time.After(15 * time.Second)
				return errRejected
			}
			return nil
		}
		body, err := text(t, "a", "Hello", `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`).Encode()
		if err != nil {
			t.Fatal(err)
		}
		w.batch(delivery.Record{Body: body}, record(t, "dup"))
		if !slices.Equal(p.asked, []int{2, 1}) {
			t.Errorf("reserved %v, want 2, and 1 for the fallback: the slot of the duplicate was 15 s old", p.asked)
		}
	})
}

// A record that is refused may take its time to be written down.
func TestARefusedRecordHoldsUpNobody(t *testing.T) {
	t.Parallel()
	template := func(n int) []byte {
		return fmt.Appendf(nil, `{"channel":"whatsapp","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"template":"a","passthrough":{"x":%q}}`, strings.Repeat("x", n))
	}
	for name, body := range map[string][]byte{
		"malformed":           []byte("{"),
		"too large by its id": template(message.MaxBytes - len(template(0))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, _ := newBubble(t, func(n int) delivery.Reservation { return slots(n, 0) })
				w.ledger.fail = func(i delivery.Item) error {
					if i.State == delivery.Rejected {
						<-time.After(8 * time.Second)
					}
					return nil
				}
				begun := time.Now()
				w.answer = func(context.Context, post) error {
					if took := time.Since(begun); took > 0 {
						t.Errorf("posted after %v", took)
					}
					return nil
				}
				results := w.batch(record(t, "a"), delivery.Record{Body: body})
				if results[0].Item.State != delivery.Sent || results[1].Item.State != delivery.Rejected {
					t.Errorf("they are %s and %s, want sent and rejected", results[0].Item.State, results[1].Item.State)
				}
			})
		})
	}
}
