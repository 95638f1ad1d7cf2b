package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

// failing is a ledger whose every call fails so.
type failing struct{ err error }

func (f failing) Put(context.Context, delivery.Item, string, time.Time) (delivery.Item, bool, error) {
	return delivery.Item{}, false, f.err
}

func (f failing) Get(context.Context, string, time.Time) (delivery.Item, bool, error) {
	return delivery.Item{}, false, f.err
}

func (f failing) Problems(context.Context, delivery.State, int, string, time.Time) ([]delivery.Item, string, error) {
	return nil, "", f.err
}

func TestAPIAnswersEachProblemInBothForms(t *testing.T) {
	t.Parallel()
	throttled := fmt.Errorf("write an item of table t: %w", delivery.ErrThrottled)
	ledger := func(err error) func(*rig) {
		return func(r *rig) { r.handler.Sender.Ledger, r.handler.Problems = failing{err}, failing{err} }
	}
	key := header("Idempotency-Key", "order-1")
	sentBefore := func(r *rig) { r.post(path, body(nil), key, header("Prefer", "wait=5")) }
	for name, tt := range map[string]struct {
		before           func(*rig)
		method, path     string
		body, dropInBody string // the second is for DMLY's form
		edit             []func(*http.Request)
		code             int
		kind             string
		dropIn           int // 0 if there is no such answer
		retry            bool
	}{
		"not JSON":            {nil, "POST", path, "hello", "hello", nil, 400, "malformed-body", 400, false},
		"a bad parameter":     {nil, "GET", path + "?state=sent", "", "", nil, 400, "bad-request", 0, false},
		"no key":              {nil, "POST", path, body(nil), request(nil), []func(*http.Request){header("x-api-key")}, 401, "no-key", 401, false},
		"another workspace":   {func(r *rig) { r.callers.Set(`{"a": {"key": "`+callerKey+`", "workspaces": ["W2"]}}`, nil) }, "POST", path, body(nil), request(nil), nil, 403, "not-allowed", 403, false},
		"no such message":     {nil, "GET", path + "/order-1", "", "", nil, 404, "not-found", 0, false},
		"no such method":      {nil, "PUT", path, "", "", nil, 405, "method-not-allowed", 405, false},
		"at rest":             {sentBefore, "DELETE", path + "/order-1", "", "", nil, 409, "wrong-state", 0, false},
		"too large":           {nil, "POST", path, full(body(nil)) + " ", request(fields{"filler": strings.Repeat("x", 1<<16)}), nil, 413, "too-large", 413, false},
		"a form":              {nil, "POST", path, "a=b", "a=b", []func(*http.Request){header("Content-Type", "application/x-www-form-urlencoded")}, 415, "unsupported-media-type", 415, false},
		"another charset":     {nil, "POST", path, body(nil), request(nil), []func(*http.Request){header("Content-Type", "application/json; charset=latin1")}, 415, "unsupported-media-type", 415, false},
		"not valid":           {nil, "POST", path, "{}", "{}", nil, 422, "invalid-message", 400, false},
		"no id":               {nil, "POST", path, body(nil), request(nil), []func(*http.Request){header("Idempotency-Key", "")}, 422, "invalid-idempotency-key", 422, false},
		"an id of dots":       {nil, "POST", path, body(nil), request(nil), []func(*http.Request){header("Idempotency-Key", "..")}, 422, "invalid-idempotency-key", 422, false},
		"another's id":        {sentBefore, "POST", path, body(fields{"textMessage": "x"}), request(fields{"textMessage": "x"}), []func(*http.Request){key}, 422, "id-taken", 422, false},
		"ledger too busy":     {ledger(throttled), "POST", path, body(nil), "", nil, 429, "too-many-requests", 0, true},
		"too busy to list":    {ledger(throttled), "GET", path + "?state=unknown", "", "", nil, 429, "too-many-requests", 0, true},
		"queue too busy":      {func(r *rig) { r.normal.Fail(throttled) }, "POST", path, body(nil), request(nil), nil, 429, "too-many-requests", 429, true},
		"ledger out of reach": {ledger(errDown), "GET", path + "/order-1", "", "", nil, 503, "unavailable", 0, true},
		"cannot list":         {ledger(errDown), "GET", path + "?state=unknown", "", "", nil, 503, "unavailable", 0, true},
		"cannot cancel":       {ledger(errDown), "DELETE", path + "/order-1", "", "", nil, 503, "unavailable", 0, true},
		"cannot settle":       {ledger(errDown), "POST", path + "/order-1/settle", `{"as":"drop","generation":1}`, "", nil, 503, "unavailable", 0, true},
		"queue out of reach":  {func(r *rig) { r.normal.Fail(errDown) }, "POST", path, body(nil), request(nil), nil, 503, "unavailable", 503, true},
		"keys out of reach":   {func(r *rig) { r.callers.Set("", errDown) }, "POST", path, body(nil), request(nil), nil, 503, "unavailable", 503, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if tt.before != nil {
				tt.before(r)
			}
			got := r.call(tt.method, tt.path, tt.body, tt.edit...)
			r.want(got, tt.code, problemJSON)
			if got.Kind != tt.kind || got.Detail == "" || (got.header.Get("Retry-After") != "") != tt.retry {
				t.Errorf("got %s with Retry-After %q, want %s", got.body, got.header.Get("Retry-After"), tt.kind)
			}
			answers := []answer{got}
			if tt.dropIn != 0 {
				got := r.call(tt.method, sendText, tt.dropInBody, tt.edit...)
				r.want(got, tt.dropIn, plainJSON)
				if got.Status != "error" || got.Error == "" || (got.header.Get("Retry-After") != "") != tt.retry {
					t.Errorf("in DMLY's form: got %s with Retry-After %q", got.body, got.header.Get("Retry-After"))
				}
				answers = append(answers, got)
			}
			for _, got := range answers {
				id := got.header.Get("X-Request-Id")
				if strings.Contains(got.body, "the service is down") || strings.Contains(got.body, "table t") || strings.Contains(got.body, phone) {
					t.Errorf("the caller is told the operator's cause, or a number: %s", got.body)
				}
				if tt.code >= 429 && !strings.Contains(r.Logs.String(), `"requestId":"`+id+`"`) {
					t.Errorf("the log has no request %s:\n%s", id, r.Logs)
				}
			}
		})
	}
}

