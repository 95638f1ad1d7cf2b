package sqsworker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
)

func TestWorkerAlwaysAnswersWithAList(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]events.SQSMessage{
		"sent":     record("1", body(nil)),
		"rejected": record("1", "{"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			response, err := r.handler.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(response)
			if want := `{"batchItemFailures":[]}`; err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}

func TestWorkerReturnsOnlyUnsentRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(
		dmlytest.Fault{Match: "parcel 3", Status: 503, RetryAfter: "1"},
		dmlytest.Fault{Match: "parcel 6", Cut: dmlytest.CutAfter},
		dmlytest.Fault{Match: "parcel 8", Status: 400},
	)
	var batch []events.SQSMessage
	for i := range 10 {
		id := fmt.Sprintf("order-%d", i)
		batch = append(batch, record(id, body(fields{"id": id, "textMessage": fmt.Sprintf("%s parcel %d", text, i)})))
	}
	r.wantBack(r.handle(batch...), "sqs-order-3")
	r.WantSent(8) // all but 3 and 8; 6 was accepted, but nobody was told
	want := map[string]delivery.State{"order-3": delivery.Waiting, "order-6": delivery.Unknown, "order-8": delivery.Rejected}
	for i := range 10 {
		id := fmt.Sprintf("order-%d", i)
		state, ok := want[id]
		if !ok {
			state = delivery.Sent
		}
		r.WantState(id, state)
	}
	r.Clock.Advance(time.Minute)
	r.wantBack(r.handle(batch...)) // SQS may bring all of them again
	r.WantSent(9)
	r.WantState("order-3", delivery.Sent)
	r.WantPosts(11)
}

func TestWorkerAcknowledgesWhatIsAtRestAndReturnsWhatIsNot(t *testing.T) {
	t.Parallel()
	const back, done = true, false
	for name, tt := range map[string]struct {
		fault    dmlytest.Fault
		state    delivery.State
		accepted int
		back     bool
	}{
		"400":               {dmlytest.Fault{Status: 400, Error: phone + " is unavailable to " + dmlyKey}, delivery.Rejected, 0, done},
		"404":               {dmlytest.Fault{Status: 404}, delivery.Rejected, 0, done},
		"409":               {dmlytest.Fault{Status: 409}, delivery.Rejected, 0, done},
		"422":               {dmlytest.Fault{Status: 422}, delivery.Rejected, 0, done},
		"200 with an error": {dmlytest.Fault{Error: "channel disconnected"}, delivery.Rejected, 0, done},
		"200 with failed":   {dmlytest.Fault{MessageStatus: "FAILED", Accept: new(false)}, delivery.Rejected, 0, done},
		"401":               {dmlytest.Fault{Status: 401}, delivery.Waiting, 0, back},
		"403":               {dmlytest.Fault{Status: 403}, delivery.Waiting, 0, back},
		"429":               {dmlytest.Fault{Status: 429, RetryAfter: "5"}, delivery.Sent, 1, done}, // it waits inside the invocation
		"429 for long":      {dmlytest.Fault{Status: 429, RetryAfter: "500"}, delivery.Waiting, 0, back},
		"503 with a hint":   {dmlytest.Fault{Status: 503, RetryAfter: "5"}, delivery.Waiting, 0, back},
		"503 without":       {dmlytest.Fault{Status: 503}, delivery.Unknown, 0, done},
		"500":               {dmlytest.Fault{Status: 500, Accept: new(true)}, delivery.Unknown, 1, done},
		"408":               {dmlytest.Fault{Status: 408}, delivery.Unknown, 0, done},
		"redirect":          {dmlytest.Fault{Status: 307, Redirect: "http://127.0.0.1:9/"}, delivery.Unknown, 0, done},
		"cut after":         {dmlytest.Fault{Cut: dmlytest.CutAfter}, delivery.Unknown, 1, done},
		"cut in the answer": {dmlytest.Fault{Cut: dmlytest.CutAnswer}, delivery.Unknown, 1, done},
		"unreadable":        {dmlytest.Fault{Unreadable: true}, delivery.Unknown, 1, done},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.Sim.Inject(tt.fault)
			var want []string
			if tt.back {
				want = []string{"sqs-1"}
			}
			r.wantBack(r.handle(record("1", body(fields{"id": "order-1"}))), want...)
			r.WantState("order-1", tt.state)
			r.WantSent(tt.accepted)
			if reason := r.Item("order-1").Reason; strings.Contains(reason, dmlyKey) {
				t.Errorf("the ledger has the key: %s", reason)
			}
		})
	}
}

func TestWorkerSendsTheRecordsOfABatchAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const size = 10
	var batch []events.SQSMessage
	for i := range size {
		batch = append(batch, record(strconv.Itoa(i), body(nil)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	all := make(chan struct{})
	var begun atomic.Int32
	r.Poster.Before = func(dmly.Request) {
		if begun.Add(1) == size {
			close(all)
		}
		select {
		case <-all: // none goes on before the last has begun
		case <-ctx.Done():
			t.Error("a record waits for another to be sent")
		}
	}
	r.wantBack(r.handle(batch...))
	r.WantSent(size)
}

func TestWorkerNeverPostsAnUnknownMessageAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Cut: dmlytest.CutAfter})
	one := record("1", body(fields{"id": "order-1"}))
	for range 5 {
		r.wantBack(r.handle(one))
		r.Clock.Advance(24 * time.Hour)
	}
	r.WantPosts(1)
	r.WantSent(1)
	if got := string(r.Item("order-1").Content); !strings.Contains(got, text) {
		t.Errorf("the content is not kept: got %q", got)
	}
}

func TestWorkerHoldsARecordBackUntilItsTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := record("1", body(fields{"id": "order-1", "sendAt": start.Add(time.Hour).Format(time.RFC3339)}))
	r.wantBack(r.handle(one), "sqs-1")
	r.WantPosts(0)
	r.Clock.Advance(time.Hour)
	r.wantBack(r.handle(one))
	r.WantSent(1)
}

func TestWorkerAcknowledgesAnExpiredRecordUnsent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wantBack(r.handle(record("1", body(fields{"id": "order-1", "expiresAt": start.Format(time.RFC3339)}))))
	r.WantState("order-1", delivery.Expired)
	r.WantPosts(0)
}

func TestAPanicInAPostIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Poster.Before = func(req dmly.Request) {
		if one, ok := req.(dmly.WhatsAppText); ok && strings.HasSuffix(one.TextMessage, "boom") {
			panic(one.Recipient.PhoneNumber + one.TextMessage)
		}
	}
	r.wantBack(r.handle(
		record("1", body(fields{"id": "order-1"})),
		record("2", body(fields{"id": "order-2", "textMessage": text + " boom"})),
		record("3", body(fields{"id": "order-3"})),
	))
	r.WantSent(2)
	r.WantState("order-2", delivery.Unknown) // what had begun may have been sent
	if got := r.Logs.String(); !strings.Contains(got, `"msg":"panic","id":"order-2"`) || !strings.Contains(got, "handlertest.(*Poster).Post") {
		t.Errorf("the log does not say which post panicked, and where:\n%s", got)
	}
}

func TestWorkerGivesBackOnlyTheRecordThatPanics(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Ledger.After = func(item delivery.Item) {
		if item.ID == "order-2" && item.State == delivery.Sending {
			panic(phone)
		}
	}
	batch := []events.SQSMessage{record("1", body(fields{"id": "order-1"})), record("2", body(fields{"id": "order-2"})), record("3", body(fields{"id": "order-3"}))}
	r.wantBack(r.handle(batch...), "sqs-2")
	r.WantSent(2)
	if got := r.Logs.String(); !strings.Contains(got, `"messageId":"sqs-2"`) || !strings.Contains(got, "sqsworker.(*Handler).record") {
		t.Errorf("the log does not say which record panicked, and where:\n%s", got)
	}
	// What was claimed may have been sent: the claim is not taken over.
	r.WantState("order-2", delivery.Sending)
	r.Clock.Advance(time.Hour)
	r.Ledger.After = nil
	r.wantBack(r.handle(batch[1]))
	r.WantState("order-2", delivery.Unknown)
	r.WantSent(2)
}

