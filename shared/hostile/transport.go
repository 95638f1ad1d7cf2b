package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
)

// errCut is what a client sees of a connection that was cut.
var errCut = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// Transport is a [net/http.RoundTripper] that calls a handler, without a network between them. A handler that panics
// with [net/http.ErrAbortHandler] cuts the connection; one that writes less than its Content-Length breaks the answer off
// there. Any other panic goes on into the client.
//
// The request reaches the handler whole, or not at all. It has the client's context, and the handler has to heed it: the
// client does not leave before the handler returns. Trailers, streaming, informational answers, hijacking and the headers
// that net/http adds by itself are not there. It is safe for concurrent use if the handler and Before are.
type Transport struct {
	Handler http.Handler
	// Before, if not nil, is asked before anything of the request is read. With an error, the connection is not even made.
	Before func(*http.Request) error
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip implements [net/http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // as a transport has to, and with nobody to tell
	}
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if t.Before != nil {
		if err := t.Before(r); err != nil {
			return nil, err
		}
	}
	served, err := arrived(r)
	if err != nil {
		return nil, err
	}
	a := &answer{header: http.Header{}}
	ended := a.serve(t.Handler, served)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !ended:
		return nil, errCut
	default:
		return a.response(r), nil
	}
}

// arrived is the request as a server gets it. Its body is read first, as it is on a network: a server that cuts the
// connection without a look at the body leaves a client that has sent it.
func arrived(r *http.Request) (*http.Request, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	s := r.Clone(r.Context())
	s.Body, s.ContentLength, s.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	s.RequestURI = r.URL.RequestURI()
	s.URL.Scheme, s.URL.Host = "", ""
	s.RemoteAddr = "127.0.0.1:1"
	return s, nil
}

// answer is a [net/http.ResponseWriter] that keeps everything.
type answer struct {
	header http.Header
	code   int // 0 until the answer begins
	sent   http.Header
	length int64 // of the body, as the header has it; -1 if it does not
	body   bytes.Buffer
}

// Header implements [net/http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [net/http.ResponseWriter].
func (a *answer) WriteHeader(code int) {
	if a.code != 0 || code < http.StatusOK {
		return
	}
	a.code, a.sent, a.length = code, a.header.Clone(), -1
	if length, err := strconv.ParseInt(a.sent.Get("Content-Length"), 10, 64); err == nil {
		a.length = length
	}
}

// Write implements [net/http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.length >= 0 && int64(a.body.Len()+len(p)) > a.length {
		return 0, http.ErrContentLength
	}
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

// response is what the client gets to see.
func (a *answer) response(r *http.Request) *http.Response {
	resp := &http.Response{
		StatusCode: a.code, Status: fmt.Sprintf("%d %s", a.code, http.StatusText(a.code)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: http.NoBody, ContentLength: a.length, Request: r,
	}
	if r.Method == http.MethodHead || a.code == http.StatusNoContent || a.code == http.StatusNotModified {
		return resp
	}
	var body io.Reader = &a.body
	if length := int64(a.body.Len()); a.length > length {
		body = io.MultiReader(body, brokenOff{})
	} else {
		resp.ContentLength = length
	}
	resp.Body = io.NopCloser(body)
	return resp
}

// brokenOff is the end of an answer that was to be longer.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
