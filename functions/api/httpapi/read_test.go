package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/functions/api/httpapi"
	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/message"
)

func status(t *testing.T, got answer) httpapi.MessageStatus {
	t.Helper()
	var s httpapi.MessageStatus
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || got.code != 200 {
		t.Fatalf("HTTP %d: %v: %s", got.code, err, got.body)
	}
	return s
}

func (r *rig) get(path string) answer {
	r.t.Helper()
	return r.call("GET", path, "")
}

func TestAPISaysWhereAMessageStands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 503, RetryAfter: "60"})
	location := r.post(path, body(fields{"id": "order-1"})).header.Get("Location")
	accepted := status(t, r.get(location))
	if accepted.ID != "order-1" || accepted.State != delivery.Accepted || accepted.Generation != 1 || accepted.Workspace != "W1" || accepted.NextAttemptAt != nil {
		t.Errorf("got %+v", accepted)
	}
	r.work(0)
	waiting := status(t, r.get("/api"+location))
	if waiting.State != delivery.Waiting || waiting.Attempts != 1 || waiting.NextAttemptAt == nil || time.Until(*waiting.NextAttemptAt) < 50*time.Second || waiting.Reason == "" {
		t.Errorf("got %+v", waiting)
	}
	r.work(time.Hour)
	sent := status(t, r.get(location))
	if sent.State != delivery.Sent || sent.DMLYID != r.Sim.Messages()[0].ID || sent.DMLYStatus != "sent" || sent.NeedsAttention ||
		len(sent.History) != 5 || sent.Content != nil || time.Until(sent.RememberedUntil) < 29*24*time.Hour {
		t.Errorf("got %+v", sent)
	}
	if strings.Contains(r.get(location).body, phone) {
		t.Error("what was sent names its recipient")
	}
}

func TestAPIKeepsTheContentOfAProblem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 400, Error: "no"})
	content := body(fields{"id": "order-1"})
	r.post(path, content)
	r.work(0)
	got := status(t, r.get("/v1/messages/order-1"))
	if got.State != delivery.Rejected || !got.NeedsAttention || got.Content == nil {
		t.Fatalf("got %+v", got)
	}
	// Mended, it goes out under its id.
	mended := strings.Replace(handlertest.JSON(got.Content), "parcel", "package", 1)
	r.want(r.post(path, mended), 202, plainJSON)
	r.work(0)
	if got := status(t, r.get("/v1/messages/order-1")); got.State != delivery.Sent || got.Generation != 2 || got.Content != nil {
		t.Errorf("got %+v", got)
	}
}

func TestAPIKnowsNoOtherMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, id := range []string{"order-1", "a%20b", "%00", "%F0%9F%91%8B", strings.Repeat("x", 256), "conflict:", "conflict::", "conflict:x:" + strings.Repeat("y", 300)} {
		got := r.get("/v1/messages/" + id)
		r.want(got, 404, problemJSON)
		if got.Kind != "not-found" {
			t.Errorf("%s: got %s", id, got.body)
		}
	}
}

func TestAPIFindsWhatWasRefusedBecauseItsIDWasTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	long := strings.Repeat("x", 255)
	result, err := r.handler.Sender.DeliverRecord(t.Context(), delivery.Record{Body: []byte(body(fields{"id": long}))}, "", r.handler.Defaults)
	if err != nil || !result.Done {
		t.Fatal(result, err)
	}
	result, err = r.handler.Sender.DeliverRecord(t.Context(), delivery.Record{Body: []byte(body(fields{"id": long, "textMessage": "other"}))}, "", r.handler.Defaults)
	if err != nil || !result.Conflict {
		t.Fatal(result, err)
	}
	if got := status(t, r.get("/v1/messages/"+result.Item.ID)); got.State != delivery.Rejected {
		t.Errorf("got %+v", got)
	}
}

func page(t *testing.T, got answer) httpapi.Page {
	t.Helper()
	var p httpapi.Page
	if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.code != 200 {
		t.Fatalf("HTTP %d: %v: %s", got.code, err, got.body)
	}
	return p
}

func TestAPIListsWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const all = 7
	for i := range all {
		r.Sim.Inject(dmlytest.Fault{Status: 400, Error: "no"})
		workspace := "W1"
		if i%2 == 1 {
			workspace = "W2"
		}
		r.post(sendText, request(fields{"workspace": fields{"id": workspace}}), header("Idempotency-Key", fmt.Sprintf("order-%d", i)))
	}
	if empty := page(t, r.get("/v1/messages?state=unknown")); empty.Messages == nil || len(empty.Messages) != 0 || empty.Next != "" {
		t.Errorf("unknown: got %+v", empty)
	}
	read := func(limit int, as ...func(*http.Request)) (ids []string) {
		next := fmt.Sprintf("/v1/messages?state=rejected&limit=%d", limit)
		for next != "" {
			got := r.call("GET", next, "", as...)
			p := page(t, got)
			// The cursor is the name of a message: not one that the caller may not know of.
			if last, err := base64.RawURLEncoding.DecodeString(p.Next); err != nil || p.Next != "" && (len(p.Messages) == 0 || !strings.HasSuffix(string(last), p.Messages[len(p.Messages)-1].ID)) {
				t.Errorf("the cursor behind %+v is %q, %v", p.Messages, last, err)
			}
			for _, one := range p.Messages {
				if one.Content == nil || one.State != delivery.Rejected {
					t.Errorf("got %+v", one)
				}
				ids = append(ids, one.ID)
			}
			link := got.header.Get("Link")
			if (link == "") != (p.Next == "") {
				t.Errorf("Link %q, next %q", link, p.Next)
			}
			next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
		}
		return ids
	}
	for _, limit := range []int{1, 3, 100} {
		if ids := read(limit); len(ids) != all || ids[0] != "order-0" || ids[all-1] != "order-6" {
			t.Errorf("limit %d: got %q", limit, ids)
		}
	}
	r.callers.Set(`{"orders": {"key": "w2", "workspaces": ["W2"]}, "first": "`+callerKey+`"}`, nil)
	for _, limit := range []int{1, 2, 3, 100} {
		if ids := read(limit, header("x-api-key", "w2")); !slices.Equal(ids, []string{"order-1", "order-3", "order-5"}) {
			t.Errorf("limit %d: a caller of W2 sees %q", limit, ids)
		}
	}
	r.want(r.call("GET", "/v1/messages/order-0", "", header("x-api-key", "w2")), 404, problemJSON)
	r.want(r.call("GET", "/v1/messages/order-1", "", header("x-api-key", "w2")), 200, plainJSON)
	r.want(r.call("DELETE", "/v1/messages/order-0", "", header("x-api-key", "w2")), 404, problemJSON)
	r.want(r.call("POST", "/v1/messages/order-0/settle", `{"as":"drop","generation":1}`, header("x-api-key", "w2")), 404, problemJSON)
}

func TestAPISaysWhatCannotBeListed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for query, pointer := range map[string]string{
		"":                               "/state",
		"?state=sent":                    "/state",
		"?state=":                        "/state",
		"?state=unknown&limit=0":         "/limit",
		"?state=unknown&limit=101":       "/limit",
		"?state=unknown&limit=many":      "/limit",
		"?state=unknown&limit=":          "/limit",
		"?state=unknown&cursor=nonsense": "/cursor",
		"?state=unknown&page=2":          "/page",
	} {
		got := r.get(path + query)
		r.want(got, 400, problemJSON)
		if len(got.Pointers) != 1 || got.Pointers[0] != pointer || got.Kind != "bad-request" {
			t.Errorf("%s: got %s", query, got.body)
		}
		if pointer == "/state" && !strings.Contains(got.body, "one of unknown, failed, rejected") || pointer == "/page" && !strings.Contains(got.body, "there are state, cursor, limit") {
			t.Errorf("%s: what would be right is not said: %s", query, got.body)
		}
	}
}

// Lambda hands over an answer as a JSON string, of at most 6 MB.
func TestAPIListsNoMoreThanLambdaHandsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 100 {
		content := []byte(strings.Repeat("\x01", 256<<10))
		if _, err := r.handler.Sender.Refuse(t.Context(), message.Message{ID: fmt.Sprintf("order-%d", i)}, content, errDown); err != nil {
			t.Fatal(err)
		}
	}
	got := r.get("/v1/messages?state=rejected&limit=100")
	if p := page(t, got); len(p.Messages) != 100 || p.Messages[0].Content == nil {
		t.Errorf("got %d messages, the first with %v", len(p.Messages), p.Messages[0].Content)
	}
	if quoted := handlertest.JSON(got.body); len(quoted) > 6<<20 {
		t.Errorf("the answer takes %d bytes of an invocation's", len(quoted))
	}
}