func TestWorkerReturnsEverythingAndPostsNothingWithoutALedger(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Ledger.Fail(errDown)
	batch := []events.SQSMessage{record("1", body(fields{"id": "order-1"})), record("2", "not JSON "+phone), record("3", body(fields{"id": "order-3"}))}
	r.wantBack(r.handle(batch...), "sqs-1", "sqs-2", "sqs-3")
	r.WantPosts(0)
	if got := r.Logs.String(); !strings.Contains(got, errDown.Error()) {
		t.Errorf("the log does not say why:\n%s", got)
	}
	r.Ledger.Fail(nil)
	r.wantBack(r.handle(batch...))
	r.WantSent(2)
	r.WantState("sqs-2", delivery.Rejected)
}

func TestWorkerStartsNothingThatItCouldNotRecordInTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Minute))
	defer cancel()
	deadline, _ := ctx.Deadline()
	r.Clock.Advance(deadline.Add(-4 * time.Second).Sub(start)) // a post is given 2 s, and recording it 3 s
	r.wantBack(r.handleIn(ctx, record("1", body(fields{"id": "order-1"})), record("2", "{")), "sqs-1")
	r.WantPosts(0)
	r.WantState("order-1", "")
	r.WantState("sqs-2", delivery.Rejected)
}

func TestWorkerGivesAClaimBackAfterAFreeze(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Ledger.After = func(item delivery.Item) {
		if item.State == delivery.Sending {
			r.Clock.Advance(time.Minute) // the sandbox stood still between claim and post
		}
	}
	one := record("1", body(fields{"id": "order-1"}))
	r.wantBack(r.handle(one), "sqs-1")
	r.WantPosts(0)
	r.WantState("order-1", delivery.Waiting)
	if got := r.Item("order-1").Attempts; got != 0 {
		t.Errorf("attempts used up: got %d, want 0", got)
	}
	r.Ledger.After = nil
	r.Clock.Advance(time.Second)
	r.wantBack(r.handle(one))
	r.WantSent(1)
}

func TestWorkerReturnsWhatIsOverTheRate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Sender.Pacer = handlertest.NewPacer(t, 1, r.Clock) // one at once, the next a minute later, past the time-out
	r.wantBack(r.handle(record("1", body(fields{"id": "order-1"}))))
	r.wantBack(r.handle(record("2", body(fields{"id": "order-2"}))), "sqs-2")
	r.WantSent(1)
	r.WantState("order-2", "") // it has used up nothing
	r.Clock.Advance(2 * time.Minute)
	r.wantBack(r.handle(record("2", body(fields{"id": "order-2"}))))
	r.WantSent(2)
}

func TestWorkerStartsNothingWhenTheInvocationHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.wantBack(r.handleIn(ctx, record("1", body(nil)), record("2", "{")), "sqs-1")
	r.WantPosts(0)
	r.WantState("sqs-2", delivery.Rejected) // what needs no more than a write is done
}

func TestWorkerRefusesAnEventThatIsNotOfSQS(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":         `{}`,
		"no records":    `{"Records": []}`,
		"a schedule's":  `{"occurrence": "2026-12-01T08:00:00Z", "messages": []}`,
		"null":          `null`,
		"API Gateway's": `{"version": "2.0", "rawPath": "/v1/messages"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			var event events.SQSEvent
			if err := json.Unmarshal([]byte(text), &event); err != nil {
				t.Fatal(err)
			}
			_, err := r.handler.Handle(t.Context(), event)
			if err == nil || !strings.Contains(err.Error(), `"Records"`) {
				t.Errorf(`got %v, want an error that names "Records"`, err)
			}
		})
	}
}

func TestWorkerDeliversTenRecordsAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var posting, most atomic.Int64
	var once sync.Once
	ten := make(chan struct{})
	r.Poster.Before = func(dmly.Request) {
		n := posting.Add(1)
		if n == 10 {
			once.Do(func() { close(ten) })
		}
		if n > most.Load() {
			most.Store(n)
		}
		<-ten // nobody goes on before ten have begun
		posting.Add(-1)
	}
	var records []events.SQSMessage
	for i := range 25 {
		records = append(records, record(strconv.Itoa(i), body(fields{"id": "order-" + strconv.Itoa(i)})))
	}
	r.wantBack(r.handle(records...))
	r.WantSent(25)
	if n := most.Load(); n > 10 {
		t.Errorf("%d posts at the same time, want at most 10", n)
	}
}
