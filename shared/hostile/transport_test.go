package hostile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
)

// host is a server that can be reached, or not.
type host struct {
	baseURL   string
	transport http.RoundTripper // that of net/http if it is nil
}

// network is one of the two ways to a handler.
type network struct {
	within      func(*testing.T, func(*testing.T))
	serve       func(*testing.T, http.Handler) host
	unreachable func(*testing.T) host
}

// Everything has to be the same over both.
var networks = map[string]network{
	"over TCP": {
		within: func(t *testing.T, test func(*testing.T)) { t.Helper(); test(t) },
		serve: func(t *testing.T, handler http.Handler) host {
			t.Helper()
			server := httptest.NewUnstartedServer(handler)
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // it says what is wrong with a handler, which is what is wanted here
			server.Start()
			transport := &http.Transport{}
			t.Cleanup(func() {
				transport.CloseIdleConnections()
				server.CloseClientConnections() // ends the requests that a long latency still holds
				server.Close()
			})
			return host{server.URL, transport}
		},
		unreachable: func(t *testing.T) host {
			t.Helper()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			return host{baseURL: "http://" + l.Addr().String()}
		},
	},
	"over Transport": {
		within: synctest.Test,
		serve: func(_ *testing.T, handler http.Handler) host {
			return host{"http://127.0.0.1", &hostile.Transport{Handler: handler}}
		},
		unreachable: func(t *testing.T) host {
			t.Helper()
			return host{"http://127.0.0.1", &hostile.Transport{
				Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }),
				Before:  func(*http.Request) error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} },
			}}
		},
	},
}

// overBoth runs a test over each network.
func overBoth(t *testing.T, test func(*testing.T, network)) {
	t.Helper()
	for name, n := range networks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n.within(t, func(t *testing.T) { t.Helper(); test(t, n) })
		})
	}
}

// told is what the client learns of a send.
type told struct {
	class              string
	status             int
	id, detail         string
	retryAfter         time.Duration
	cause              string
	accepted, requests int
}

// The causes without an answer. A connection that was cut shows in different ways, by chance.
var causes = []struct {
	name string
	errs []error
}{
	{"no connection", []error{syscall.ECONNREFUSED}},
	{"cut", []error{syscall.ECONNRESET, syscall.EPIPE, io.EOF}},
	{"broken off", []error{io.ErrUnexpectedEOF}},
	{"too late", []error{context.DeadlineExceeded}},
}

func learn(got dmly.MessageResponse, err error) told {
	if err == nil {
		return told{class: "sent", id: got.ID}
	}
	l := told{class: "unclassified: " + err.Error()}
	var failure dmly.Failure
	if e, ok := errors.AsType[*dmly.RejectedError](err); ok {
		l.class, failure = "rejected", e.Failure
	} else if e, ok := errors.AsType[*dmly.KeyRefusedError](err); ok {
		l.class, failure = "key refused", e.Failure
	} else if e, ok := errors.AsType[*dmly.NotSentError](err); ok {
		l.class, failure = "not sent", e.Failure
		if e.RateLimited {
			l.class = "rate limited"
		}
	} else if e, ok := errors.AsType[*dmly.UnknownError](err); ok {
		l.class, failure = "unknown", e.Failure
	}
	l.status, l.id, l.detail, l.retryAfter = failure.StatusCode, failure.ID, failure.Detail, failure.RetryAfter
	for _, cause := range causes {
		for _, target := range cause.errs {
			if errors.Is(err, target) {
				l.cause = cause.name
			}
		}
	}
	return l
}

// planned is what the simulator says of a status that was ordered.
func planned(status int) string { return "planned fault: " + http.StatusText(status) }

