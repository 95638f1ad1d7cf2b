// Package httpapi is the function behind API Gateway: it takes messages over HTTP,
// in this project's own form and in that of DMLY's own callers.
package httpapi

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
)

// Handler serves the HTTP API. It is safe for concurrent use.
type Handler struct {
	Sender   *delivery.Sender
	Queues   queue.Lanes
	Callers  *Callers
	Defaults message.Defaults
	Log      *slog.Logger
}

// Routes are the paths of the API. DMLY's own are served both below /v1 and below
// /api/v1, so that a caller of DMLY has to change the host alone.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v1/messages", h.known(problems, h.postMessage))
	mux.Handle("/v1/messages", methodNotAllowed(problems))
	for _, prefix := range []string{"", "/api"} {
		for _, op := range dmly.Operations() {
			path := prefix + op.Path()
			mux.Handle("POST "+path, h.known(asDMLY, h.postRequest(op)))
			mux.Handle(path, methodNotAllowed(asDMLY))
		}
		mux.Handle(prefix+"/v1/messages/{channel}/{operation}", http.HandlerFunc(noSuchOperation))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		problems(w, http.StatusNotFound, "there is nothing at this path; messages go to POST /v1/messages")
	})
	return mux
}

// refusal writes an answer that says no, in the form that the path's callers expect.
type refusal func(w http.ResponseWriter, status int, detail string)

// scopeSend is what a caller needs to send.
const scopeSend = "send"

// known lets only those in who have a key that may send, before anything else is
// looked at.
func (h *Handler) known(refuse refusal, next func(http.ResponseWriter, *http.Request, caller)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, ok, err := h.Callers.find(r.Context(), r.Header.Get("x-api-key"))
		switch {
		case err != nil:
			h.Log.ErrorContext(r.Context(), "the callers' keys cannot be read", slog.String("error", err.Error()))
			refuse(w, http.StatusServiceUnavailable, "the keys of this API cannot be read at the moment; try again later")
		case !ok:
			refuse(w, http.StatusUnauthorized, "the x-api-key header is missing or wrong")
		case !from.may(scopeSend, ""):
			refuse(w, http.StatusForbidden, "this key may not send messages")
		default:
			next(w, r, from)
		}
	})
}

// notYourWorkspace is said to a caller whose key is for others.
const notYourWorkspace = "this key may not send from this workspace"

func methodNotAllowed(refuse refusal) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "only POST is allowed here")
	}
}

func noSuchOperation(w http.ResponseWriter, _ *http.Request) {
	names := make([]string, 0, len(dmly.Operations()))
	for _, op := range dmly.Operations() {
		names = append(names, string(op))
	}
	asDMLY(w, http.StatusNotFound, "there is no such operation; there is "+strings.Join(names, ", "))
}

var errTooLarge = errors.New("the body is too large")

// readBody reads a body of at most the size that a message may have. One byte more
// tells a body that is too large from one that just fits.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, message.MaxBytes+1))
	if err == nil && len(body) > message.MaxBytes {
		return nil, errTooLarge
	}
	return body, err
}

// messageID is the id that the caller chose: in the body, in an Idempotency-Key
// header (quoted, as the IETF's draft has it, or bare), or in both alike. Without
// one, a message gets an id of its own, and sending it twice sends it twice.
func (h *Handler) messageID(r *http.Request, inBody string) (string, error) {
	header := r.Header.Get("Idempotency-Key")
	if len(header) > 1 && strings.HasPrefix(header, `"`) && strings.HasSuffix(header, `"`) {
		header = header[1 : len(header)-1]
	}
	switch {
	// API Gateway joins repeated headers with a comma, and its adapter splits at each:
	// the first part of a key is not the key.
	case len(r.Header.Values("Idempotency-Key")) > 1:
		return "", errors.New("there is more than one Idempotency-Key header, or a comma in it: send one, of A-Z a-z 0-9 . _ : @ = + -")
	case header != "" && !message.ValidID(header):
		return "", errors.New("the Idempotency-Key header is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -")
	case header != "" && inBody != "" && header != inBody:
		return "", errors.New("the Idempotency-Key header and the message's id differ: send one of them, or both alike")
	case header != "":
		return header, nil
	case inBody != "":
		return inBody, nil
	default:
		return "m-" + h.Sender.NewToken(), nil
	}
}
