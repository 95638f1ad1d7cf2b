package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// MessageStatus is where a message stands, and how it came there.
type MessageStatus struct {
	ID         string         `json:"id" doc:"The message's id." example:"order-1042-shipped"`
	State      delivery.State `json:"state" doc:"Where it stands."`
	Generation int            `json:"generation" minimum:"1" doc:"Counts from 1; a correction or a resend starts the next."`
	Attempts   int            `json:"attempts" minimum:"0" doc:"How many posts this content used up."`
	Workspace  string         `json:"workspace,omitempty" doc:"The workspace that it is sent from." example:"W1"`
	DMLYID     string         `json:"dmlyId,omitempty" doc:"DMLY's id of it, once it was sent." example:"6650f0a1"`
	DMLYStatus string         `json:"dmlyStatus,omitempty" doc:"What DMLY said of it." example:"sent"`
	Reason     string         `json:"reason,omitempty" doc:"Why it stands there. It may quote DMLY."`
	// NextAttemptAt is set for a message that waits or is scheduled.
	NextAttemptAt  *time.Time   `json:"nextAttemptAt,omitempty" doc:"When a scheduled message goes, or a waiting one is tried again, at the earliest."`
	NeedsAttention bool         `json:"needsAttention" doc:"Whether a person should look at it: it is unknown, failed or rejected, and nobody has dropped it."`
	History        []Transition `json:"history" nullable:"false" doc:"How it came there: the last 20 transitions, the oldest first."`
	Content        any          `json:"content,omitempty" doc:"The message as it came, as long as it needs attention: to be mended and sent again. A text if it is no JSON. Left out of a list that would become too large."`
	// RememberedUntil is when the id is free again.
	RememberedUntil time.Time `json:"rememberedUntil" doc:"Until when the id is remembered, unless something happens to it."`
}

// Transition is one entry of a history.
type Transition struct {
	At      time.Time      `json:"at" doc:"When it happened."`
	State   delivery.State `json:"state" doc:"Where the message came to stand."`
	Reason  string         `json:"reason,omitempty" doc:"Why; or who decided it."`
	Attempt int            `json:"attempt,omitempty" doc:"The attempts used up by then."`
}

func (a *api) statusOf(i delivery.Item) MessageStatus {
	s := MessageStatus{
		ID: i.ID, State: i.State, Generation: i.Generation, Attempts: i.Attempts, Workspace: i.Workspace, DMLYID: i.DMLYID,
		DMLYStatus: i.DMLYStatus, Reason: i.Reason, NeedsAttention: i.NeedsAttention(), History: []Transition{}, RememberedUntil: i.ForgetAt.UTC(),
	}
	if i.State == delivery.Waiting || i.State == delivery.Scheduled {
		next := i.NotBefore.UTC()
		if now := a.Sender.Clock.Now().UTC(); next.Before(now) {
			next = now
		}
		s.NextAttemptAt = &next
	}
	for _, t := range i.History {
		s.History = append(s.History, Transition{At: t.At.UTC(), State: t.State, Reason: t.Reason, Attempt: t.Attempt})
	}
	return s
}

// contentOf is what is kept of a message for whoever looks at it: as JSON, if it is some.
func contentOf(i delivery.Item) any {
	switch {
	case !i.NeedsAttention() || len(i.Content) == 0:
		return nil
	case jsontext.Value(i.Content).IsValid():
		return json.RawMessage(i.Content)
	default:
		return string(i.Content)
	}
}

// PathID names the message that a request is about.
type PathID struct {
	ID string `path:"id" doc:"The message's id." example:"order-1042-shipped"`
}

type statusOutput struct {
	Body MessageStatus
}

type listInput struct {
	State  string `query:"state" required:"true" enum:"unknown,failed,rejected" doc:"Which of the messages that need a person."`
	Cursor string `query:"cursor" doc:"Where the page before ended: its next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"How many messages a page has at most."`
}

// Resolve implements [huma.Resolver].
func (*listInput) Resolve(ctx huma.Context) []error { return emptyLimit(ctx) }

// emptyLimit refuses an empty limit, which is not a number, and which huma takes for none at all.
func emptyLimit(ctx huma.Context) []error {
	u := ctx.URL()
	if query := u.Query(); query.Has("limit") && query.Get("limit") == "" {
		return []error{&huma.ErrorDetail{Location: "query.limit", Message: "is empty; send a number, or leave it out"}}
	}
	return nil
}

// Page is a part of a list.
type Page struct {
	Messages []MessageStatus `json:"messages" nullable:"false" doc:"Those that have stood there longest come first."`
	Next     string          `json:"next,omitempty" doc:"The cursor of the next page; not there behind the last. A page may have fewer messages than limit, or none, before it."`
}