func TestAPIAnswersWhenARequestPanics(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Problems = nil
	got := r.get(path + "?state=unknown")
	r.want(got, 500, problemJSON)
	if got.Kind != "internal" || !strings.Contains(r.Logs.String(), got.header.Get("X-Request-Id")) || strings.Contains(got.body, "nil pointer") {
		t.Errorf("got %s and log\n%s", got.body, r.Logs)
	}
}

func TestAPIServesItsPagesToAnybody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for page, want := range map[string]string{
		"/docs": "swagger-ui-bundle.js", "/docs/start.js": "SwaggerUIBundle", "/docs/swagger-ui.css": ".swagger-ui",
		"/docs/swagger-ui-bundle.js": "SwaggerUIBundle", "/problems": `id="invalid-message"`, "/openapi.json": `"openapi":"3.1.0"`,
	} {
		req := newRequest(t.Context(), page, "")
		req.Method = "GET"
		req.Header.Del("x-api-key")
		code, header, body := r.raw(req)
		if code != 200 || !strings.Contains(body, want) || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: HTTP %d, %d bytes, want %q in it", page, code, len(body), want)
		}
		for _, elsewhere := range []string{`src="http`, `href="http`, "unpkg.com", "jsdelivr"} {
			if strings.HasSuffix(page, "docs") && strings.Contains(body, elsewhere) {
				t.Errorf("%s loads something from elsewhere: %s", page, elsewhere)
			}
		}
	}
	if fetches := r.callers.Fetches(); fetches != 0 {
		t.Errorf("the keys were read %d times for a page", fetches)
	}
}

func TestAPISpeaksToNoOtherOrigin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.post(path, body(nil), header("Origin", "https://elsewhere.example"))
	for name := range got.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("the answer has %s", name)
		}
	}
}

func TestAPIEstimatesWhenAMessageIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	at := time.Date(2026, 12, 1, 8, 0, 7, 999, time.FixedZone("", 3600))
	r.handler.Forecast = foreseen(at)
	const want = `"estimatedSendAt":"2026-12-01T07:00:08Z"`
	if got := r.post(path, body(fields{"id": "order-1"})); !strings.Contains(got.body, want) {
		t.Errorf("got %s, want %s", got.body, want)
	}
	if got := r.post(path, list(body(fields{"id": "order-2"}))); !strings.Contains(got.body, want) {
		t.Errorf("got %s, want %s", got.body, want)
	}
	r.work(0)
	if got := r.post(path, body(fields{"id": "order-1"})); strings.Contains(got.body, "estimatedSendAt") {
		t.Errorf("it was sent: got %s", got.body)
	}
	r.Sim.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
	if got := r.post(path, body(fields{"id": "order-3"}), header("Prefer", "wait=2")); got.State != "waiting" || !strings.Contains(got.body, want) {
		t.Errorf("its account goes on later than it may: got %s", got.body)
	}
	r.handler.Forecast = foreseen(time.Now())
	if got := r.post(path, body(fields{"id": "order-3"})); !strings.Contains(got.body, r.Item("order-3").NotBefore.UTC().Add(time.Second-1).Truncate(time.Second).Format(time.RFC3339)) {
		t.Errorf("it waits for a time of its own: got %s", got.body)
	}
	r.handler.Forecast = unforeseen{}
	r.Sim.Inject(dmlytest.Fault{Status: 401})
	if got := r.post(path, body(fields{"id": "order-4"}), header("Prefer", "wait=2")); got.State != "waiting" || strings.Contains(got.body, "estimatedSendAt") {
		t.Errorf("nobody knows when there is another key: got %s", got.body)
	}
}
