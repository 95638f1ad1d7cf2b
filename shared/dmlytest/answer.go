package dmlytest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"
)

// response is the reference's MessageResponse. It has all three fields in every answer.
type response struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

// refusal is an answer to a request that did not get as far as a fault.
type refusal struct {
	code       int
	reason     string
	allow      string // Allow header
	retryAfter string // Retry-After header
}

func (f *refusal) write(w http.ResponseWriter) {
	if f.allow != "" {
		w.Header().Set("Allow", f.allow)
	}
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	writeJSON(w, f.code, response{Status: StatusFailed, Error: f.reason})
}

// answer carries out what was decided about a message. m has an id if it was accepted; fault may be nil.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, m Message, fault *plan) {
	if fault == nil {
		writeJSON(w, http.StatusOK, response{ID: m.ID, Status: m.Status})
		return
	}
	if fault.latency > 0 && s.wait(r.Context(), fault.latency) != nil {
		panic(http.ErrAbortHandler) // nobody is there to be answered
	}
	switch fault.Cut {
	case CutBefore, CutAfter:
		cut(w)
	case CutAnswer:
		writeHalf(w, response{ID: m.ID, Status: m.Status})
	default:
		fault.write(w, m)
	}
}

// write answers as the fault says. The id is told only in a plain success; whether DMLY gives failures one is not known.
func (p *plan) write(w http.ResponseWriter, m Message) {
	if p.RetryAfter != "" {
		w.Header().Set("Retry-After", p.RetryAfter)
	}
	if p.Redirect != "" {
		w.Header().Set("Location", p.Redirect)
	}
	code := cmp.Or(p.Status, http.StatusOK)
	if p.Unreadable {
		write(w, code, "text/html", []byte("<html><body>"+http.StatusText(code)+"</body></html>\n"))
		return
	}
	answer := response{ID: m.ID, Status: cmp.Or(p.MessageStatus, m.Status), Error: p.Error}
	if code/100 != 2 || p.Error != "" {
		answer = response{Status: cmp.Or(p.MessageStatus, StatusFailed), Error: cmp.Or(p.Error, "planned fault: "+http.StatusText(code))}
	}
	writeJSON(w, code, answer)
}

func writeJSON(w http.ResponseWriter, code int, value any) {
	write(w, code, "application/json", encode(value))
}

// writeHalf promises a whole body by its Content-Length and breaks off in it. net/http then closes the connection.
// It is not a reset, which could overtake the half that was sent.
func writeHalf(w http.ResponseWriter, value any) {
	body := encode(value)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body[:len(body)/2]) // a client that is gone needs no answer
}

func write(w http.ResponseWriter, code int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) //nolint:gosec // JSON, or HTML with nothing of a request in it; and a client that is gone needs no answer
}

// encode leaves a recorded body as it was, but for white space.
func encode(value any) []byte {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // only strings, numbers, and JSON that was checked come here
	}
	return body.Bytes()
}

// cut resets the connection under a request: the client sees a TCP reset, or as near to it as the server allows.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no connection to take over: HTTP/2, or a recorder
	}
	raw := conn
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = wrapped.NetConn() // TLS would say goodbye first
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closing then sends RST; if it cannot be set, closing is what is left
	}
	_ = raw.Close()
}

// wait is the Wait of a Server whose Options have none.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
