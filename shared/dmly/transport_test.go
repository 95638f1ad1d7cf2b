package dmly_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dmlysender/shared/dmly"
)

// refusedAddress is a local port that nobody listens on.
func refusedAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestWhatNeverReachedDMLYIsNotSent(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	tlsHost := httptest.NewTLSServer(answer(http.StatusOK, taken)) // its certificate is unknown to the client
	t.Cleanup(tlsHost.Close)
	tests := map[string]struct {
		ctx  context.Context //nolint:containedctx // the context is what this table varies
		base string
	}{
		"nobody listens":     {t.Context(), "http://" + refusedAddress(t)},
		"no such host":       {t.Context(), "https://dmly.invalid"},
		"no TLS agreement":   {t.Context(), tlsHost.URL},
		"the time was over":  {over, tlsHost.URL},
		"server speaks HTTP": {t.Context(), strings.Replace(newHost(t, answer(200, taken)).server.URL, "http:", "https:", 1)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, dmly.Options{BaseURL: tc.base}).Send(tc.ctx, aText)
			if got := class(err); got != "not sent" {
				t.Errorf("class = %s, want not sent (%v)", got, err)
			}
		})
	}
}

func TestWhatMayHaveBeenReadIsUnknown(t *testing.T) {
	t.Parallel()
	abort := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	truncated := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "500")
		answer(http.StatusOK, taken)(w, r)
	}
	for name, handler := range map[string]http.HandlerFunc{"cut after the request": abort, "answer cut short": truncated} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, handler)
			_, err := send(t, h.client(t))
			if got := class(err); got != "unknown" {
				t.Errorf("class = %s, want unknown (%v)", got, err)
			}
			if n := len(h.all()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestTimeRunningOutDuringTheRequestIsUnknown(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := newHost(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel() // the request has been read: from here on it may have been sent
		<-r.Context().Done()
	})
	_, err := h.client(t).Send(ctx, aText)
	if class(err) != "unknown" || !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want unknown because of the context", err)
	}
}

// A kept connection that the server has closed meanwhile fails the POST; it must
// not be repeated behind the caller's back.
func TestABrokenKeptConnectionIsNotRetriedByTheTransport(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			answer(http.StatusOK, taken)(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	client := h.client(t)
	if _, err := send(t, client); err != nil {
		t.Fatal(err)
	}
	if _, err := send(t, client); class(err) != "unknown" {
		t.Errorf("second send: %v, want unknown", err)
	}
	if n := len(h.all()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestConcurrentSendersReuseTheirConnections(t *testing.T) {
	t.Parallel()
	const senders, rounds = 8, 20
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(answer(http.StatusOK, taken))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := newClient(t, dmly.Options{BaseURL: server.URL, MaxConns: senders})
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range rounds {
				if _, err := client.Send(t.Context(), aText); err != nil {
					t.Errorf("send: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if n := opened.Load(); n > 2*senders {
		t.Errorf("%d connections for %d senders in %d rounds", n, senders, rounds)
	}
}

// leakyTransport answers with an error while it still holds the request, and
// reads the body afterwards, as net/http's own transport may.
type leakyTransport struct{ body io.Reader }

func (l *leakyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	l.body = r.Body
	return nil, errors.New("given up")
}

func TestNoByteOfTheBodyLeavesAfterNotSentWasSaid(t *testing.T) {
	t.Parallel()
	transport := &leakyTransport{}
	_, err := send(t, newClient(t, dmly.Options{Transport: transport}))
	if got := class(err); got != "not sent" {
		t.Fatalf("class = %s, want not sent (%v)", got, err)
	}
	if late, err := io.ReadAll(transport.body); len(late) != 0 || err == nil {
		t.Errorf("the transport could still read %d bytes (error %v)", len(late), err)
	}
}

func TestClientRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		key, base, want string
	}{
		"no key":            {"", "", "empty"},
		"key with newline":  {testKey + "\n", "", "line break"},
		"key in the clear":  {testKey, "http://api.dmly.io/api", "must be https"},
		"clear to a number": {testKey, "http://10.0.0.1/api", "must be https"},
		"empty query":       {testKey, "https://api.dmly.io/api?", "not usable"},
		"no host":           {testKey, "api.dmly.io/api", "not usable"},
		"password in URL":   {testKey, "https://user:pw@api.dmly.io/api", "not usable"},
		"unknown scheme":    {testKey, "ftp://api.dmly.io/api", "must be https"},
		"query in base URL": {testKey, "https://api.dmly.io/api?x=1", "not usable"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dmly.NewClient(tc.key, dmly.Options{BaseURL: tc.base})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), testKey) {
				t.Errorf("err = %v, want one about %q, without the key", err, tc.want)
			}
		})
	}
}

