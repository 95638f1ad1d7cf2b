package hostile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// errCut is what a client sees of a connection that was cut.
var errCut = errors.New("hostile: connection reset by peer")

// Transport is an [net/http.RoundTripper] that calls a handler, without a network between them. A handler that panics
// with [net/http.ErrAbortHandler] cuts the connection; one that writes less than its Content-Length breaks the answer off
// there. Trailers, streaming and upgrades are not there. It is safe for concurrent use if the handler is.
type Transport struct {
	Handler http.Handler
	// Before, if not nil, is asked before the handler is called. With an error, the connection is not even made.
	Before func(*http.Request) error
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip implements [net/http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close() //nolint:errcheck // as a transport has to, and with nobody to tell
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if t.Before != nil {
		if err := t.Before(r); err != nil {
			return nil, err
		}
	}
	server := r.Clone(r.Context())
	server.RequestURI = r.URL.RequestURI()
	server.RemoteAddr = "127.0.0.1:1"
	w := &answer{header: http.Header{}}
	if !w.serve(t.Handler, server) || r.Context().Err() != nil {
		return nil, w.broken(r)
	}
	return w.response(r), nil
}

// answer is a [net/http.ResponseWriter] that keeps everything.
type answer struct {
	header http.Header
	sent   http.Header // as it was when the answer began
	code   int
	body   bytes.Buffer
}

// Header implements [net/http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [net/http.ResponseWriter].
func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code, a.sent = code, a.header.Clone()
	}
}

// Write implements [net/http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// serve calls the handler, and reports whether it came to its end.
func (a *answer) serve(h http.Handler, r *http.Request) (ended bool) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
		}
	}()
	h.ServeHTTP(a, r)
	a.WriteHeader(http.StatusOK)
	return true
}

func (a *answer) broken(r *http.Request) error {
	if err := r.Context().Err(); err != nil {
		return err
	}
	return fmt.Errorf("read answer: %w", errCut)
}

func (a *answer) response(r *http.Request) *http.Response {
	var body io.Reader = &a.body
	length := int64(a.body.Len())
	if promised, err := strconv.ParseInt(a.sent.Get("Content-Length"), 10, 64); err == nil && promised > length {
		body, length = io.MultiReader(body, brokenOff{}), promised
	}
	return &http.Response{
		StatusCode: a.code, Status: fmt.Sprintf("%d %s", a.code, http.StatusText(a.code)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: io.NopCloser(body), ContentLength: length, Request: r,
	}
}

// brokenOff is the end of an answer that was to be longer.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
