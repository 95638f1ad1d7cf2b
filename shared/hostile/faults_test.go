package hostile_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
)

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

// Over TCP it is chance whether the body has left when the connection is cut before the server has read it; nearly always it
// has. With Transport it always has.
func TestACutBeforeTheBodyWasReadIsUnknownOverTransport(t *testing.T) {
	t.Parallel()
	sim := dmlytest.New(dmlytest.Options{})
	sim.Inject(dmlytest.Fault{Cut: dmlytest.CutBefore})
	got := send(t, host{"http://127.0.0.1", &hostile.Transport{Handler: sim}}, 0, time.Now())
	if want := (told{class: "unknown", cause: "cut"}); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
}
