package httpapi_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/api/httpapi"
	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
	"dmlysender/shared/telemetry"
)

const (
	phone   = handlertest.Phone
	text    = handlertest.Text
	dmlyKey = handlertest.DMLYKey
	// callerKey may do everything. Like the other key, it may be neither in a log nor in an answer.
	callerKey = "caller-key-52aa10"
)

var errDown = handlertest.ErrDown

// rig is the HTTP API, two queues, and the real worker with a DMLY behind them.
type rig struct {
	*handlertest.Backend
	t       *testing.T
	normal  *handlertest.Queue
	bulk    *handlertest.Queue
	callers *handlertest.Secret
	handler *httpapi.Handler
	worker  *sqsworker.Handler
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOn(t, handlertest.NewBackend(t, handlertest.NewRunningClock(), callerKey))
}

// newRigWith has no simulator.
func newRigWith(t *testing.T, poster delivery.Poster) *rig {
	t.Helper()
	return newRigOn(t, handlertest.NewBackendWith(t, poster, handlertest.NewRunningClock(), callerKey))
}

// newRigOn has the API on the machine's clock, and the queues and the worker on one that is ahead.
func newRigOn(t *testing.T, b *handlertest.Backend) *rig {
	t.Helper()
	r := &rig{
		Backend: b, t: t, normal: handlertest.NewQueue(b.Clock), bulk: handlertest.NewQueue(b.Clock),
		callers: handlertest.NewSecret(`{"first": "` + callerKey + `"}`),
	}
	sender := b.NewSender(delivery.SystemClock{})
	later := *sender
	later.Clock, later.Pacer = b.Clock, handlertest.NewPacer(t, 1_000_000, b.Clock)
	r.worker = &sqsworker.Handler{Sender: &later, Log: b.Log}
	r.handler = &httpapi.Handler{
		Sender: sender, Problems: b.Ledger, Queues: queue.Lanes{Normal: r.normal, Bulk: r.bulk},
		Backlogs: httpapi.Backlogs{Normal: r.normal, Bulk: r.bulk}, Pace: outlook{}, Forecast: unforeseen{},
		Callers: httpapi.NewCallers(r.callers.Fetch, b.Log), Log: slog.New(telemetry.Handler(b.Log.Handler())),
	}
	return r
}

// unforeseen can say of no message when it will be sent.
type unforeseen struct{}

func (unforeseen) Estimate(context.Context, message.Message) (time.Time, bool) {
	return time.Time{}, false
}

// foreseen says one time of every message.
type foreseen time.Time

func (f foreseen) Estimate(context.Context, message.Message) (time.Time, bool) {
	return time.Time(f), true
}

// outlook is that of an account which is not paused, or what the test says.
type outlook struct {
	is  delivery.Outlook
	err error
}

func (o outlook) Outlook(context.Context, delivery.Account) (delivery.Outlook, error) {
	return o.is, o.err
}

// answer is what a caller sees. Its fields are those of a success and of both kinds
// of refusal.
type answer struct {
	code   int
	header http.Header
	body   string

	ID, State, Status, Error, Detail string
	// Kind is the type of a problem, but for the page.
	Kind     string
	Pointers []string
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
	code, header, body := r.raw(req)
	return readAnswer(r.t, code, header, body)
}

func (r *rig) raw(req *http.Request) (code int, header http.Header, body string) {
	recorder := httptest.NewRecorder()
	r.handler.Routes().ServeHTTP(recorder, req)
	return recorder.Code, recorder.Header(), recorder.Body.String()
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
		ID, State, Error, Detail, Title, Type, RequestID string
		Status                                           any
		Errors                                           []struct{ Pointer, Detail string }
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil && !strings.HasPrefix(body, "[") {
		t.Fatalf("the answer (HTTP %d) is not JSON: %v: %s", code, err, body)
	}
	got.ID, got.State, got.Error, got.Detail = parsed.ID, parsed.State, parsed.Error, parsed.Detail
	switch status := parsed.Status.(type) {
	case string: // DMLY's
		got.Status = status
	case float64: // a problem's
		if int(status) != code || parsed.Title == "" || !strings.HasPrefix(parsed.Type, httpapi.ProblemsPath+"#") || parsed.RequestID != header.Get("X-Request-Id") {
			t.Errorf("problem: got status %v, title %q, type %q and request id %q in an HTTP %d", status, parsed.Title, parsed.Type, parsed.RequestID, code)
		}
		got.Kind = strings.TrimPrefix(parsed.Type, httpapi.ProblemsPath+"#")
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
	if header.Get("X-Request-Id") == "" {
		t.Error("the answer has no request id")
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
	r.Clock.Advance(after)
	for _, q := range []*handlertest.Queue{r.normal, r.bulk} {
		records := q.Take(r.t)
		if len(records) == 0 {
			continue
		}
		var batch []events.SQSMessage
		for _, one := range records {
			batch = append(batch, handlertest.NewRecord(one.MessageID, string(one.Body)))
		}
		back := handlertest.Work(r.t.Context(), r.t, r.worker, batch...)
		for _, one := range records {
			if !slices.Contains(back, one.MessageID) {
				q.Delete(one.MessageID)
			}
		}
	}
}

// wantUntouched says that a request got nowhere.
func (r *rig) wantUntouched() {
	r.t.Helper()
	if puts, posts, queued := r.Ledger.Puts(), r.Poster.Posts(), len(r.normal.Enqueued())+len(r.bulk.Enqueued()); puts+posts+queued != 0 {
		r.t.Errorf("got %d ledger writes, %d posts and %d records on a queue, want none", puts, posts, queued)
	}
}
