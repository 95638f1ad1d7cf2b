//go:build e2e

package http_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client has as many connections as a test needs at once, and no more than a small machine takes.
var client = &http.Client{
	Timeout: patience,
	Transport: &http.Transport{
		MaxConnsPerHost: 200, MaxIdleConnsPerHost: 200, IdleConnTimeout: 5 * time.Second,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   string
}

// String is the answer as one line of a failure.
func (a answer) String() string {
	return fmt.Sprintf("%d %s: %.500s", a.status, a.header.Get("Content-Type"), strings.TrimSpace(a.body))
}

// send makes one request with the key. It is safe for concurrent use, and returns the error of a request that got no answer in time.
func (s *stack) send(method, path, body string, header http.Header) (answer, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.api+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Api-Key", localKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	return do(r)
}

func do(r *http.Request) (answer, error) {
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: read the answer: %w", r.Method, r.URL.Path, err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}, nil
}

// post is a POST that must be answered.
func (s *stack) post(path, body string) answer {
	s.t.Helper()
	return s.must(http.MethodPost, path, body, nil)
}

// must is a request that must be answered.
func (s *stack) must(method, path, body string, header http.Header) answer {
	s.t.Helper()
	got, err := s.send(method, path, body, header)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// received is a message that the simulator accepted.
type received struct {
	Operation string          `json:"operation"`
	Body      json.RawMessage `json:"body"`
}

// field is one of the body's fields, as it came, or nil.
func (r received) field(name string) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(r.Body, &fields) != nil {
		return nil
	}
	return fields[name]
}

// messages are what the simulator has accepted since it was cleared.
func (s *stack) messages() []received {
	s.t.Helper()
	got := s.simulator(http.MethodGet, "/_sim/messages", "")
	var all []received
	if err := json.Unmarshal([]byte(got.body), &all); err != nil || got.status != http.StatusOK {
		s.t.Fatalf("GET /_sim/messages: %v, %v", got.status, err)
	}
	return all
}

func (s *stack) clear() { s.t.Helper(); s.simulator(http.MethodDelete, "/_sim/messages", "") }

// simulator is a request to the simulator's own paths.
func (s *stack) simulator(method, path, body string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.sim+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// arrived waits until the simulator has accepted at least so many messages, then looks once more, so that one too many is seen.
func (s *stack) arrived(atLeast int) []received {
	s.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for before := -1; ; {
		got := s.messages()
		if len(got) >= atLeast && len(got) == before {
			return got
		}
		before = len(got)
		select {
		case <-tick.C:
		case <-late.C:
			s.t.Errorf("after %v the simulator has %d messages, want %d", patience, len(got), atLeast)
			return got
		}
	}
}

// compact is JSON without insignificant white space; what is written in a string or a number stays as it is.
func compact(value []byte) string {
	var out bytes.Buffer
	if err := json.Compact(&out, value); err != nil {
		return string(value)
	}
	return out.String()
}

// quote writes a text as JSON.
func quote(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string can always be written
	}
	return strings.TrimSpace(out.String())
}
