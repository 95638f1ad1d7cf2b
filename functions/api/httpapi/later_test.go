package httpapi_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/functions/api/httpapi"
	"dmlysender/shared/delivery"
)

// calendar is a scheduler that says what it holds.
type calendar struct {
	mu   sync.Mutex
	held map[string]time.Time
	err  error
}

func (c *calendar) Schedule(_ context.Context, _ delivery.Lane, r delivery.Record, at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.held[r.ID] = at
	}
	return c.err
}

func (c *calendar) Unschedule(_ context.Context, id string, _ time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, id)
	return c.err
}

func newRigWithCalendar(t *testing.T) (*rig, *calendar) {
	t.Helper()
	r, c := newRig(t), &calendar{held: map[string]time.Time{}}
	r.handler.Sender.Scheduler = c
	return r, c
}

// inHours is a time as a message has it.
func inHours(n int) string {
	return time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(time.RFC3339)
}

func TestAPISchedulesWhatIsForLater(t *testing.T) {
	t.Parallel()
	r, c := newRigWithCalendar(t)
	at := inHours(24)
	for n := range 2 {
		got := r.post(path, body(fields{"id": "order-1", "sendAt": at}))
		r.want(got, 202, plainJSON)
		if got.State != "scheduled" || !strings.Contains(got.body, `"estimatedSendAt":"`+at) || got.header.Get("Idempotent-Replayed") == "true" != (n == 1) {
			t.Errorf("got %s", got.body)
		}
	}
	if got := status(t, r.get("/v1/messages/order-1")); got.State != delivery.Scheduled || got.NextAttemptAt == nil || got.NextAttemptAt.Format(time.RFC3339) != at || got.Content != nil {
		t.Errorf("got %+v", got)
	}
	if len(c.held) != 1 || len(r.normal.Enqueued()) != 0 {
		t.Errorf("held are %v, queued %d", c.held, len(r.normal.Enqueued()))
	}
	c.err = errDown
	failed := r.post(path, body(fields{"id": "order-2", "sendAt": at}))
	r.want(failed, 503, problemJSON)
}

func TestAPIWaitsForNothingThatIsForLater(t *testing.T) {
	t.Parallel()
	r, c := newRigWithCalendar(t)
	got := r.post(path, body(fields{"id": "order-1", "sendAt": inHours(2)}), header("Prefer", "wait=20"))
	r.want(got, 202, plainJSON)
	if got.State != "scheduled" || len(c.held) != 1 {
		t.Errorf("got %s, and %d held", got.body, len(c.held))
	}
	r.WantSent(0)
}

func TestAPIMovesWhatIsScheduled(t *testing.T) {
	t.Parallel()
	r, c := newRigWithCalendar(t)
	r.callers.Set(`{"orders": "`+callerKey+`"}`, nil)
	r.post(path, body(fields{"id": "order-1", "sendAt": inHours(24)}))
	to := inHours(48)
	for range 2 {
		got := status(t, r.call("PATCH", "/v1/messages/order-1", `{"sendAt": "`+to+`"}`))
		if last := got.History[len(got.History)-1]; got.State != delivery.Scheduled || got.NextAttemptAt.Format(time.RFC3339) != to || !strings.Contains(last.Reason, `"orders"`) {
			t.Errorf("got %+v", got)
		}
	}
	if at := c.held["order-1"]; at.UTC().Format(time.RFC3339) != to {
		t.Errorf("it is held until %v", at)
	}
	// What was asked for at first is known, and answered with the time that holds.
	if got := r.post(path, body(fields{"id": "order-1", "sendAt": inHours(24)})); got.State != "scheduled" || !strings.Contains(got.body, to) {
		t.Errorf("repeated: %s", got.body)
	}
	now := status(t, r.call("PATCH", "/v1/messages/order-1", `{"sendAt": "2020-01-01T00:00:00Z"}`))
	if now.State != delivery.Scheduled {
		t.Errorf("moved to the past: %+v", now)
	}
	r.work(time.Minute)
	r.WantSent(1)
	late := r.call("PATCH", "/v1/messages/order-1", `{"sendAt": "`+to+`"}`)
	if r.want(late, 409, problemJSON); late.Kind != "wrong-state" || late.State != "sent" {
		t.Errorf("moved when it was sent: %s", late.body)
	}
}

