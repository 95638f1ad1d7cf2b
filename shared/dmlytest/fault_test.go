package dmlytest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/dmlytest"
)

func TestFaultShapesTheAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    dmlytest.Fault
		code     int
		header   map[string]string
		status   string
		err      string
		accepted int
	}{
		"server error":        {dmlytest.Fault{Status: 500}, 500, nil, "failed", "planned fault: Internal Server Error", 0},
		"error after sending": {dmlytest.Fault{Status: 500, Accept: new(true)}, 500, nil, "failed", "planned fault: Internal Server Error", 1},
		"bare unavailable":    {dmlytest.Fault{Status: 503}, 503, map[string]string{"Retry-After": ""}, "failed", "planned fault: Service Unavailable", 0},
		"wait seconds":        {dmlytest.Fault{Status: 503, RetryAfter: "2"}, 503, map[string]string{"Retry-After": "2"}, "failed", "planned fault: Service Unavailable", 0},
		"wait for a date": {
			dmlytest.Fault{Status: 429, RetryAfter: "Wed, 18 Feb 2026 10:30:00 GMT"}, 429,
			map[string]string{"Retry-After": "Wed, 18 Feb 2026 10:30:00 GMT"}, "failed", "planned fault: Too Many Requests", 0,
		},
		"key refused":         {dmlytest.Fault{Status: 403, Error: "key disabled"}, 403, nil, "failed", "key disabled", 0},
		"redirect":            {dmlytest.Fault{Status: 302, Redirect: "/elsewhere"}, 302, map[string]string{"Location": "/elsewhere"}, "failed", "planned fault: Found", 0},
		"error in a 200":      {dmlytest.Fault{Status: 200, Error: "channel disconnected"}, 200, nil, "failed", "channel disconnected", 0},
		"error alone":         {dmlytest.Fault{Error: "channel disconnected"}, 200, nil, "failed", "channel disconnected", 0},
		"error, yet sent":     {dmlytest.Fault{Error: "billing failed", Accept: new(true)}, 200, nil, "failed", "billing failed", 1},
		"other success":       {dmlytest.Fault{Status: 202}, 202, nil, "sent", "", 1},
		"failure in status":   {dmlytest.Fault{MessageStatus: "Undelivered", Accept: new(false)}, 200, nil, "Undelivered", "", 0},
		"success by any name": {dmlytest.Fault{MessageStatus: "QUEUED", Accept: new(true)}, 200, nil, "QUEUED", "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{})
			r.sim.Inject(test.fault)
			got := r.post(sendText, bodies[sendText])
			if got.code != test.code || got.Status != test.status || got.Error != test.err {
				t.Errorf("answer: got %d %s, want %d %q %q", got.code, got.text, test.code, test.status, test.err)
			}
			for name, want := range test.header {
				if value := got.header.Get(name); value != want {
					t.Errorf("%s: got %q, want %q", name, value, want)
				}
			}
			r.wantAccepted(test.accepted)
			if told, want := got.ID != "", test.accepted == 1 && test.code/100 == 2 && test.err == ""; told != want {
				t.Errorf("id %q told: got %t, want %t", got.ID, told, want)
			}
			if after := r.post(sendText, bodies[sendText]); after.code != http.StatusOK {
				t.Errorf("the request after the fault: got %d %s, want 200", after.code, after.text)
			}
		})
	}
}

func TestFaultMakesTheAnswerUnreadable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    dmlytest.Fault
		code     int
		accepted int
	}{
		"after sending":      {dmlytest.Fault{Unreadable: true}, 200, 1},
		"without sending":    {dmlytest.Fault{Unreadable: true, Accept: new(false)}, 200, 0},
		"gateway's own page": {dmlytest.Fault{Unreadable: true, Status: 502}, 502, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{})
			r.sim.Inject(test.fault)
			got := r.post(sendText, bodies[sendText])
			if got.code != test.code || !strings.HasPrefix(got.text, "<html>") {
				t.Errorf("answer: got %d %s, want %d and HTML", got.code, got.text, test.code)
			}
			r.wantAccepted(test.accepted)
		})
	}
}

