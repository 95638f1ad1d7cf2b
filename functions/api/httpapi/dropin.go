package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// DMLY's callers get their answer after sending. wait is how long that may take;
// the queued recheck comes after it, when this function has certainly ended.
const (
	wait         = 20 * time.Second
	recheckDelay = wait + 10*time.Second
)

// postRequest takes the body of one of DMLY's own operations, sends it, and answers
// as DMLY would.
func (h *Handler) postRequest(op dmly.Operation) func(http.ResponseWriter, *http.Request, caller) {
	return func(w http.ResponseWriter, r *http.Request, from caller) {
		body, err := readBody(r)
		if err != nil {
			h.refuseRequest(w, err)
			return
		}
		m, err := message.DecodeRequest(op, body, h.Defaults)
		if err != nil {
			h.refuseRequest(w, err)
			return
		}
		if !from.may(scopeSend, m.Workspace.ID) {
			asDMLY(w, http.StatusForbidden, notYourWorkspace)
			return
		}
		if m.ID, err = h.messageID(r, ""); err != nil {
			asDMLY(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		h.sendNow(w, r, m)
	}
}

// sendNow queues a recheck before it sends, so that the message is not lost if this
// function ends in the middle.
func (h *Handler) sendNow(w http.ResponseWriter, r *http.Request, m message.Message) {
	content, err := m.Encode()
	if err != nil {
		h.refuseRequest(w, err)
		return
	}
	if r.Header.Get("Idempotency-Key") != "" { // only then can it be known already
		known, err := h.Sender.Look(r.Context(), m)
		if err != nil {
			h.refuseRequest(w, err)
			return
		}
		if known.Done || known.Conflict {
			answerAs(w, m.ID, known)
			return
		}
	}
	recheck := delivery.Record{Body: content, ID: m.ID, Group: m.Workspace.ID, Delay: recheckDelay, Recheck: true}
	if err := h.Queues.For(delivery.LaneOf(m)).Enqueue(r.Context(), recheck); err != nil {
		h.refuseRequest(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	result, err := h.deliver(ctx, m)
	if err != nil { // the queue has it: it will be sent
		result = delivery.Result{Item: delivery.Item{ID: m.ID, State: delivery.Accepted}}
	}
	answerAs(w, m.ID, result)
}

// deliver sends the message. A panic becomes an error: the queue has the message, and
// an answer that says otherwise would bring it again.
func (h *Handler) deliver(ctx context.Context, m message.Message) (result delivery.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while sending message %s: %T", m.ID, p)
			h.Log.ErrorContext(ctx, "panic", slog.String("id", m.ID), slog.String("panic", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
		}
	}()
	return h.Sender.Deliver(ctx, m)
}

// answerAs says in DMLY's terms what became of a message. A 5xx is never among them:
// it would invite a second send.
func answerAs(w http.ResponseWriter, id string, result delivery.Result) {
	item := result.Item
	w.Header().Set("Location", "/v1/messages/"+url.PathEscape(id))
	switch {
	case result.Conflict:
		asDMLY(w, http.StatusUnprocessableEntity, delivery.TakenReason)
	case item.State == delivery.Sent:
		writeJSON(w, http.StatusOK, "application/json", dmly.MessageResponse{ID: item.DMLYID, Status: item.DMLYStatus})
	case item.State == delivery.Rejected || item.State == delivery.Failed || item.State == delivery.Expired || item.State == delivery.Cancelled:
		writeJSON(w, http.StatusBadRequest, "application/json", dmly.MessageResponse{ID: item.DMLYID, Status: string(item.State), Error: item.Reason})
	case item.State == "":
		writeJSON(w, http.StatusAccepted, "application/json", dmly.MessageResponse{ID: id, Status: string(delivery.Accepted)})
	default:
		writeJSON(w, http.StatusAccepted, "application/json", dmly.MessageResponse{ID: id, Status: string(item.State)})
	}
}

func (h *Handler) refuseRequest(w http.ResponseWriter, err error) {
	invalid, isInvalid := errors.AsType[*message.Error](err)
	switch {
	case errors.Is(err, errTooLarge), isInvalid && invalid.TooLarge:
		asDMLY(w, http.StatusRequestEntityTooLarge, "a message may have at most 65536 bytes")
	case isInvalid:
		asDMLY(w, http.StatusBadRequest, invalid.Error())
	default:
		h.Log.Error("a message could not be accepted", slog.String("error", err.Error()))
		asDMLY(w, http.StatusServiceUnavailable, "the message could not be taken; send it again, with the same Idempotency-Key if it had one")
	}
}
