package delivery_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// shelf is a queue that keeps what it gets.
type shelf struct {
	records []delivery.Record
	calls   int
	err     error
}

func (s *shelf) Enqueue(_ context.Context, records ...delivery.Record) error {
	s.calls++
	if s.err != nil {
		return s.err
	}
	s.records = append(s.records, records...)
	return nil
}

// lanes has the shelf as the queue of both lanes.
func (s *shelf) lanes() func(delivery.Lane) delivery.Queue {
	return func(delivery.Lane) delivery.Queue { return s }
}

func accept(t *testing.T, w *world, q *shelf, m message.Message) delivery.Result {
	t.Helper()
	got := w.sender.Accept(t.Context(), m, q.lanes())
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	return got.Result
}

func TestAcceptedMessagesAreQueuedAndThenSent(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	if result := accept(t, w, q, text(t, "a", "Hello", "")); result.Item.State != delivery.Accepted || result.Done {
		t.Errorf("result %+v", result)
	}
	if len(q.records) != 1 || q.records[0].ID != "a" || q.records[0].Group != "W1" {
		t.Fatalf("queued %+v", q.records)
	}
	result, err := w.sender.DeliverRecord(w.invocation(), q.records[0], "sqs-1", message.Defaults{})
	if err != nil || result.Item.State != delivery.Sent {
		t.Errorf("delivered: %+v, %v", result, err)
	}
}

func TestAcceptingAgainIsHarmless(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{err: errors.New("the queue does not answer")}
	m := text(t, "a", "Hello", "")
	if got := w.sender.Accept(t.Context(), m, q.lanes()); got.Err == nil {
		t.Fatal("it was accepted without a record behind it")
	}
	q.err = nil
	accept(t, w, q, m)
	if len(q.records) != 1 {
		t.Errorf("%d records after the repeat, want 1", len(q.records))
	}
	w.deliver(m)
	if result := accept(t, w, q, m); !result.Done || result.Item.State != delivery.Sent || len(q.records) != 1 {
		t.Errorf("after it was sent: %+v, %d records", result, len(q.records))
	}
	if result := accept(t, w, q, text(t, "a", "Goodbye", "")); !result.Conflict || len(q.records) != 1 {
		t.Errorf("other content: %+v, %d records", result, len(q.records))
	}
}

func TestACorrectionIsAccepted(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	w.answers(errRejected, nil)
	w.deliver(text(t, "a", "Helo", ""))
	if result := accept(t, w, q, text(t, "a", "Hello", "")); result.Conflict || result.Item.State != delivery.Accepted || len(q.records) != 1 {
		t.Errorf("result %+v, %d records", result, len(q.records))
	}
	if i := w.item("a"); i.State != delivery.Accepted || i.Generation != 2 || q.records[0].Generation != 2 {
		t.Errorf("it does not stand as accepted: %+v", i)
	}
	// It can be taken back, and what was refused stays so.
	if i, err := w.sender.Cancel(t.Context(), "a", "Ada"); err != nil || i.Generation != 2 {
		t.Fatal(i, err)
	}
	w.answers(nil)
	for _, words := range []string{"Hello", "Helo"} {
		w.deliver(text(t, "a", words, ""))
	}
	if i := w.item("a"); i.State != delivery.Cancelled || i.Generation != 2 {
		t.Errorf("it was cancelled: %+v", i)
	}
}

func TestRecordsThatCannotBeDecodedAreKeptAsRejected(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, recordID, want string }{
		"not JSON":              {`{"id":`, "", "sqs-1"},
		"its own id":            {`{"id":"a","channel":"fax"}`, "", "a"},
		"the record's id":       {`{"id":"a","channel":"fax"}`, "a@2026", "a@2026"},
		"an id that is no id":   {`{"id":"a b","channel":"fax"}`, "", "sqs-1"},
		"not even valid UTF-8":  {"\xff\xfe", "", "sqs-1"},
		"the id of another one": {`{"id":"taken","channel":"fax"}`, "", "conflict:taken:01893fba"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deliver(text(t, "taken", "Hello", ""))
			for range 2 { // the second time it is recognized
				result, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: []byte(tc.body), ID: tc.recordID}, "sqs-1", message.Defaults{})
				if err != nil || !result.Done || result.Item.ID != tc.want || result.Conflict != (name == "the id of another one") {
					t.Fatalf("result %+v, %v, want id %s", result, err, tc.want)
				}
			}
			if got := w.item(tc.want); got.State != delivery.Rejected || string(got.Content) != tc.body || got.Reason == "" || len(got.History) != 1 {
				t.Errorf("item %+v", got)
			}
			if got := w.item("taken"); got.State != delivery.Sent {
				t.Errorf("the other message stands as %s", got.State)
			}
		})
	}
}

func TestAMendedMessageIsSentUnderTheSameID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: []byte(`{"id":"a","channel":"fax"}`)}, "sqs-1", message.Defaults{}); err != nil {
		t.Fatal(err)
	}
	if result := w.deliver(text(t, "a", "Hello", "")); result.Item.State != delivery.Sent || result.Item.Generation != 2 {
		t.Errorf("result %+v", result.Item)
	}
}

func TestRecordsWithoutAnIDTakeTheQueues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := []byte(`{"channel":"telegram","type":"template","contact":{"id":"C"},"textMessage":"x"}`)
	result, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: body}, "sqs-1", message.Defaults{Workspace: "W1"})
	if err != nil || result.Item.ID != "sqs-1" || result.Item.State != delivery.Sent {
		t.Errorf("result %+v, %v", result, err)
	}
}