func TestTheClientLearnsOverTransportWhatItLearnsOverTCP(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 18, 10, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		fault       dmlytest.Fault
		unreachable bool
		deadline    time.Duration // of the client; 30 s if it is 0
		want        told
	}{
		"sent":             {want: told{class: "sent", id: "sim-000001", accepted: 1, requests: 1}},
		"no connection":    {unreachable: true, want: told{class: "not sent", cause: "no connection"}},
		"the time is over": {deadline: -1, want: told{class: "not sent", cause: "too late"}},

		"cut before": {
			fault: dmlytest.Fault{Cut: dmlytest.CutBefore, Match: "Hello"}, // so that the simulator reads the body first: see below
			want:  told{class: "unknown", cause: "cut", requests: 1},
		},
		"cut after": {
			fault: dmlytest.Fault{Cut: dmlytest.CutAfter},
			want:  told{class: "unknown", cause: "cut", accepted: 1, requests: 1},
		},
		"cut after, late": {
			fault: dmlytest.Fault{Cut: dmlytest.CutAfter, Latency: "10ms"},
			want:  told{class: "unknown", cause: "cut", accepted: 1, requests: 1},
		},
		"cut in the answer": {
			fault: dmlytest.Fault{Cut: dmlytest.CutAnswer},
			want:  told{class: "unknown", status: 200, cause: "broken off", accepted: 1, requests: 1},
		},
		"slow": {
			fault: dmlytest.Fault{Latency: "10ms"},
			want:  told{class: "sent", id: "sim-000001", accepted: 1, requests: 1},
		},
		"slower than the client waits": {
			fault: dmlytest.Fault{Latency: "10m"}, deadline: time.Second,
			want: told{class: "unknown", cause: "too late", accepted: 1, requests: 1},
		},
		"a cut after the client has left": {
			fault: dmlytest.Fault{Cut: dmlytest.CutBefore, Latency: "10m"}, deadline: time.Second,
			want: told{class: "unknown", cause: "too late", requests: 1},
		},

		"200 with an error": {
			fault: dmlytest.Fault{Error: "no such contact"},
			want:  told{class: "rejected", status: 200, detail: "no such contact", requests: 1},
		},
		"200 with a status that failed": {
			fault: dmlytest.Fault{MessageStatus: "failed", Accept: new(false)},
			want:  told{class: "rejected", status: 200, requests: 1},
		},
		"unreadable": {
			fault: dmlytest.Fault{Unreadable: true},
			want:  told{class: "unknown", status: 200, accepted: 1, requests: 1},
		},
		"unreadable, from a proxy": {
			fault: dmlytest.Fault{Unreadable: true, Status: 502},
			want:  told{class: "unknown", status: 502, requests: 1},
		},
		"a redirect": {
			fault: dmlytest.Fault{Status: 307, Redirect: "/elsewhere"},
			want:  told{class: "unknown", status: 307, detail: planned(307), requests: 1},
		},
		"204":           {fault: dmlytest.Fault{Status: 204}, want: told{class: "unknown", status: 204, accepted: 1, requests: 1}},
		"400":           {fault: dmlytest.Fault{Status: 400}, want: told{class: "rejected", status: 400, detail: planned(400), requests: 1}},
		"401":           {fault: dmlytest.Fault{Status: 401}, want: told{class: "key refused", status: 401, detail: planned(401), requests: 1}},
		"403":           {fault: dmlytest.Fault{Status: 403}, want: told{class: "key refused", status: 403, detail: planned(403), requests: 1}},
		"408":           {fault: dmlytest.Fault{Status: 408}, want: told{class: "unknown", status: 408, detail: planned(408), requests: 1}},
		"429":           {fault: dmlytest.Fault{Status: 429}, want: told{class: "rate limited", status: 429, detail: planned(429), requests: 1}},
		"500":           {fault: dmlytest.Fault{Status: 500}, want: told{class: "unknown", status: 500, detail: planned(500), requests: 1}},
		"503":           {fault: dmlytest.Fault{Status: 503}, want: told{class: "unknown", status: 503, detail: planned(503), requests: 1}},
		"500, accepted": {fault: dmlytest.Fault{Status: 500, Accept: new(true)}, want: told{class: "unknown", status: 500, detail: planned(500), accepted: 1, requests: 1}},
		"429, in seconds": {
			fault: dmlytest.Fault{Status: 429, RetryAfter: "7"},
			want:  told{class: "rate limited", status: 429, detail: planned(429), retryAfter: 7 * time.Second, requests: 1},
		},
		"503, by a date": {
			fault: dmlytest.Fault{Status: 503, RetryAfter: now.Add(time.Minute).Format(http.TimeFormat)},
			want:  told{class: "not sent", status: 503, detail: planned(503), retryAfter: time.Minute, requests: 1},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, func(t *testing.T, n network) {
				t.Helper()
				sim, requests := dmlytest.New(dmlytest.Options{}), atomic.Int32{}
				if tc.fault != (dmlytest.Fault{}) {
					sim.Inject(tc.fault)
				}
				var h host
				if tc.unreachable {
					h = n.unreachable(t)
				} else {
					h = n.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests.Add(1); sim.ServeHTTP(w, r) }))
				}
				got := send(t, h, tc.deadline, now)
				got.accepted, got.requests = len(sim.Messages()), int(requests.Load())
				if got != tc.want {
					t.Errorf("told\n got %+v\nwant %+v", got, tc.want)
				}
			})
		})
	}
}