type listOutput struct {
	Link string `header:"Link" doc:"RFC 8288: the next page, with rel=\"next\"."`
	Body Page
}

func (a *api) registerRead() {
	register(a, huma.Operation{
		OperationID: "getMessage", Method: http.MethodGet, Path: "/v1/messages/{id}", Tags: []string{messages}, Security: needs(scopeRead),
		Summary:     "See where a message stands",
		Description: "Its state, DMLY's id and status, the next attempt and the history; while it needs a person also what it says.",
	}, func(op *huma.Operation) { a.answers(op, nil, notFound, tooMany) }, a.getMessage)
	register(a, huma.Operation{
		OperationID: "listMessages", Method: http.MethodGet, Path: "/v1/messages", Tags: []string{messages}, Security: needs(scopeRead),
		Summary:                      "List the messages that need a person",
		Description:                  "Those that are unknown, failed or rejected and that nobody has settled.",
		RejectUnknownQueryParameters: true,
	}, func(op *huma.Operation) {
		a.answers(op, map[int]*huma.Response{http.StatusOK: linked(answer("A page of them.", ref[Page](a)), "$response.body#/messages/0/id")}, badRequest, tooMany)
	}, a.listMessages)
}

func (a *api) getMessage(ctx context.Context, in *PathID) (*statusOutput, *Problem) {
	item, p := a.find(ctx, in.ID)
	if p != nil {
		return nil, p
	}
	status := a.statusOf(item)
	status.Content = contentOf(item)
	return &statusOutput{Body: status}, nil
}

// find is the item of a message that the caller may see. Others are not there.
func (a *api) find(ctx context.Context, id string) (delivery.Item, *Problem) {
	missing := notFound.problem(delivery.ErrNotFound.Error())
	if !canBeID(id) {
		return delivery.Item{}, missing
	}
	item, ok, err := a.Sender.Ledger.Get(ctx, id, a.Sender.Clock.Now())
	switch {
	case err != nil:
		return delivery.Item{}, problemOfService(err, "the message could not be looked up; try again")
	case !ok || !callerOf(ctx).sees(item):
		return delivery.Item{}, missing
	}
	return item, nil
}

// canBeID says whether the ledger can have something under an id: a message, or what was refused because its id was taken.
func canBeID(id string) bool {
	if conflicting, ok := strings.CutPrefix(id, delivery.ConflictPrefix); ok {
		id = conflicting[:max(0, strings.LastIndexByte(conflicting, ':'))]
	}
	return message.ValidID(id)
}

func (a *api) listMessages(ctx context.Context, in *listInput) (*listOutput, *Problem) {
	shown, next, err := a.page(ctx, in)
	switch {
	case errors.Is(err, delivery.ErrList):
		return nil, badRequest.problem("a parameter is not valid: see errors").with([]message.Problem{{Pointer: "/cursor", Detail: err.Error()}})
	case err != nil:
		return nil, problemOfService(err, "the messages could not be listed; try again")
	}
	out := &listOutput{Body: Page{Messages: []MessageStatus{}, Next: next}}
	room := maxContents
	for _, item := range shown {
		status := a.statusOf(item)
		if room -= len(item.Content); room >= 0 {
			status.Content = contentOf(item)
		}
		out.Body.Messages = append(out.Body.Messages, status)
	}
	if next != "" {
		query := url.Values{"state": {in.State}, "limit": {strconv.Itoa(in.Limit)}, "cursor": {next}}
		out.Link = "</v1/messages?" + query.Encode() + `>; rel="next"`
	}
	return out, nil
}

// maxContents is how many bytes of contents a list may have: Lambda hands over 6 MB, and what is quoted twice there can grow to
// seven times its size.
const maxContents = 512 << 10

// maxPage is how many messages a page can have.
const maxPage = 100

// page is the next one on which the caller sees something, or the last. A cursor names the message that it stands behind, so
// that it has to be one that the caller sees.
func (a *api) page(ctx context.Context, in *listInput) (shown []delivery.Item, next string, err error) {
	from, n := callerOf(ctx), in.Limit
	if from.workspaces.set {
		n = maxPage // others' messages may come first
	}
	next = in.Cursor
	for {
		items, after, err := a.Problems.Problems(ctx, delivery.State(in.State), n, next, a.Sender.Clock.Now())
		if err != nil {
			return nil, "", err
		}
		for _, item := range items {
			if from.sees(item) {
				shown = append(shown, item)
			}
		}
		switch more := len(shown) > in.Limit; {
		case more || after != "" && len(shown) > 0:
			shown = shown[:min(in.Limit, len(shown))]
			return shown, shown[len(shown)-1].Place().Cursor(), nil
		case after == "":
			return shown, "", nil
		}
		next = after
	}
}
