package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// accepted is the answer to POST /v1/messages.
type accepted struct {
	ID    string         `json:"id"`
	State delivery.State `json:"state"`
}

// postMessage takes a message in this project's own form and answers once it is
// written down and queued.
func (h *Handler) postMessage(w http.ResponseWriter, r *http.Request, from caller) {
	body, err := readBody(r)
	if err != nil {
		h.refuseBody(w, err)
		return
	}
	m, err := message.Decode(body, h.Defaults)
	if err != nil {
		h.refuseBody(w, err)
		return
	}
	if !from.may(scopeSend, m.Workspace.ID) {
		problems(w, http.StatusForbidden, notYourWorkspace)
		return
	}
	if m.ID, err = h.messageID(r, m.ID); err != nil {
		problems(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	if err := delivery.CheckAhead(m.SendAt, h.Sender.Clock.Now()); err != nil {
		writeProblem(w, http.StatusUnprocessableEntity, "the message is not valid", []message.Problem{{Pointer: "/sendAt", Detail: err.Error()}})
		return
	}
	taken := h.Sender.Accept(r.Context(), m, h.Queues.For)
	switch result := taken.Result; {
	case taken.Err != nil:
		h.refuseBody(w, taken.Err)
	case result.Conflict:
		problems(w, http.StatusUnprocessableEntity, delivery.TakenReason)
	default:
		w.Header().Set("Location", "/v1/messages/"+url.PathEscape(result.Item.ID))
		writeJSON(w, http.StatusAccepted, "application/json", accepted{ID: result.Item.ID, State: result.Item.State})
	}
}

// refuseBody says what is wrong with a body, or that it could not be taken.
func (h *Handler) refuseBody(w http.ResponseWriter, err error) {
	invalid, isInvalid := errors.AsType[*message.Error](err)
	switch {
	case errors.Is(err, errTooLarge), isInvalid && invalid.TooLarge:
		problems(w, http.StatusRequestEntityTooLarge, "a message may have at most 65536 bytes")
	case isInvalid && invalid.Malformed:
		writeProblem(w, http.StatusBadRequest, "the body is not a JSON object", invalid.Problems)
	case isInvalid:
		writeProblem(w, http.StatusUnprocessableEntity, "the message is not valid", invalid.Problems)
	default:
		h.Log.Error("a message could not be accepted", slog.String("error", err.Error()))
		problems(w, http.StatusServiceUnavailable, "the message could not be accepted; send it again with the same id")
	}
}
