package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)

var errNoAnswer = errors.New("nobody answers")

// private is the recipient of each message, and no program may print it.
const private = "+15551234567"

// stopped is a clock that stands still.
type stopped struct{ delivery.SystemClock }

func (stopped) Now() time.Time { return noon }

// shelf is a queue that keeps what is put on it. meanwhile is called for each record that it takes.
type shelf struct {
	err       error
	meanwhile func(delivery.Record)
	records   []delivery.Record
}

func (s *shelf) Enqueue(_ context.Context, records ...delivery.Record) error {
	if s.err != nil {
		return s.err
	}
	s.records = append(s.records, records...)
	for _, r := range records {
		if s.meanwhile != nil {
			s.meanwhile(r)
		}
	}
	return nil
}

// breaking is a ledger that answers nothing any more where a test says so.
type breaking struct {
	ledger.Memory
	lists delivery.State
	gets  bool
	puts  bool
}

func (b *breaking) Get(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
	if b.gets {
		return delivery.Item{}, false, errNoAnswer
	}
	return b.Memory.Get(ctx, id, now)
}

func (b *breaking) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	if b.puts {
		return delivery.Item{}, false, errNoAnswer
	}
	return b.Memory.Put(ctx, item, over, now)
}

func (b *breaking) Problems(ctx context.Context, state delivery.State, n int, cursor string, now time.Time) ([]delivery.Item, string, error) {
	if b.lists == state {
		return nil, "", errNoAnswer
	}
	return b.Memory.Problems(ctx, state, n, cursor, now)
}

// office is a desk without a cloud.
type office struct {
	t            *testing.T
	ledger       *breaking
	normal, bulk *shelf
	desk         desk
}

func newOffice(t *testing.T, items ...delivery.Item) *office {
	t.Helper()
	o := &office{t: t, ledger: &breaking{}, normal: &shelf{}, bulk: &shelf{}}
	o.desk = desk{stack: "dmly-test", ledger: o.ledger, clock: stopped{}, queues: queue.Lanes{Normal: o.normal, Bulk: o.bulk}}
	for _, item := range items {
		o.put(item)
	}
	return o
}

// put writes the item over what stands, whatever that is.
func (o *office) put(item delivery.Item) {
	o.t.Helper()
	standing, _, err := o.ledger.Memory.Get(o.t.Context(), item.ID, noon)
	if err != nil {
		o.t.Fatal(err)
	}
	item.Revision = rand.Text()
	if _, ok, err := o.ledger.Memory.Put(o.t.Context(), item, standing.Revision, noon); !ok || err != nil {
		o.t.Fatalf("put %s: %v, %v", item.ID, ok, err)
	}
}

func (o *office) item(id string) delivery.Item {
	o.t.Helper()
	item, _, err := o.ledger.Memory.Get(o.t.Context(), id, noon)
	if err != nil {
		o.t.Fatal(err)
	}
	return item
}

// list returns what it printed.
func (o *office) list() (string, error) {
	o.t.Helper()
	var out bytes.Buffer
	err := o.desk.list(o.t.Context(), &out)
	return out.String(), err
}

// settle returns what it printed.
func (o *office) settle(what order) (string, error) {
	o.t.Helper()
	what.by = "ana"
	var out bytes.Buffer
	err := o.desk.settle(o.t.Context(), what, &out)
	return out.String(), err
}

// resting is a message that has come to stand in the state so many minutes after noon.
func resting(t *testing.T, id string, state delivery.State, minutes int, reason string) delivery.Item {
	t.Helper()
	content := []byte(`{"id": "` + id + `", "channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "` + private + `"}, "textMessage": "Hello"}`)
	m, err := message.Decode(content, message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	fingerprint, err := m.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Item{
		ID: id, State: state, Generation: 1, Attempts: 3, Reason: reason, Content: content, Fingerprint: fingerprint,
		History:  []delivery.Transition{{At: noon.Add(time.Duration(minutes) * time.Minute), State: state, Reason: reason, Attempt: 3}},
		ForgetAt: noon.Add(30 * 24 * time.Hour),
	}
}
