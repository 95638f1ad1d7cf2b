package awsconf

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func newClient(t *testing.T) client {
	t.Helper()
	c, ok := NewHTTPClient().(client)
	if !ok {
		t.Fatal("the client has no transport")
	}
	return c
}

func TestHTTPClientClosesIdleConnectionsBeforeAFreezeCanKillThem(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	if got, want := c.transport.IdleConnTimeout, 5*time.Second; got != want {
		t.Errorf("idle time-out: got %v, want %v", got, want)
	}
	if c.transport.ResponseHeaderTimeout == 0 || c.transport.TLSHandshakeTimeout == 0 {
		t.Error("a wait for the other side has no bound")
	}
}

// countedConn counts what is written.
type countedConn struct {
	net.Conn
	writes *atomic.Int32
}

func (c countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestASmallCallIsOneWrite(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	t.Cleanup(server.Close)
	c := newClient(t)
	var writes atomic.Int32
	c.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return countedConn{conn, &writes}, err
	}
	const want = `{"TableName": "ledger"}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, io.NopCloser(io.LimitReader(strings.NewReader(want), 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(want))
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil || string(got) != want || writes.Load() != 1 {
		t.Errorf("got %q, %v by %d writes, want %q by one", got, err, writes.Load(), want)
	}
}

func TestABodyThatBreaksOffIsNotSent(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, io.NopCloser(strings.NewReader("half")))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 8
	response, err := newClient(t).Do(request)
	if err == nil {
		response.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "read the request's body") || calls.Load() != 0 {
		t.Errorf("got %v and %d calls, want an error and none", err, calls.Load())
	}
}
