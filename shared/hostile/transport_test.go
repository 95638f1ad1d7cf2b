package hostile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"dmlysender/shared/hostile"
)

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
		"no body by nature":  {handler: promises(5), method: http.MethodHead, want: `200 "", <nil>`},
		"more than promised": {handler: promises(3), want: `200 "", unexpected EOF`},
		"no content":         {handler: func(w http.ResponseWriter, r *http.Request) { statuses(204)(w, r); promises(5)(w, r) }, want: `204 "", <nil>`},
		"nothing new":        {handler: func(w http.ResponseWriter, r *http.Request) { statuses(304)(w, r); promises(5)(w, r) }, want: `304 "", <nil>`},
		"less than promised": {handler: promises(9), want: `200 "Hello", unexpected EOF`},
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

// promises is a handler that writes 5 bytes, whatever length it promises.
func promises(length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(length))
		_, _ = io.WriteString(w, "Hello")
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
	})
}

// body notes whether it was closed.
type body struct {
	io.Reader
	closed bool
}

// Close implements [io.Closer].
func (b *body) Close() error {
	b.closed = true
	return nil
}

func TestTransportClosesTheBody(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx context.Context //nolint:containedctx // the context is what this table varies
		h   host
	}{
		"of a request that was answered": {t.Context(), networks["over Transport"].serve(t, statuses(200))},
		"without a connection":           {t.Context(), networks["over Transport"].unreachable(t)},
		"without the time":               {over, networks["over Transport"].serve(t, statuses(200))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &body{Reader: strings.NewReader("Hello")}
			r, err := http.NewRequestWithContext(tc.ctx, http.MethodPost, tc.h.baseURL, b)
			if err != nil {
				t.Fatal(err)
			}
			if got := exchange(tc.h, r); !b.closed {
				t.Errorf("it is open after %s", got)
			}
		})
	}
}

func TestAMistakeInAHandlerIsNotTakenForAFault(t *testing.T) {
	t.Parallel()
	h := host{"http://127.0.0.1", &hostile.Transport{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("mistake") })}}
	defer func() {
		if got := recover(); got != "mistake" {
			t.Errorf("recovered %v", got)
		}
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.baseURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("it went on with %s", exchange(h, r))
}
