package sqsworker_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue/sqs"
)

// What no log line may ever contain; the harness looks for them after each test.
const (
	phone   = "+15557654321"
	text    = "Your parcel waits at the lake house."
	dmlyKey = "dmly-key-7f3a9c"
)

var (
	start   = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	errDown = errors.New("the service is down")
)

// rig is a worker with everything behind it: the real ledger, pace, key cache and
// client, and a DMLY to send to.
type rig struct {
	t       *testing.T
	sim     *dmlytest.Server
	ledger  *failingLedger
	poster  *watchedPoster
	clock   *clock
	logs    *logs
	handler *sqsworker.Handler

	mu     sync.Mutex
	secret string
	keyErr error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	sim, baseURL := dmlytest.Start(t, dmlytest.Options{Key: dmlyKey})
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: start}
	r := &rig{
		t: t, sim: sim, clock: c, secret: dmlyKey, logs: &logs{},
		ledger: &failingLedger{},
		poster: &watchedPoster{next: delivery.ClientPoster{Client: client}},
	}
	log := slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.handler = &sqsworker.Handler{
		Log: log,
		Sender: &delivery.Sender{
			Ledger: r.ledger, Pacer: newPacer(t, 1_000_000, c), Poster: r.poster, Clock: c,
			Keys:     apikey.NewCache(r.key, apikey.Options{Now: c.Now}),
			NewToken: rand.Text, Log: log,
		},
	}
	t.Cleanup(r.wantSilentLogs)
	return r
}

func newPacer(t *testing.T, perMinute int, c *clock) delivery.Pacer {
	t.Helper()
	pacer, err := pace.NewMemory(perMinute, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return pacer
}

func (r *rig) key(context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.secret, r.keyErr
}

func (r *rig) setKey(secret string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret, r.keyErr = secret, err
}

// handle gives records to the worker and returns the message ids that came back.
func (r *rig) handle(records ...events.SQSMessage) []string {
	r.t.Helper()
	return r.handleIn(r.t.Context(), records...)
}

func (r *rig) handleIn(ctx context.Context, records ...events.SQSMessage) []string {
	r.t.Helper()
	response, err := r.handler.Handle(ctx, events.SQSEvent{Records: records})
	if err != nil {
		r.t.Errorf("handle %d records: %v", len(records), err)
	}
	back := []string{}
	for _, f := range response.BatchItemFailures {
		back = append(back, f.ItemIdentifier)
	}
	return back
}

// wantBack compares what came back.
func (r *rig) wantBack(got []string, want ...string) {
	r.t.Helper()
	if !slices.Equal(got, want) {
		r.t.Errorf("records that came back: got %q, want %q", got, want)
	}
}

// item is what the ledger holds; its State is empty if it holds nothing.
func (r *rig) item(id string) delivery.Item {
	r.t.Helper()
	item, _, err := r.ledger.Get(context.WithoutCancel(r.t.Context()), id, r.clock.Now())
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

func (r *rig) wantPosts(want int) {
	r.t.Helper()
	if got := r.poster.count(); got != want {
		r.t.Errorf("posts: got %d, want %d", got, want)
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

// fields are a message's JSON; nil drops one that is there by default.
type fields map[string]any

// body is a valid WhatsApp text, but for what changes.
func body(change fields) string {
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
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(err) // the test wrote something that is not JSON
	}
	return string(encoded)
}

// record is one of SQS; its messageId is "sqs-" and the name.
func record(name, body string) events.SQSMessage {
	return events.SQSMessage{MessageId: "sqs-" + name, Body: body, EventSource: "aws:sqs"}
}

// named is a record with the attribute that this system gives its own.
func named(r events.SQSMessage, id string) events.SQSMessage {
	r.MessageAttributes = map[string]events.SQSMessageAttribute{
		sqs.IDAttribute: {DataType: "String", StringValue: &id},
	}
	return r
}

// sameJSON compares what is meant, whatever the order and the white space.
func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatalf("compare JSON: %v", err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got %s, want %s", got, want)
	}
}