func TestFaultCutsTheConnection(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    dmlytest.Fault
		want     error
		accepted int
	}{
		"before the request is read": {dmlytest.Fault{Cut: dmlytest.CutBefore}, syscall.ECONNRESET, 0},
		"before, for one body":       {dmlytest.Fault{Cut: dmlytest.CutBefore, Match: "hello"}, syscall.ECONNRESET, 0},
		"before, after a while":      {dmlytest.Fault{Cut: dmlytest.CutBefore, Latency: "1ms"}, syscall.ECONNRESET, 0},
		"after it is accepted":       {dmlytest.Fault{Cut: dmlytest.CutAfter}, syscall.ECONNRESET, 1},
		"after it is read only":      {dmlytest.Fault{Cut: dmlytest.CutAfter, Accept: new(false)}, syscall.ECONNRESET, 0},
		"within the answer":          {dmlytest.Fault{Cut: dmlytest.CutAnswer}, io.ErrUnexpectedEOF, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{})
			r.post(sendText, bodies[sendText]) // so that the cut meets a kept-alive connection
			r.sim.Inject(test.fault)
			if got, err := r.try(t.Context(), sendText, bodies[sendText]); !errors.Is(err, test.want) {
				t.Errorf("error: got %v (answer %d %s), want %v", err, got.code, got.text, test.want)
			}
			r.wantAccepted(1 + test.accepted)
			if got := r.sim.Fired()[0].Fired; got != 1 {
				t.Errorf("fired: got %d, want 1", got)
			}
			if got := r.post(sendText, bodies[sendText]); got.code != http.StatusOK {
				t.Errorf("the request after the cut: got %d %s, want 200", got.code, got.text)
			}
		})
	}
}

func TestCutBeforeDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	r.sim.Inject(dmlytest.Fault{Cut: dmlytest.CutBefore})
	conn := r.dial("Content-Length: 1000\r\n\r\n{")
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: got %d bytes, %v, want %v", n, err, syscall.ECONNRESET)
	}
	r.wantAccepted(0)
}

func TestCutWorksOnAnyServer(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"TLS": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{})
			secure := httptest.NewUnstartedServer(r.sim)
			secure.EnableHTTP2 = http2
			secure.StartTLS()
			t.Cleanup(secure.Close)
			r.base, r.client = secure.URL+dmlytest.BasePath, secure.Client()
			for _, at := range []dmlytest.Cut{dmlytest.CutBefore, dmlytest.CutAfter, dmlytest.CutAnswer} {
				r.sim.Inject(dmlytest.Fault{Cut: at})
				if got, err := r.try(t.Context(), sendText, bodies[sendText]); err == nil {
					t.Errorf("cut %s: got answer %d %s, want none", at, got.code, got.text)
				}
			}
			r.wantAccepted(2)
		})
	}
}

func TestCutWithoutAConnectionAborts(t *testing.T) {
	t.Parallel()
	sim := dmlytest.New(dmlytest.Options{})
	sim.Inject(dmlytest.Fault{Cut: dmlytest.CutAfter})
	defer func() {
		if got, ok := recover().(error); !ok || !errors.Is(got, http.ErrAbortHandler) {
			t.Errorf("panic: got %v, want %v", got, http.ErrAbortHandler)
		}
		if got := len(sim.Messages()); got != 1 {
			t.Errorf("accepted messages: got %d, want 1", got)
		}
	}()
	sim.ServeHTTP(httptest.NewRecorder(), request(t.Context()))
}

func TestLatencyHoldsTheAnswerBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := dmlytest.New(dmlytest.Options{})
		sim.Inject(dmlytest.Fault{Latency: "1.5s"}, dmlytest.Fault{Latency: "3s", Status: 503})
		for _, want := range []struct {
			code int
			took time.Duration
		}{{200, 1500 * time.Millisecond}, {503, 3 * time.Second}} {
			start, rec := time.Now(), httptest.NewRecorder()
			sim.ServeHTTP(rec, request(t.Context()))
			if took := time.Since(start); rec.Code != want.code || took != want.took {
				t.Errorf("got %d after %s, want %d after %s", rec.Code, took, want.code, want.took)
			}
		}
	})
}

func TestLatencyEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault    dmlytest.Fault
		accepted int
	}{
		"accepted, answered too late":  {dmlytest.Fault{Latency: "1h"}, 1},
		"never accepted, and too late": {dmlytest.Fault{Latency: "1h", Cut: dmlytest.CutBefore}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, ended := make(chan struct{}), make(chan error, 1)
			r := newRig(t, dmlytest.Options{Wait: func(ctx context.Context, d time.Duration) error {
				if d != time.Hour {
					t.Errorf("latency: got %s, want 1h", d)
				}
				close(begun)
				<-ctx.Done()
				ended <- ctx.Err()
				return ctx.Err()
			}})
			r.sim.Inject(test.fault)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			failed := make(chan error, 1)
			go func() {
				_, err := r.try(ctx, sendText, bodies[sendText])
				failed <- err
			}()
			<-begun
			r.wantAccepted(test.accepted) // settled before the client gives up
			leave()
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("client: got %v, want %v", err, context.Canceled)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("server: got %v, want %v", err, context.Canceled)
			}
			r.wantAccepted(test.accepted)
		})
	}
}

func TestLatencyHearsTheContextByTheRealClockToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := dmlytest.New(dmlytest.Options{})
		sim.Inject(dmlytest.Fault{Latency: "1h"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		defer func() {
			if got, ok := recover().(error); !ok || !errors.Is(got, http.ErrAbortHandler) || time.Since(start) != time.Second {
				t.Errorf("got panic %v after %s, want %v after 1s", got, time.Since(start), http.ErrAbortHandler)
			}
		}()
		sim.ServeHTTP(httptest.NewRecorder(), request(ctx))
	})
}

func TestStartEndsRequestsThatAreStillHeld(t *testing.T) {
	t.Parallel()
	held, ended := make(chan struct{}), make(chan struct{})
	var test endedTest
	sim, base := dmlytest.Start(&test, dmlytest.Options{Wait: func(ctx context.Context, _ time.Duration) error {
		close(held)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}})
	sim.Inject(dmlytest.Fault{Latency: "1h"})
	r := &rig{t: t, sim: sim, base: base, client: &http.Client{Transport: &http.Transport{}}}
	answered := make(chan error, 1)
	go func() {
		_, err := r.try(t.Context(), sendText, bodies[sendText])
		answered <- err
	}()
	<-held
	test.cleanup()
	<-ended
	if err := <-answered; err == nil {
		t.Error("a request that was held when its test ended: got an answer, want an error")
	}
}

// endedTest is a dmlytest.TB whose end the test chooses.
type endedTest struct{ cleanup func() }

func (*endedTest) Helper()            {}
func (e *endedTest) Cleanup(f func()) { e.cleanup = f }

func TestFaultsMeetTheRequestsTheyMatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	r.sim.Inject(
		dmlytest.Fault{Match: "hello", Operation: "messenger/sendtext", Status: 500},
		dmlytest.Fault{Match: "order_shipped", Status: 501, Times: 2},
		dmlytest.Fault{Operation: "telegram/sendtemplate", Status: 502, Times: -1},
		dmlytest.Fault{Status: 503, Match: `"W"`},
		dmlytest.Fault{Status: 504},
	)
	for i, step := range []struct {
		operation string
		want      int
	}{
		{"telegram/sendtemplate", 502},
		{"whatsapp/sendtemplate", 501},
		{"messenger/sendtext", 500},
		{"messenger/sendtext", 503}, // the first in order that is left
		{"telegram/sendtemplate", 502},
		{"whatsapp/sendtemplate", 501},
		{"whatsapp/sendtemplate", 504},
		{"whatsapp/sendtemplate", 200},
		{"telegram/sendtemplate", 502},
	} {
		if got := r.post(step.operation, bodies[step.operation]).code; got != step.want {
			t.Errorf("step %d, %s: got %d, want %d", i, step.operation, got, step.want)
		}
	}
	for i, want := range []int{1, 2, 3, 1, 1} {
		if got := r.sim.Fired()[i].Fired; got != want {
			t.Errorf("fault %d fired: got %d, want %d", i, got, want)
		}
	}
	r.sim.ClearFaults()
	if got := r.post("telegram/sendtemplate", bodies["telegram/sendtemplate"]).code; got != http.StatusOK {
		t.Errorf("after clearing: got %d, want 200", got)
	}
}

func TestRefusedRequestsUseUpNoFault(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{RatePerMinute: 1})
	r.post(sendText, bodies[sendText])
	r.sim.Inject(dmlytest.Fault{Status: 500})
	r.post(sendText, `{}`)
	r.post("telegram/sendtext", bodies[sendText])
	r.post(sendText, bodies[sendText], func(req *http.Request) { req.Header.Del("x-api-key") })
	r.post(sendText, bodies[sendText], func(req *http.Request) { req.Header.Del("Content-Type") })
	if got := r.post(sendText, bodies[sendText]).code; got != http.StatusTooManyRequests {
		t.Errorf("over the rate: got %d, want 429", got)
	}
	if got := r.sim.Fired()[0].Fired; got != 0 {
		t.Errorf("fired: got %d, want 0", got)
	}
	r.clock.advance(time.Minute)
	if got := r.post(sendText, bodies[sendText]).code; got != http.StatusInternalServerError {
		t.Errorf("an acceptable request: got %d, want 500", got)
	}
}

func TestInjectPanicsOnFaultsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	sim := dmlytest.New(dmlytest.Options{})
	defer func() {
		if got, want := recover(), "dmlytest: fault 2: cut \"before\" accepts nothing"; got != want {
			t.Errorf("panic: got %v, want %v", got, want)
		}
		if got := len(sim.Fired()); got != 0 {
			t.Errorf("planned faults: got %d, want 0", got)
		}
	}()
	sim.Inject(dmlytest.Fault{Status: 500}, dmlytest.Fault{Cut: dmlytest.CutBefore, Accept: new(true)})
}

// request is an acceptable request for a handler that is called directly.
func request(ctx context.Context) *http.Request {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/messages/"+sendText, strings.NewReader(bodies[sendText]))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", dmlytest.DefaultKey)
	return req
}
