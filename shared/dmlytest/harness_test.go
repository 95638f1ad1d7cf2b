package dmlytest_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/dmlytest"
)

// bodies has an acceptable body for each of the nine operations, in the reference's shapes.
var bodies = map[string]string{
	"whatsapp/sendtext":      `{"recipient":{"phoneNumber":"+15551234567"},"workspace":{"id":"W"},"textMessage":"hello"}`,
	"whatsapp/sendmedia":     `{"contact":{"id":"C"},"workspace":{"id":"W"},"mediaUrl":"https://example.com/file.jpg","mimeType":"image/jpeg"}`,
	"whatsapp/sendtemplate":  `{"contact":{"id":"C"},"workspace":{"id":"W"},"template":"order_shipped"}`,
	"messenger/sendtext":     `{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"hello"}`,
	"messenger/sendmedia":    `{"contact":{"id":"C"},"workspace":{"id":"W"},"mediaUrl":"https://example.com/file.jpg","mimeType":"image/jpeg"}`,
	"messenger/sendtemplate": `{"contact":{"id":"C"},"workspace":{"id":"W"},"elements":[{"buttons":[],"title":"Shoes"}]}`,
	"instagram/sendtext":     `{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"hello"}`,
	"instagram/sendtemplate": `{"contact":{"id":"C"},"workspace":{"id":"W"},"elements":[{"buttons":[{"a":1}],"title":"Shoes"}]}`,
	"telegram/sendtemplate":  `{"contact":{"id":"C"},"workspace":{"id":"W"},"buttons":[],"textMessage":"hello"}`,
}

const sendText = "whatsapp/sendtext"

// rig is a simulator with a client of plain net/http and a clock.
type rig struct {
	t      *testing.T
	sim    *dmlytest.Server
	base   string
	clock  *clock
	client *http.Client
}

func newRig(t *testing.T, opts dmlytest.Options) *rig {
	t.Helper()
	r := &rig{t: t, clock: &clock{at: time.Date(2026, 2, 18, 10, 0, 0, 0, time.UTC)}}
	if opts.Now == nil {
		opts.Now = r.clock.now
	}
	r.sim, r.base = dmlytest.Start(t, opts)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r
}

// reply is what came back, with the body as text and, if it was one, as a MessageResponse.
type reply struct {
	code              int
	header            http.Header
	text              string
	ID, Status, Error string
}

// post sends an acceptable request, but for what edit changes, and fails the test if there is no answer.
func (r *rig) post(operation, body string, edit ...func(*http.Request)) reply {
	r.t.Helper()
	got, err := r.try(r.t.Context(), operation, body, edit...)
	if err != nil {
		r.t.Fatalf("post %s: %v", operation, err)
	}
	return got
}

func (r *rig) try(ctx context.Context, operation, body string, edit ...func(*http.Request)) (reply, error) {
	return r.do(ctx, http.MethodPost, r.base+"/v1/messages/"+operation, strings.NewReader(body), edit...)
}

func (r *rig) do(ctx context.Context, method, url string, body io.Reader, edit ...func(*http.Request)) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-api-key", dmlytest.DefaultKey)
	for _, e := range edit {
		e(req)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	got := reply{code: resp.StatusCode, header: resp.Header, text: string(text)}
	if err == nil && resp.Header.Get("Content-Type") == "application/json" && !strings.Contains(url, "/_sim/") {
		err = json.Unmarshal(text, &got)
	}
	return got, err
}

// own calls one of the simulator's own paths.
func (r *rig) own(method, path, body string) reply {
	r.t.Helper()
	got, err := r.do(r.t.Context(), method, strings.TrimSuffix(r.base, dmlytest.BasePath)+"/_sim/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

// wantAccepted compares how many messages were accepted.
func (r *rig) wantAccepted(want int) {
	r.t.Helper()
	if got := len(r.sim.Messages()); got != want {
		r.t.Errorf("accepted messages: got %d, want %d", got, want)
	}
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// dial opens a bare connection to the simulator, for requests that net/http's client would not send.
func (r *rig) dial(request string) *net.TCPConn {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(r.base, "http://"), dmlytest.BasePath))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	head := "POST /api/v1/messages/" + sendText + " HTTP/1.1\r\nHost: sim\r\nX-Api-Key: " + dmlytest.DefaultKey +
		"\r\nContent-Type: application/json\r\n"
	if _, err := io.WriteString(conn, head+request); err != nil {
		r.t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}
