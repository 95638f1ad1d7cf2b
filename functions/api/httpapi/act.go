package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// messages is the tag of the operations on messages.
const messages = "Messages"

// settlePath is the last part of the path at which a message is settled.
const settlePath = "settle"

// Settling is what a person decides about a message that needs one.
type Settling struct {
	As         string `json:"as" enum:"sent,resend,drop" doc:"sent: it has arrived, as somebody found out. resend: send it once more, as a new generation. drop: leave it as it is."`
	Generation whole  `json:"generation" minimum:"1" maximum:"2147483647" doc:"The generation that the decision is about, as the message's status has it: with it, repeating the request does nothing twice."`
}

// whole is a whole number as JSON has it: 2.0 and 2e0 are 2.
type whole int

// UnmarshalJSON implements [json.Unmarshaler].
func (w *whole) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return errors.New("is no number of a generation")
	}
	*w = whole(f)
	return nil
}

type settleInput struct {
	PathID
	Body Settling
}

func (a *api) registerAct() {
	register(a, huma.Operation{
		OperationID: "cancelMessage", Method: http.MethodDelete, Path: "/v1/messages/{id}", Tags: []string{messages}, Security: needs(scopeSend),
		Summary:     "Cancel a message that is not yet being sent",
		Description: "Answers with the message once it is certain that it is not sent; repeating it does the same.",
	}, func(op *huma.Operation) { a.answers(op, nil, notFound, wrongState, tooMany) }, a.cancelMessage)
	register(a, huma.Operation{
		OperationID: "settleMessage", Method: http.MethodPost, Path: "/v1/messages/{id}/" + settlePath, Tags: []string{messages}, Security: needs(scopeSettle),
		MaxBodyBytes: message.MaxBytes + 1, // what is wrong with a larger one would be too much for an answer
		Summary:      "Settle a message that needs a person",
		Description:  "`sent` is for a message that is unknown, `resend` for one that is unknown or failed, `drop` for these and for a rejected one. Who decided stands in the history.",
	}, func(op *huma.Operation) {
		a.answers(op, nil, malformedBody, notFound, wrongState, tooLarge, mediaType, invalidMessage, tooMany)
	}, a.settleMessage)
}

func (a *api) cancelMessage(ctx context.Context, in *PathID) (*statusOutput, *Problem) {
	if _, p := a.find(ctx, in.ID); p != nil {
		return nil, p
	}
	item, err := a.Sender.Cancel(ctx, in.ID, callerOf(ctx).who())
	return a.acted(item, err, "the message could not be cancelled; try again")
}

func (a *api) settleMessage(ctx context.Context, in *settleInput) (*statusOutput, *Problem) {
	if _, p := a.find(ctx, in.ID); p != nil {
		return nil, p
	}
	item, err := a.Sender.Settle(ctx, in.ID, int(in.Body.Generation), delivery.Settlement(in.Body.As), callerOf(ctx).who(), a.Queues.For)
	return a.acted(item, err, "it is not known whether the message was settled; repeat the request with the same generation")
}

// acted is the answer to what somebody did with a message.
func (a *api) acted(item delivery.Item, err error, failed string) (*statusOutput, *Problem) {
	switch {
	case errors.Is(err, delivery.ErrNotFound): // forgotten in between
		return nil, notFound.problem(err.Error())
	case errors.Is(err, delivery.ErrNotSettled), errors.Is(err, delivery.ErrNotCancelled), errors.Is(err, delivery.ErrNotMoved):
		p := wrongState.problem(err.Error())
		p.ID, p.State = item.ID, item.State
		return nil, p
	case err != nil:
		return nil, problemOfService(err, failed)
	}
	return &statusOutput{Body: a.statusOf(item)}, nil
}
