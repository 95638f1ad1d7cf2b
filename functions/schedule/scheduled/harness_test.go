package scheduled_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/schedule/scheduled"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/ledger"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/sqs"
)

// What no log line may ever contain; the harness looks for them after each test.
const (
	phone   = "+15557654321"
	text    = "Your parcel waits at the lake house."
	dmlyKey = "dmly-key-7f3a9c"
)

// occurrence is what the events say; its UTC form is what the ids end in.
const (
	occurrence = "2026-12-01T09:00:00+01:00"
	atUTC      = "@2026-12-01T08:00:00Z"
)

var errDown = errors.New("the service is down")

// rig is the schedule's function, two queues, and the real worker with a DMLY behind
// them.
type rig struct {
	t       *testing.T
	sim     *dmlytest.Server
	ledger  *ledger.Memory
	normal  *failingQueue
	bulk    *failingQueue
	logs    *logs
	handler *scheduled.Handler
	worker  *sqsworker.Handler
}

func newRig(t *testing.T) *rig {
	t.Helper()
	sim, baseURL := dmlytest.Start(t, dmlytest.Options{Key: dmlyKey})
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	pacer, err := pace.NewMemory(1_000_000, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, sim: sim, ledger: &ledger.Memory{}, normal: newQueue(), bulk: newQueue(), logs: &logs{}}
	log := slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	key := func(context.Context) (string, error) { return dmlyKey, nil }
	r.worker = &sqsworker.Handler{Log: log, Sender: &delivery.Sender{
		Ledger: r.ledger, Pacer: pacer, Poster: delivery.ClientPoster{Client: client},
		Keys:  apikey.NewCache(key, apikey.Options{}),
		Clock: delivery.SystemClock{}, NewToken: rand.Text, Log: log,
	}}
	r.handler = &scheduled.Handler{Queues: queue.Lanes{Normal: r.normal, Bulk: r.bulk}, Log: log}
	t.Cleanup(r.wantSilentLogs)
	return r
}

// schedule invokes the function.
func (r *rig) schedule(event string) scheduled.Response {
	r.t.Helper()
	response, err := r.handler.Handle(r.t.Context(), json.RawMessage(event))
	if err != nil {
		r.t.Fatalf("schedule: %v", err)
	}
	return response
}

// work has the worker empty both queues, as Lambda does.
func (r *rig) work() {
	r.t.Helper()
	for _, q := range []*failingQueue{r.normal, r.bulk} {
		for _, got := range q.records(r.t, time.Hour) {
			one := events.SQSMessage{
				MessageId: got.MessageID, Body: string(got.Body),
				MessageAttributes: map[string]events.SQSMessageAttribute{sqs.IDAttribute: {DataType: "String", StringValue: &got.ID}},
			}
			response, err := r.worker.Handle(r.t.Context(), events.SQSEvent{Records: []events.SQSMessage{one}})
			if err != nil || len(response.BatchItemFailures) > 0 {
				r.t.Errorf("the worker gave %s back: %v", got.ID, err)
				continue
			}
			q.Delete(got.MessageID)
		}
	}
}

// item is what the ledger holds; its State is empty if it holds nothing.
func (r *rig) item(id string) delivery.Item {
	r.t.Helper()
	item, _, err := r.ledger.Get(r.t.Context(), id, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return item
}

func (r *rig) wantState(id string, want delivery.State) {
	r.t.Helper()
	if got := r.item(id); got.State != want {
		r.t.Errorf("message %s: got %q (%s), want %q", id, got.State, got.Reason, want)
	}
}

// wantSent compares how many messages DMLY accepted.
func (r *rig) wantSent(want int) {
	r.t.Helper()
	if got := len(r.sim.Messages()); got != want {
		r.t.Errorf("messages that DMLY accepted: got %d, want %d", got, want)
	}
}

// wantQueued compares the ids on a queue.
func (r *rig) wantQueued(q *failingQueue, want ...string) {
	r.t.Helper()
	var got []string
	for _, one := range q.records(r.t, 0) {
		got = append(got, one.ID)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("queued: got %q, want %q", got, want)
	}
}

// wantSilentLogs looks for what does not belong into a log.
func (r *rig) wantSilentLogs() {
	got := r.logs.String()
	for _, secret := range []string{phone, strings.TrimPrefix(phone, "+"), text, "lake house", dmlyKey} {
		if strings.Contains(got, secret) {
			r.t.Errorf("the log contains %q:\n%s", secret, got)
		}
	}
}

// fields are a JSON object; nil drops one that is there by default.
type fields map[string]any

// msg is a valid WhatsApp text, but for what changes.
func msg(change fields) fields {
	all := fields{
		"channel": "whatsapp", "type": "text", "workspace": fields{"id": "W1"},
		"recipient": fields{"phoneNumber": phone}, "textMessage": text,
	}
	for name, value := range change {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

// input is what EventBridge Scheduler hands over.
func input(occurrence string, messages ...any) string {
	return encoded(fields{"occurrence": occurrence, "messages": append([]any{}, messages...)})
}

// classic is the event of a scheduled rule.
func classic(at string, messages ...any) string {
	return encoded(fields{
		"version": "0", "id": "cdc73f9d", "detail-type": "Scheduled Event", "source": "aws.events",
		"time": at, "detail": fields{"messages": append([]any{}, messages...)},
	})
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // the test wrote something that is not JSON
	}
	return string(text)
}

// failingQueue is a queue that can be out of reach.
type failingQueue struct {
	*queue.Memory
	mu  sync.Mutex
	err error
}

var _ delivery.Queue = (*failingQueue)(nil)

func newQueue() *failingQueue { return &failingQueue{Memory: queue.NewMemory(time.Now)} }

func (q *failingQueue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
}

func (q *failingQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	q.mu.Lock()
	err := q.err
	q.mu.Unlock()
	if err != nil {
		return err
	}
	return q.Memory.Enqueue(ctx, records...)
}

// records are all that is on the queue, hidden for the time given.
func (q *failingQueue) records(t *testing.T, visibility time.Duration) []queue.Received {
	t.Helper()
	if q.Len() == 0 {
		return nil
	}
	got, err := q.Receive(t.Context(), q.Len(), visibility)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// logs gathers what is logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