// send has the real client send a message.
func send(t *testing.T, h host, deadline time.Duration, now time.Time) told {
	t.Helper()
	client, err := dmly.NewClient(dmlytest.DefaultKey, dmly.Options{
		BaseURL: h.baseURL + dmlytest.BasePath, Transport: h.transport, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if deadline == 0 {
		deadline = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	return learn(client.Send(ctx, dmly.WhatsAppText{
		Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: "+15551234567"}, TextMessage: "Hello",
	}))
}

// Over TCP it is chance whether the body has left when the connection is cut before anything was read. Transport knows
// only the worse of the two.
func TestACutBeforeTheBodyWasReadIsUnknownOverTransport(t *testing.T) {
	t.Parallel()
	sim := dmlytest.New(dmlytest.Options{})
	sim.Inject(dmlytest.Fault{Cut: dmlytest.CutBefore})
	got := send(t, host{"http://127.0.0.1", &hostile.Transport{Handler: sim}}, 0, time.Now())
	if want := (told{class: "unknown", cause: "cut"}); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
}

// A handler sees the same request, and a client of plain net/http the same answer.
func TestRequestsAndAnswersPassUnchanged(t *testing.T) {
	t.Parallel()
	answers := map[string]struct {
		handler http.HandlerFunc
		method  string
		body    string
		want    string
	}{
		"what the handler sees": {
			method: http.MethodPut, body: "Hello",
			handler: func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %s %s at %s: %q of %d (%v), %q", r.Method, r.URL, r.RequestURI, r.Host, body, r.ContentLength, err, r.Header["X-One"])
			},
			want: `200 "PUT /a%2Fb?c=d /a%2Fb?c=d at example.com: \"Hello\" of 5 (<nil>), [\"1\"]", <nil>`,
		},
		"no body":            {handler: func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, want: `200 "", <nil>`},
		"a status alone":     {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, want: `418 "", <nil>`},
		"nothing at all":     {handler: func(http.ResponseWriter, *http.Request) {}, want: `200 "", <nil>`},
		"the first status":   {handler: statuses(202, 500), want: `202 "", <nil>`},
		"hints before":       {handler: statuses(103, 202), want: `202 "", <nil>`},
		"no body by nature":  {handler: promises("Hello", 5), method: http.MethodHead, want: `200 "", <nil>`},
		"more than promised": {handler: promises("Hello", 3), want: `200 "", unexpected EOF`},
		"no content":         {handler: func(w http.ResponseWriter, r *http.Request) { statuses(204)(w, r); promises("Hello", 5)(w, r) }, want: `204 "", <nil>`},
		"nothing new":        {handler: func(w http.ResponseWriter, r *http.Request) { statuses(304)(w, r); promises("Hello", 5)(w, r) }, want: `304 "", <nil>`},
		"less than promised": {handler: promises("Hello", 9), want: `200 "Hello", unexpected EOF`},
		"a header too late": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusOK)
				w.Header().Set("X-One", "late")
			},
			want: `200 "", <nil>`,
		},
		"a header": {
			handler: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-One", "2") },
			want:    `200 "", <nil>, X-One 2`,
		},
		"cut while it answers": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "Hello")
				panic(http.ErrAbortHandler)
			},
			want: "cut",
		},
	}
	for name, tc := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, func(t *testing.T, n network) {
				t.Helper()
				h := n.serve(t, tc.handler)
				var body io.Reader
				if tc.body != "" {
					body = strings.NewReader(tc.body)
				}
				r, err := http.NewRequestWithContext(t.Context(), tc.method, h.baseURL+"/a%2Fb?c=d", body)
				if err != nil {
					t.Fatal(err)
				}
				r.Host = "example.com"
				r.Header.Set("X-One", "1")
				if got := exchange(h, r); got != tc.want {
					t.Errorf("got %s, want %s", got, tc.want)
				}
			})
		})
	}
}

func statuses(codes ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, code := range codes {
			w.WriteHeader(code)
		}
	}
}

func promises(body string, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(length))
		_, _ = io.WriteString(w, body)
	}
}

// exchange is what a client of net/http makes of the answer.
func exchange(h host, r *http.Request) string {
	resp, err := (&http.Client{Transport: h.transport}).Do(r)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return "cut"
	}
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	got := fmt.Sprintf("%d %q, %v", resp.StatusCode, body, err)
	if one := resp.Header.Get("X-One"); one != "" {
		got += ", X-One " + one
	}
	return got
}

func TestARequestThatCannotBeReadDoesNotArrive(t *testing.T) {
	t.Parallel()
	overBoth(t, func(t *testing.T, n network) {
		t.Helper()
		h := n.serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err == nil {
				t.Error("half of a request arrived as a whole one")
			}
		}))
		reader, writer := io.Pipe()
		go func() {
			_, _ = io.WriteString(writer, "Hel")
			_ = writer.CloseWithError(os.ErrDeadlineExceeded)
		}()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.baseURL, reader)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: h.transport}).Do(r)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("err = %v, want that of the body", err)
		}
		if err == nil {
			resp.Body.Close()
		}
		if _, err := io.WriteString(writer, "lo"); err == nil {
			t.Error("the body was not closed")
		}
	})
}

func TestAMistakeInAHandlerIsNotTakenForAFault(t *testing.T) {
	t.Parallel()
	h := &hostile.Transport{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("mistake") })}
	defer func() {
		if got := recover(); got != "mistake" {
			t.Errorf("recovered %v", got)
		}
	}()
	resp, err := h.RoundTrip(httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", http.NoBody))
	t.Errorf("it went on with %v, %v", resp, err)
}