func TestWithKeySendsWithTheOtherKey(t *testing.T) {
	t.Parallel()
	h := newHost(t, answer(http.StatusOK, taken))
	first := h.client(t)
	second, err := first.WithKey("another-key")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*dmly.Client{second, first} {
		if _, err := c.WhatsApp.SendText(t.Context(), aText); err != nil {
			t.Fatal(err)
		}
	}
	got := h.all()
	if a, b := got[0].Header.Get("x-api-key"), got[1].Header.Get("x-api-key"); a != "another-key" || b != testKey {
		t.Errorf("keys sent: %q, %q", a, b)
	}
}

// replaying is a transport that repeats what it can, as net/http does over HTTP/2.
type replaying struct{ posts int }

func (p *replaying) RoundTrip(r *http.Request) (*http.Response, error) {
	for body := r.Body; ; {
		if _, err := io.ReadAll(body); err != nil {
			return nil, err
		}
		p.posts++
		if r.GetBody == nil || p.posts == 10 {
			return nil, errors.New("stream reset")
		}
		again, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		body = again
	}
}

func TestTheTransportHasNothingToRepeat(t *testing.T) {
	t.Parallel()
	transport := &replaying{}
	_, err := send(t, newClient(t, dmly.Options{Transport: transport}))
	if class(err) != "unknown" || transport.posts != 1 {
		t.Errorf("%d posts, then %v", transport.posts, err)
	}
}

func TestTheKeyIsInNoFormatAndNoError(t *testing.T) {
	t.Parallel()
	client := newClient(t, dmly.Options{})
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		for _, value := range []any{client, *client, client.WhatsApp, []*dmly.Client{client}} {
			if got := fmt.Sprintf(format, value); strings.Contains(got, testKey) {
				t.Errorf("%s: %s", format, got)
			}
		}
	}
	var logs bytes.Buffer
	slog.New(slog.NewTextHandler(&logs, nil)).InfoContext(t.Context(), "x", slog.Any("client", client))
	slog.New(slog.NewJSONHandler(&logs, nil)).InfoContext(t.Context(), "x", slog.Any("client", client))
	if strings.Contains(logs.String(), testKey) {
		t.Errorf("logged: %s", &logs)
	}
	echo := newHost(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nx-api-key "+testKey+"\r\n\r\n")
			_ = conn.Close()
		}
	})
	if _, err := send(t, echo.client(t)); class(err) != "unknown" || strings.Contains(err.Error(), testKey) {
		t.Errorf("err = %v", err)
	}
	trailer := newHost(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-api-key "+testKey+"\r\n\r\n")
			_ = conn.Close()
		}
	})
	if _, err := send(t, trailer.client(t)); class(err) != "unknown" || strings.Contains(err.Error(), testKey) || !strings.Contains(err.Error(), "[key]") {
		t.Errorf("err = %v", err)
	}
	sent, err := send(t, newHost(t, answer(http.StatusOK, `{"id":"`+testKey+strings.Repeat("x", 1000)+`"}`)).client(t))
	if err != nil || strings.Contains(sent.ID, testKey) || len(sent.ID) > 500 {
		t.Errorf("sent with id %.40s…, %v", sent.ID, err)
	}
}

// Over HTTP/2, what a server never read of a connection that it closes in good order could not be told from what it did.
func TestTheClientOffersHTTP1Alone(t *testing.T) {
	t.Parallel()
	offered := make(chan []string, 1)
	server := httptest.NewUnstartedServer(answer(http.StatusOK, taken))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		offered <- hello.SupportedProtos
		return nil, errors.New("this is all that was to be seen")
	}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := newClient(t, dmly.Options{BaseURL: server.URL}).Send(t.Context(), aText)
	if got := <-offered; slices.Contains(got, "h2") || class(err) != "not sent" {
		t.Errorf("it offers %q, and ends with %v", got, err)
	}
}