func TestWhatIsFarTooLargeIsRecordedCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := strings.Repeat("é", 1<<19)
	if _, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: []byte(body)}, "large", message.Defaults{}); err != nil {
		t.Fatal(err)
	}
	fields := `{"` + strings.Repeat(`":1,"x`, 1) + strings.Repeat("é", 30000) + `":1}`
	if _, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: []byte(fields)}, "wordy", message.Defaults{}); err != nil {
		t.Fatal(err)
	}
	if got := w.item("large"); len(got.Content) != 256<<10 {
		t.Errorf("%d bytes of content are kept", len(got.Content))
	}
	if got := w.item("wordy"); len(got.Reason) > 2100 || len(got.History[0].Reason) > 210 || !utf8.ValidString(got.Reason) {
		t.Errorf("a reason of %d and %d bytes is kept", len(got.Reason), len(got.History[0].Reason))
	}
}

func TestAMessageThatItsIDMakesTooLargeIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"channel":"telegram","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"textMessage":"x","passthrough":{"p":"` // without an id
	body += strings.Repeat("x", message.MaxBytes-len(body)-len(`"}}`)) + `"}}`
	result, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: []byte(body)}, "sqs-1", message.Defaults{})
	if err != nil || !result.Done || result.Item.ID != "sqs-1" || result.Item.State != delivery.Rejected || len(w.posted()) != 0 || result.Item.Workspace != "W1" {
		t.Errorf("%s, done %v, of workspace %q, %v", result.Item.State, result.Done, result.Item.Workspace, err)
	}
}

func TestARecheckOfWhatRestsSpendsNeitherWriteNorSlot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	body, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.deliver(m)
	w.ledger.puts = 0
	w.sender.Pacer = nil // asking it would panic
	result, err := w.sender.DeliverRecord(w.invocation(), delivery.Record{Body: body, Recheck: true}, "sqs-1", message.Defaults{})
	if err != nil || !result.Done || w.ledger.puts != 0 || w.ledger.gets != 1 {
		t.Errorf("result %+v, %v, after %d writes and %d reads", result, err, w.ledger.puts, w.ledger.gets)
	}
}

func TestARecordOfContentThatWasCorrectedSinceIsAcknowledgedSilently(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errRejected, nil)
	old := text(t, "a", "Helo", "")
	w.deliver(old)
	w.deliver(text(t, "a", "Hello", ""))
	w.ledger.puts = 0
	if result := w.deliver(old); !result.Done || result.Item.ID != "a" || result.Item.State != delivery.Sent {
		t.Errorf("result %+v", result)
	}
	if w.ledger.puts != 1 { // the claim that was lost
		t.Errorf("%d writes", w.ledger.puts)
	}
}

func TestLookChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hello, goodbye := text(t, "a", "Hello", ""), text(t, "a", "Goodbye", "")
	look := func(m message.Message) delivery.Result {
		result, err := w.sender.Look(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if got := look(hello); got.Item.State != "" || got.Done || got.Conflict {
		t.Errorf("before: %+v", got)
	}
	w.deliver(hello)
	if got := look(hello); got.Item.State != delivery.Sent || !got.Done || got.Conflict {
		t.Errorf("after: %+v", got)
	}
	if got := look(goodbye); !got.Conflict || got.Done {
		t.Errorf("other content: %+v", got)
	}
	if w.ledger.puts != 2 {
		t.Errorf("%d writes, want those of the delivery", w.ledger.puts)
	}
}

// A caller who is limited to some workspaces must see theirs, and of what has none, nothing.
func TestAnItemSaysWhichWorkspaceItIsOf(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	w.answers(errRejected, nil)
	w.deliver(text(t, "claimed", "Helo", ""))
	w.deliver(text(t, "claimed", "Hello", ""))
	w.deliver(text(t, "claimed", "Goodbye", ""))
	accept(t, w, q, text(t, "accepted", "Hello", ""))
	w.deliver(text(t, "ahead", "Hello", `,"sendAt":"2028-11-23T12:00:00Z"`))

	malformed := delivery.Record{Body: []byte(`{"id":"mended","workspace":{"id":"W1"},"channel":"fax"}`)}
	if _, err := w.sender.DeliverRecord(w.invocation(), malformed, "sqs-1", message.Defaults{}); err != nil {
		t.Fatal(err)
	}
	if got := w.item("mended").Workspace; got != "" {
		t.Errorf("what cannot be decoded is of workspace %q", got)
	}
	w.deliver(text(t, "mended", "Hello", ""))

	w.answers(errUnknown)
	w.deliver(text(t, "settled", "Hello", ""))
	if _, err := w.settle("settled", 1, delivery.SettleResend, q); err != nil {
		t.Fatal(err)
	}
	problems, _, err := w.ledger.Problems(t.Context(), delivery.Rejected, 10, "", w.clock.Now())
	if err != nil || len(problems) != 2 { // one is that of the conflict
		t.Fatalf("%d are rejected, %v", len(problems), err)
	}
	for _, id := range []string{"claimed", "accepted", "mended", "settled", problems[0].ID, problems[1].ID} {
		if got := w.item(id); got.Workspace != "W1" {
			t.Errorf("%s, which is %s, is of workspace %q", id, got.State, got.Workspace)
		}
	}
}
