package sqsworker_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/message"
	"dmlysender/shared/queue/sqs"
)

func TestWorkerNamesEachMessage(t *testing.T) {
	t.Parallel()
	plain, own := record("1", body(nil)), record("1", body(fields{"id": "order-1"}))
	binary := named(own, "order-2")
	binary.MessageAttributes[sqs.IDAttribute] = events.SQSMessageAttribute{DataType: "Binary", BinaryValue: []byte("order-2")}
	for name, tt := range map[string]struct {
		record events.SQSMessage
		want   string
		state  delivery.State
	}{
		"by the body":                        {own, "order-1", delivery.Sent},
		"by the attribute":                   {named(plain, "order-2"), "order-2", delivery.Sent},
		"by the attribute before the body":   {named(own, "order-2"), "order-2", delivery.Sent},
		"by the messageId":                   {plain, "sqs-1", delivery.Sent},
		"without an empty attribute":         {named(own, ""), "order-1", delivery.Sent},
		"without a binary attribute":         {binary, "order-1", delivery.Sent},
		"without an attribute that is no id": {named(own, "two words"), "order-1", delivery.Sent},
		"without one that is too long":       {named(plain, strings.Repeat("x", 3000)), "sqs-1", delivery.Sent},
		"malformed, by the body":             {record("1", body(fields{"id": "order-1", "colour": "red"})), "order-1", delivery.Rejected},
		"malformed, by the attribute":        {named(record("1", "{"), "order-2"), "order-2", delivery.Rejected},
		"malformed, attribute before body":   {named(record("1", body(fields{"id": "order-1", "colour": "red"})), "order-2"), "order-2", delivery.Rejected},
		"malformed, by the messageId":        {record("1", "{"), "sqs-1", delivery.Rejected},
		"malformed id, by the messageId":     {record("1", body(fields{"id": "two words"})), "sqs-1", delivery.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.wantBack(r.handle(tt.record))
			r.WantState(tt.want, tt.state)
		})
	}
}

func TestWorkerUsesTheStacksWorkspaceWhereAMessageNamesNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := record("1", body(fields{"id": "order-1", "workspace": nil}))
	r.wantBack(r.handle(one))
	r.WantState("order-1", delivery.Rejected)

	r.handler.Defaults = message.Defaults{Workspace: "W9"}
	r.wantBack(r.handle(record("2", body(fields{"id": "order-2", "workspace": nil}))))
	r.WantState("order-2", delivery.Sent)
	sent := r.Sim.Messages()
	if len(sent) != 1 || !strings.Contains(string(sent[0].Body), `"workspace":{"id":"W9"}`) {
		t.Errorf("got %+v, want one message from W9", sent)
	}
}

func TestWorkerSendsARedeliveredRecordOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := record("1", body(fields{"id": "order-1"}))
	for range 3 {
		r.wantBack(r.handle(one))
		r.Clock.Advance(time.Hour)
	}
	r.wantBack(r.handle(record("2", one.Body))) // the producer sent it twice
	r.WantPosts(1)
	if got := len(r.Item("order-1").History); got != 2 {
		t.Errorf("history: got %d transitions, want 2: sending and sent", got)
	}
}

func TestWorkerSendsARedeliveredRecordWithoutAnIDOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := record("1", body(nil))
	r.wantBack(r.handle(one))
	r.wantBack(r.handle(one))
	r.WantPosts(1)
}

func TestWorkerSendsARecordOnceThatComesTwiceAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const copies = 8
	one := record("1", body(fields{"id": "order-1"}))
	var wg sync.WaitGroup
	for range copies {
		wg.Go(func() { r.handle(one, one) })
	}
	wg.Wait()
	r.WantPosts(1)
	r.WantSent(1)
	r.wantBack(r.handle(one))
	r.WantState("order-1", delivery.Sent)
}

func TestWorkerReturnsTheSecondCopyForAsLongAsTheFirstIsUnderWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := record("1", body(fields{"id": "order-1"}))
	posting, answer := make(chan struct{}), make(chan struct{})
	r.Poster.Before = func(dmly.Request) { close(posting); <-answer }
	var first []string
	var wg sync.WaitGroup
	wg.Go(func() { first = r.handle(one) })
	<-posting
	r.wantBack(r.handle(one), "sqs-1")
	close(answer)
	wg.Wait()
	r.wantBack(first)
	r.wantBack(r.handle(one))
	r.WantPosts(1)
}

func TestWorkerRecordsOtherContentUnderATakenIDAsAConflict(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := record("1", body(fields{"id": "order-1"}))
	other := record("2", body(fields{"id": "order-1", "textMessage": "Something else."}))
	r.wantBack(r.handle(first))
	for range 2 {
		r.wantBack(r.handle(other)) // it is not retried
	}
	r.WantSent(1)
	r.WantState("order-1", delivery.Sent)

	m, err := message.Decode([]byte(other.Body), message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	fingerprint, err := m.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	id := "conflict:order-1:" + fingerprint[len(fingerprint)-8:]
	r.WantState(id, delivery.Rejected)
	if got := r.Item(id); !strings.Contains(string(got.Content), "Something else.") || !strings.Contains(got.Reason, "another message with this id") {
		t.Errorf("got content %q and reason %q, want the refused message and why", got.Content, got.Reason)
	}
}

func TestWorkerTakesOtherContentUnderARejectedIDAsItsCorrection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 400, Error: "channel disconnected"})
	wrong := record("1", body(fields{"id": "order-1"}))
	r.wantBack(r.handle(wrong))
	r.WantState("order-1", delivery.Rejected)
	r.wantBack(r.handle(record("2", body(fields{"id": "order-1", "textMessage": "Corrected."}))))
	r.WantState("order-1", delivery.Sent)
	if got := r.Item("order-1").Generation; got != 2 {
		t.Errorf("generation: got %d, want 2", got)
	}
	r.wantBack(r.handle(wrong)) // what was once refused stays refused
	r.WantSent(1)
}

func TestWorkerLooksUpWhatHasComeBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := record("1", body(fields{"id": "order-1"}))
	r.wantBack(r.handle(one))
	writes := r.Ledger.Puts()
	one.Attributes = map[string]string{"ApproximateReceiveCount": "2"}
	r.wantBack(r.handle(one))
	r.WantSent(1)
	if got := r.Ledger.Puts(); got != writes {
		t.Errorf("ledger writes for a record that had come before: got %d, want none", got-writes)
	}
}
