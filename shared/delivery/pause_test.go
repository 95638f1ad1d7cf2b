package delivery_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
)

func TestABatchWaitsForItsAccountAndALoneSendDoesNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var free time.Time
		w, _ := newBubble(t, func(n int) delivery.Reservation {
			if time.Now().Before(free) {
				return delivery.Reservation{RetryAt: free}
			}
			return slots(n, 0)
		})
		free = time.Now().Add(20 * time.Second)
		lone, err := w.sender.Deliver(t.Context(), text(t, "lone", "Hello", ""))
		if err != nil || lone.Done || !lone.RetryAt.Equal(free) || time.Now().After(free) {
			t.Errorf("alone: %+v, %v", lone, err)
		}
		if got := w.batch(record(t, "a"))[0]; got.Item.State != delivery.Sent || !time.Now().Equal(free) {
			t.Errorf("in a batch it was %s at %v", got.Item.State, time.Now())
		}
		free = time.Now().Add(time.Hour)
		begun := time.Now()
		got := w.batch(record(t, "b"), record(t, "c"))
		for _, one := range got {
			if one.Done || !one.RetryAt.Equal(free) {
				t.Errorf("on hold for an hour: %+v", one)
			}
		}
		// 30 seconds, less what a post and its record would take
		if took := time.Since(begun); took != 22*time.Second {
			t.Errorf("it gave up after %v, want 22s: another batch would only meet the same pause", took)
		}
	})
}

func TestARotatedKeyGoesAtOnceWhereTheRefusedOneWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newBubble(t, nil)
		w.sender.Pacer = w.pacer
		w.answer = func(_ context.Context, p post) error {
			if p.key == "key-1" {
				return errKeyRefused
			}
			return nil
		}
		time.AfterFunc(15*time.Second, func() { w.rotate("key-2") })
		begun := time.Now()
		got := w.batch(record(t, "a"), record(t, "b"))
		for _, one := range got {
			if one.Item.State != delivery.Sent || one.Item.Attempts != 1 {
				t.Errorf("it is %s after %d attempts", one.Item.State, one.Item.Attempts)
			}
		}
		if took := time.Since(begun); took > 25*time.Second {
			t.Errorf("the new key was used after %v, want within 10s of its coming", took)
		}
	})
}

// While slots are being reserved, DMLY says that the account has to wait.
func TestSlotsReservedBeforeA429AreNotUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newBubble(t, nil)
		p := &heldPacer{}
		w.sender.Pacer = p
		w.answer = func(context.Context, post) error {
			if p.held().IsZero() {
				<-time.After(50 * time.Millisecond) // the other slots are being reserved
				return &dmly.NotSentError{Failure: dmly.Failure{StatusCode: 429, RetryAfter: 10 * time.Second}, RateLimited: true}
			}
			if now := time.Now(); now.Before(p.held()) {
				t.Errorf("a post %v before the account may go on", p.held().Sub(now))
			}
			return nil
		}
		var records []delivery.Record
		for i := range 10 {
			records = append(records, record(t, fmt.Sprint("m", i)))
		}
		for i, result := range w.batch(records...) {
			if result.Item.State != delivery.Sent {
				t.Errorf("record %d is %s", i, result.Item.State)
			}
		}
	})
}

// heldPacer gives one slot at first, and takes 100 ms for all others, so that the 429 comes meanwhile.
type heldPacer struct {
	mu    sync.Mutex
	calls int
	until time.Time
}

func (p *heldPacer) held() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until
}

func (p *heldPacer) Reserve(_ context.Context, _ delivery.Account, _ delivery.Lane, n int, _ time.Time) (delivery.Reservation, error) {
	p.mu.Lock()
	p.calls++
	first, until := p.calls == 1, p.until
	p.mu.Unlock()
	if time.Now().Before(until) {
		return delivery.Reservation{RetryAt: until}, nil
	}
	if first {
		return slots(1, 0), nil
	}
	r := slots(n, 0)
	<-time.After(100 * time.Millisecond)
	return r, nil
}

func (p *heldPacer) Delay(_ context.Context, _ string, until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = until
	return nil
}

func (p *heldPacer) Refuse(context.Context, delivery.Account) (time.Time, error) {
	return time.Time{}, errPacer
}

// The free accounts must not wait for one that is paused.
func TestABatchOfSeveralAccountsIsAnsweredSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := newBubble(t, nil)
		w.secret = `{"default":"key-1","workspaces":{"W2":"key-2"}}`
		w.sender.Pacer = w.pacer
		w.pacer.until["default"] = time.Now().Add(15 * time.Minute)
		other := delivery.Record{Body: []byte(`{"id":"b","channel":"whatsapp","type":"text","workspace":{"id":"W2"},"recipient":{"phoneNumber":"+15551234567"},"textMessage":"x"}`)}
		begun := time.Now()
		results := w.batch(record(t, "a"), other)
		if results[0].Done || results[1].Item.State != delivery.Sent || time.Since(begun) != 2*time.Second {
			t.Errorf("after %v: %+v", time.Since(begun), results)
		}
	})
}

// The secret gives the workspace a key of its own while its record waits for a slot of the common account.
func TestASlotOfOneAccountIsNotUsedForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newBubble(t, nil)
		p.give = func(int) delivery.Reservation {
			return delivery.Reservation{Slots: []time.Time{time.Now().Add(8 * time.Second)}}
		}
		w.sender.Keys = apikey.NewCache(w.fetch, apikey.Options{TTL: 2 * time.Second})
		time.AfterFunc(time.Second, func() { w.rotate(`{"default":"key-1","workspaces":{"W1":"key-2"}}`) })
		w.batch(record(t, "a"))
		if len(p.asked) != 2 || len(w.posted()) != 1 || w.posted()[0].key != "key-2" {
			t.Errorf("reserved %v, posted %v", p.asked, w.posted())
		}
	})
}

// A 429 that comes while an earlier one is waited out does not spoil the slots that come after it.
func TestSlotsReservedAfterA429AreUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := newBubble(t, nil)
		begun := time.Now()
		free := begun.Add(10 * time.Second)
		p.give = func(n int) delivery.Reservation {
			switch now := time.Now(); {
			case len(p.asked) == 1:
				return slots(3, 0) // of ten
			case now.Before(free):
				return delivery.Reservation{RetryAt: free}
			default:
				return slots(n, 0)
			}
		}
		calls := 0
		w.answer = func(context.Context, post) error {
			w.mu.Lock()
			calls++
			n := calls
			w.mu.Unlock()
			if n > 3 {
				return nil
			}
			<-time.After(time.Duration(n) * 50 * time.Millisecond)
			return &dmly.NotSentError{Failure: dmly.Failure{StatusCode: 429, RetryAfter: 9 * time.Second}, RateLimited: true}
		}
		var records []delivery.Record
		for i := range 10 {
			records = append(records, record(t, fmt.Sprint("m", i)))
		}
		w.batch(records...)
		if len(w.posted()) != 13 || len(p.asked) > 5 {
			t.Errorf("%d posts; reserved %v", len(w.posted()), p.asked)
		}
	})
}
