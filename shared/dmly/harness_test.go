package dmly_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"dmlysender/shared/dmly"
)

const testKey = "key-of-the-test-0123456789"

// recorded is one request as the server got it.
type recorded struct {
	Method, Path string
	Header       http.Header
	Body         string
}

// host stands where the API would be. It is mounted below /api, so that a wrong
// absolute path is a 404.
type host struct {
	mu       sync.Mutex
	requests []recorded
	server   *httptest.Server
}

// newHost answers every request under /api with the handler, after recording it.
func newHost(t *testing.T, handler http.HandlerFunc) *host {
	t.Helper()
	h := &host{}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h.mu.Lock()
		h.requests = append(h.requests, recorded{r.Method, r.URL.Path, r.Header, string(body)})
		h.mu.Unlock()
		handler(w, r)
	})
	h.server = httptest.NewServer(mux)
	t.Cleanup(h.server.Close)
	return h
}

func (h *host) all() []recorded {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests
}

func (h *host) client(t *testing.T) *dmly.Client {
	t.Helper()
	return newClient(t, dmly.Options{BaseURL: h.server.URL + "/api"})
}

func newClient(t *testing.T, opts dmly.Options) *dmly.Client {
	t.Helper()
	client, err := dmly.NewClient(testKey, opts)
	if err != nil {
		t.Fatalf("NewClient: %v", err)
	}
	return client
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const taken = `{"id":"m-1","status":"success","error":""}`

var aText = dmly.WhatsAppText{
	Workspace:   dmly.Workspace{ID: "W1"},
	Recipient:   dmly.Recipient{PhoneNumber: "+15551234567"},
	TextMessage: "Hello",
}

func send(t *testing.T, client *dmly.Client) (dmly.MessageResponse, error) {
	t.Helper()
	return client.Send(t.Context(), aText)
}
