package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// Moving is what is to become of a message that is held.
type Moving struct {
	SendAt string `json:"sendAt" format:"date-time" doc:"When it is to go instead; what is past is at once. At most a year ahead." example:"2026-12-01T09:00:00+01:00"`
}

type moveInput struct {
	PathID
	Body Moving
}

type cancelInput struct {
	CancelKey string `query:"cancelKey" required:"true" doc:"The cancelKey of the messages." example:"order-42"`
	Cursor    string `query:"cursor" doc:"Where the request before ended: its next."`
}

// Cancellations is what became of the messages under a cancelKey.
type Cancellations struct {
	Cancelled    []string       `json:"cancelled" nullable:"false" doc:"The ids of those that were cancelled now."`
	NotCancelled []NotCancelled `json:"notCancelled" nullable:"false" doc:"Those that waited or were being sent, and were not cancelled."`
	Next         string         `json:"next,omitempty" doc:"There may be others: the cursor of the request that goes on. A request looks at a thousand messages, of which many may be at rest."`
}

// NotCancelled is a message that was not cancelled.
type NotCancelled struct {
	ID     string         `json:"id" doc:"The message's id." example:"order-42-reminder"`
	State  delivery.State `json:"state,omitempty" doc:"Where it stands, if that is known."`
	Detail string         `json:"detail" doc:"Why it was not cancelled."`
}

type cancellationsOutput struct {
	Body Cancellations
}

func (a *api) registerLater() {
	register(a, huma.Operation{
		OperationID: "moveMessage", Method: http.MethodPatch, Path: "/v1/messages/{id}", Tags: []string{messages}, Security: needs(scopeSend),
		MaxBodyBytes: message.MaxBytes + 1,
		Summary:      "Move a scheduled message to another time",
		Description:  "Answers with the message once it is certain that it goes at the new time, within its hours, and not before. Repeating it does the same.",
	}, func(op *huma.Operation) {
		a.answers(op, nil, malformedBody, notFound, wrongState, tooLarge, mediaType, invalidMessage, tooMany)
	}, a.moveMessage)
	register(a, huma.Operation{
		OperationID: "cancelMessages", Method: http.MethodDelete, Path: "/v1/messages", Tags: []string{messages}, Security: needs(scopeSend),
		Summary: "Cancel all that waits under a cancelKey",
		Description: "Cancels each message with this cancelKey that is accepted, scheduled or waiting, and says which. Messages on a queue that no worker has " +
			"seen yet are not found. Repeating it is harmless.",
		RejectUnknownQueryParameters: true,
	}, func(op *huma.Operation) {
		for _, p := range op.Parameters { // not where it would be compiled at each start
			switch p.Name {
			case "cancelKey":
				p.Schema.Pattern = "^[A-Za-z0-9._:@=+-]{1,255}$"
			case "cursor": // a message's id, or as good as none
				p.Schema.Pattern = "^[A-Za-z0-9._:@=+-]{0,255}$"
			}
		}
		a.answers(op, nil, badRequest, tooMany)
	}, a.cancelMessages)
}

func (a *api) moveMessage(ctx context.Context, in *moveInput) (*statusOutput, *Problem) {
	if _, p := a.find(ctx, in.ID); p != nil {
		return nil, p
	}
	sendAt, err := message.ParseInstant(in.Body.SendAt)
	if err != nil {
		return nil, badTime(err)
	}
	item, err := a.Sender.Move(ctx, in.ID, sendAt, callerOf(ctx).who(), a.Queues.For)
	if errors.Is(err, delivery.ErrNotMoved) && item.State == delivery.Scheduled {
		return nil, badTime(err)
	}
	return a.acted(item, err, "it is not known whether the message was moved; repeat the request")
}

// badTime says what is wrong with the time that a message is to be moved to.
func badTime(err error) *Problem {
	return invalidMessage.problem("the time is not valid: see errors").with([]message.Problem{{Pointer: "/sendAt", Detail: err.Error()}})
}

func (a *api) cancelMessages(ctx context.Context, in *cancelInput) (*cancellationsOutput, *Problem) {
	if !message.ValidID(in.CancelKey) {
		return nil, badRequest.problem("the query parameter cancelKey is no key: it has 1 to 255 of A-Z a-z 0-9 . _ : @ = + -")
	}
	if in.Cursor != "" && !message.ValidID(in.Cursor) {
		return nil, badRequest.problem("the query parameter cursor is none that this request gave: start again without one")
	}
	all, next, err := a.Sender.CancelUnder(ctx, in.CancelKey, in.Cursor, callerOf(ctx).who(), callerOf(ctx).sees)
	if err != nil {
		return nil, problemOfService(err, "not all messages could be looked up; repeat the request")
	}
	body := Cancellations{Cancelled: []string{}, NotCancelled: []NotCancelled{}, Next: next}
	for _, c := range all {
		switch {
		case c.Err == nil:
			body.Cancelled = append(body.Cancelled, c.Item.ID)
		case errors.Is(c.Err, delivery.ErrNotCancelled):
			body.NotCancelled = append(body.NotCancelled, NotCancelled{ID: c.Item.ID, State: c.Item.State, Detail: c.Err.Error()})
		case !errors.Is(c.Err, delivery.ErrNotFound): // forgotten in between
			p := a.explained(ctx, problemOfService(c.Err, "it is not known whether the message was cancelled; repeat the request"))
			body.NotCancelled = append(body.NotCancelled, NotCancelled{ID: c.Item.ID, Detail: p.Detail})
		}
	}
	slices.Sort(body.Cancelled)
	return &cancellationsOutput{Body: body}, nil
}