func TestAPIRefusesToMoveToATimeThatIsNone(t *testing.T) {
	t.Parallel()
	r, _ := newRigWithCalendar(t)
	r.post(path, body(fields{"id": "order-1", "sendAt": inHours(24), "expiresAt": inHours(30)}))
	for name, tt := range map[string]struct {
		body string
		code int
		want string
	}{
		"no zone":          {`{"sendAt": "2026-12-01T09:00:00"}`, 422, "sendAt"},
		"after its expiry": {`{"sendAt": "` + inHours(31) + `"}`, 422, "expiresAt"},
		"two years ahead":  {`{"sendAt": "` + inHours(2*366*24) + `"}`, 422, "a year ahead"},
		"another field":    {`{"sendAt": "` + inHours(25) + `", "text": "x"}`, 422, "text"},
		"no field":         {`{}`, 422, "sendAt"},
		"no JSON":          {`sendAt`, 400, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := r.call("PATCH", "/v1/messages/order-1", tt.body)
			if r.want(got, tt.code, problemJSON); !strings.Contains(got.body, tt.want) {
				t.Errorf("got %s, want %s in it", got.body, tt.want)
			}
		})
	}
	r.want(r.call("PATCH", "/v1/messages/order-2", `{"sendAt": "`+inHours(25)+`"}`), 404, problemJSON)
}

func cancellations(t *testing.T, got answer) (c httpapi.Cancellations) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || got.code != 200 {
		t.Fatalf("HTTP %d: %v: %s", got.code, err, got.body)
	}
	return c
}

func TestAPICancelsAllThatWaitsUnderACancelKey(t *testing.T) {
	t.Parallel()
	r, c := newRigWithCalendar(t)
	const under = "/v1/messages?cancelKey=order-42"
	r.post(path, body(fields{"id": "b", "cancelKey": "order-42", "sendAt": inHours(24)}))
	r.post(path, body(fields{"id": "a", "cancelKey": "order-42"}))
	r.post(path, body(fields{"id": "other", "cancelKey": "order-43", "sendAt": inHours(24)}))
	if got := cancellations(t, r.call("DELETE", under, "")); !slices.Equal(got.Cancelled, []string{"a", "b"}) || len(got.NotCancelled) > 0 || got.Next != "" {
		t.Errorf("got %+v", got)
	}
	if got := r.call("DELETE", under, ""); strings.TrimSpace(got.body) != `{"cancelled":[],"notCancelled":[]}` {
		t.Errorf("again: %s", got.body)
	}
	r.work(time.Minute)
	r.WantSent(0)
	if len(c.held) != 1 {
		t.Errorf("held are %v", c.held)
	}
	for _, query := range []string{"", "?cancelKey=", "?cancelKey=a%20b", "?cancelkey=order-42", "?cancelKey=order-42&x=1"} {
		if got := r.call("DELETE", "/v1/messages"+query, ""); got.code != 400 {
			t.Errorf("DELETE /v1/messages%s: HTTP %d: %s", query, got.code, got.body)
		}
	}
	r.Ledger.Fail(errDown)
	if got := r.call("DELETE", "/v1/messages?cancelKey=order-43", ""); got.code == 200 && (len(cancellations(t, got).NotCancelled) != 1 || !strings.Contains(got.body, "not known")) {
		t.Errorf("without a ledger: %s", got.body)
	}
}

func TestAPICancelsUnderACancelKeyOnlyWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	r, _ := newRigWithCalendar(t)
	r.post(path, body(fields{"id": "a", "cancelKey": "order-42", "sendAt": inHours(24)}))
	r.callers.Set(`{"first": {"key": "`+callerKey+`", "workspaces": ["W9"]}}`, nil)
	r.handler.Callers = httpapi.NewCallers(r.callers.Fetch, r.Log)
	if got := cancellations(t, r.call("DELETE", "/v1/messages?cancelKey=order-42", "")); len(got.Cancelled)+len(got.NotCancelled) > 0 {
		t.Errorf("got %+v", got)
	}
	r.WantState("a", delivery.Scheduled)
}
