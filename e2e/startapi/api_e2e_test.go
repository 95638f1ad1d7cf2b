//go:build e2e

package startapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/delivery"
)

// bodyLimit is how much of an answer is read.
const bodyLimit = 1 << 20

// api is the HTTP API under sam local. Its calls are made one after the other: the emulator in the container takes no two at a time.
type api struct {
	*deployed.Stack
	url string
}

// request is a call. Its key is the caller's; its content type is application/json unless it says another.
type request struct {
	method, path, key, contentType, idempotencyKey, prefer, body string
}

type response struct {
	status int
	header http.Header
	body   string
}

// problem has what is looked at in the API's answers, of whatever form.
type problem struct {
	Status any    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Error  string `json:"error"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"errors"`
}

func (a *api) do(t *testing.T, r request) response {
	t.Helper()
	if r.contentType == "" {
		r.contentType = "application/json"
	}
	q, err := http.NewRequestWithContext(t.Context(), r.method, a.url+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"X-Api-Key": r.key, "Content-Type": r.contentType, "Idempotency-Key": r.idempotencyKey, "Prefer": r.prefer,
	} {
		if value != "" {
			q.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit))
	if err != nil {
		t.Fatal(err)
	}
	return response{answer.StatusCode, answer.Header, strings.TrimSpace(string(body))}
}

// send is a call of one who may, and who does not wait long: the record behind a message that is sent at once comes ten seconds after that.
func (a *api) send(t *testing.T, path, idempotencyKey, body string) response {
	t.Helper()
	r := request{method: http.MethodPost, path: path, key: a.Key, idempotencyKey: idempotencyKey, body: body}
	if path != "/v1/messages" {
		r.prefer = "wait=5"
	}
	return a.do(t, r)
}

// get reads something, with a key or without.
func (a *api) get(t *testing.T, path, key string) response {
	t.Helper()
	return a.do(t, request{method: http.MethodGet, path: path, key: key})
}

// received is how often the simulator accepted a message with this text, and what it called the first.
func (a *api) received(text string) (n int, id string) {
	for _, m := range a.Sim.Messages() {
		if strings.Contains(string(m.Body), text) {
			if n++; n == 1 {
				id = m.ID
			}
		}
	}
	return n, id
}

// state is where the ledger has the message.
func (a *api) state(ctx context.Context, t *testing.T, id string) delivery.State {
	t.Helper()
	item, _, err := a.Ledger.Get(ctx, id, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return item.State
}

func decode(t *testing.T, r response, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		t.Fatalf("%d %s is not JSON: %v", r.status, r.body, err)
	}
}

// isProblem checks that an answer is an RFC 9457 problem.
func (a *api) isProblem(t *testing.T, name string, answer response, status int) (said problem) {
	t.Helper()
	decode(t, answer, &said)
	if got := answer.header.Get("Content-Type"); answer.status != status || !strings.HasPrefix(got, "application/problem+json") {
		t.Errorf("%s: got %d %s %s, want %d as application/problem+json", name, answer.status, got, answer.body, status)
	}
	if said.Status != float64(status) || said.Title == "" || said.Detail == "" {
		t.Errorf("%s: got %s, want status %d, a title and a detail", name, answer.body, status)
	}
	return said
}
