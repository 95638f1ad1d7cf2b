package httpapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/api/httpapi"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue"
)

// What no log line may ever contain; the harness looks for them after each test. The
// keys may not be in an answer either.
const (
	phone     = "+15557654321"
	text      = "Your parcel waits at the lake house."
	dmlyKey   = "dmly-key-7f3a9c"
	callerKey = "caller-key-52aa10"
)

var errDown = errors.New("the service is down")

// rig is the HTTP API, two queues, and the real worker with a DMLY behind them.
type rig struct {
	t       *testing.T
	sim     *dmlytest.Server
	ledger  *watchedLedger
	poster  *watchedPoster
	normal  *watchedQueue
	bulk    *watchedQueue
	callers *callerSecret
	logs    *logs
	handler *httpapi.Handler
	worker  *sqsworker.Handler
	clock   *clock
}

func newRig(t *testing.T) *rig {
	t.Helper()
	sim, baseURL := dmlytest.Start(t, dmlytest.Options{Key: dmlyKey})
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	r := newRigWith(t, delivery.ClientPoster{Client: client})
	r.sim = sim
	return r
}

// newRigWith has no simulator.
func newRigWith(t *testing.T, poster delivery.Poster) *rig {
	t.Helper()
	c := &clock{}
	r := &rig{
		t: t, clock: c, ledger: &watchedLedger{}, poster: &watchedPoster{next: poster},
		normal: &watchedQueue{Memory: queue.NewMemory(c.Now)}, bulk: &watchedQueue{Memory: queue.NewMemory(c.Now)},
		callers: &callerSecret{secret: `{"first": "` + callerKey + `"}`}, logs: &logs{},
	}
	log := slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	sender := &delivery.Sender{
		Ledger: r.ledger, Pacer: newPacer(t, 1_000_000, time.Now), Poster: r.poster,
		Keys:  apikey.NewCache(func(context.Context) (string, error) { return dmlyKey, nil }, apikey.Options{}),
		Clock: delivery.SystemClock{}, NewToken: rand.Text, Log: log,
	}
	workers := *sender
	workers.Clock, workers.Pacer = c, newPacer(t, 1_000_000, c.Now)
	r.worker = &sqsworker.Handler{Sender: &workers, Log: log}
	r.handler = &httpapi.Handler{
		Sender: sender, Queues: queue.Lanes{Normal: r.normal, Bulk: r.bulk},
		Callers: httpapi.NewCallers(r.callers.fetch), Log: log,
	}
	t.Cleanup(r.wantSilentLogs)
	return r
}

func newPacer(t *testing.T, perMinute int, now func() time.Time) delivery.Pacer {
	t.Helper()
	pacer, err := pace.NewMemory(perMinute, now)
	if err != nil {
		t.Fatal(err)
	}
	return pacer
}

// answer is what a caller sees. Its fields are those of a success and of both kinds
// of refusal.
type answer struct {
	code   int
	header http.Header
	body   string

	ID, State, Status, Error, Detail string
	Pointers                         []string
}

// call makes a request with a key that may do everything, but for what edit changes.
func (r *rig) call(method, path, body string, edit ...func(*http.Request)) answer {
	r.t.Helper()
	req := newRequest(r.t.Context(), path, body)
	req.Method = method
	for _, e := range edit {
		e(req)
	}
	return r.serve(req)
}

func newRequest(ctx context.Context, path, body string) *http.Request {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-api-key", callerKey)
	return req
}

func (r *rig) serve(req *http.Request) answer {
	r.t.Helper()
	recorder := httptest.NewRecorder()
	r.handler.Routes().ServeHTTP(recorder, req)
	return readAnswer(r.t, recorder.Code, recorder.Header(), recorder.Body.String())
}

func (r *rig) post(path, body string, edit ...func(*http.Request)) answer {
	r.t.Helper()
	return r.call(http.MethodPost, path, body, edit...)
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

func readAnswer(t *testing.T, code int, header http.Header, body string) answer {
	t.Helper()
	got := answer{code: code, header: header, body: body}
	var parsed struct {
		ID, State, Error, Detail, Title string
		Status                          any
		Errors                          []struct{ Pointer, Detail string }
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		t.Fatalf("the answer (HTTP %d) is not JSON: %v: %s", code, err, body)
	}
	got.ID, got.State, got.Error, got.Detail = parsed.ID, parsed.State, parsed.Error, parsed.Detail
	switch status := parsed.Status.(type) {
	case string: // DMLY's
		got.Status = status
	case float64: // a problem's
		if int(status) != code || parsed.Title != http.StatusText(code) {
			t.Errorf("problem: got status %v and title %q in an HTTP %d", status, parsed.Title, code)
		}
	}
	for _, one := range parsed.Errors {
		got.Pointers = append(got.Pointers, one.Pointer)
		if one.Detail == "" {
			t.Errorf("problem at %s: no detail", one.Pointer)
		}
	}
	for _, secret := range []string{callerKey, dmlyKey} {
		if strings.Contains(body, secret) {
			t.Errorf("the answer contains a key: %s", body)
		}
	}
	if got := header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: got %q, want no-store", got)
	}
	return got
}

// want compares the status and the kind of body.
func (r *rig) want(got answer, code int, contentType string) {
	r.t.Helper()
	if got.code != code || got.header.Get("Content-Type") != contentType {
		r.t.Errorf("got HTTP %d with %s: %s; want %d with %s", got.code, got.header.Get("Content-Type"), got.body, code, contentType)
	}
}

// The kinds of bodies.
const (
	plainJSON   = "application/json"
	problemJSON = "application/problem+json"
)

// work has the worker empty both queues after a time has passed, as Lambda does. What
// it gives back stays.
func (r *rig) work(after time.Duration) {
	r.t.Helper()
	r.clock.advance(after)
	now, cancel := context.WithCancel(r.t.Context())
	cancel() // so that Receive does not wait
	for _, q := range []*watchedQueue{r.normal, r.bulk} {
		records, err := q.Receive(now, max(1, q.Len()), time.Hour)
		if err != nil {
			continue // nothing is to be had
		}
		var event events.SQSEvent
		for _, one := range records {
			event.Records = append(event.Records, events.SQSMessage{MessageId: one.MessageID, Body: string(one.Body)})
		}
		response, err := r.worker.Handle(r.t.Context(), event)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, one := range records {
			if !slices.Contains(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: one.MessageID}) {
				q.Delete(one.MessageID)
			}
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

// wantQueued compares the ids that were ever put on a queue.
func (r *rig) wantQueued(q *watchedQueue, want ...string) {
	r.t.Helper()
	got := []string{}
	for _, one := range q.all() {
		got = append(got, one.ID)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("queued: got %q, want %q", got, want)
	}
}

// wantUntouched says that a request got nowhere.
func (r *rig) wantUntouched() {
	r.t.Helper()
	if puts, posts, queued := r.ledger.count(), r.poster.count(), len(r.normal.all())+len(r.bulk.all()); puts+posts+queued != 0 {
		r.t.Errorf("got %d ledger writes, %d posts and %d records on a queue, want none", puts, posts, queued)
	}
}

// wantSilentLogs looks for what does not belong into a log.
func (r *rig) wantSilentLogs() {
	got := r.logs.String()
	for _, secret := range []string{phone, strings.TrimPrefix(phone, "+"), text, "lake house", dmlyKey, callerKey} {
		if strings.Contains(got, secret) {
			r.t.Errorf("the log contains %q:\n%s", secret, got)
		}
	}
}
