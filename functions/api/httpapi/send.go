package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/functions/api/httpapi/schema"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

const (
	// maxMessages is how many messages one request may have.
	maxMessages = 100
	// maxListBytes is how large a request with several may be. Lambda takes 6 MB, and what is quoted twice grows.
	maxListBytes = 1 << 20
	// retryLater is when to repeat a request that met a service which does not answer.
	retryLater = 2 * time.Second
)

// Receipt is what became of a message that was sent here.
type Receipt struct {
	ID    string         `json:"id" doc:"The message's id." example:"order-1042-shipped"`
	State delivery.State `json:"state" doc:"Where it stands." example:"accepted"`
	// EstimatedSendAt follows from the account's pace and the queue's depth.
	EstimatedSendAt *time.Time `json:"estimatedSendAt,omitempty" doc:"About when it will be sent, by the account's pace and what waits before it."`
	DMLYID          string     `json:"dmlyId,omitempty" doc:"DMLY's id of it, once it was sent." example:"6650f0a1"`
	DMLYStatus      string     `json:"dmlyStatus,omitempty" doc:"What DMLY said of it." example:"sent"`
	Reason          string     `json:"reason,omitempty" doc:"Why it waits, came to rest unsent, or is unknown."`
}

// ItemReceipt is what became of one message of several.
type ItemReceipt struct {
	Index    int  `json:"index" minimum:"0" doc:"Its place in the array, from 0."`
	Status   int  `json:"status" doc:"The HTTP status that it would have had alone." example:"202"`
	Replayed bool `json:"replayed,omitempty" doc:"It was known already: nothing new was accepted."`

	ID              string         `json:"id,omitempty" doc:"The message's id." example:"batch-7.0"`
	State           delivery.State `json:"state,omitempty" doc:"Where it stands, if it was accepted." example:"accepted"`
	EstimatedSendAt *time.Time     `json:"estimatedSendAt,omitempty" doc:"As in a receipt."`
	DMLYID          string         `json:"dmlyId,omitempty" doc:"As in a receipt."`
	DMLYStatus      string         `json:"dmlyStatus,omitempty" doc:"As in a receipt."`
	Reason          string         `json:"reason,omitempty" doc:"As in a receipt."`
	Problem         *Problem       `json:"problem,omitempty" doc:"Why it was not accepted. Its pointers begin at the message."`
}

type sendInput struct {
	SendHeader
	RawBody []byte `contentType:"application/json"`
}

// SentHeader are the headers of the answer to a request that sends.
type SentHeader struct {
	Location          string `header:"Location" doc:"Where the message can be read."`
	PreferenceApplied string `header:"Preference-Applied" doc:"What was heeded of Prefer."`
	Replayed          string `header:"Idempotent-Replayed" doc:"\"true\" if the message was known already: this is the answer again, from the record."`
}

func sentHeader(id string, prefer preference, known bool) SentHeader {
	h := SentHeader{Location: locationOf(id), PreferenceApplied: prefer.applied}
	if known {
		h.Replayed = "true"
	}
	return h
}

// sendOutput is the answer to one message or several.
type sendOutput struct {
	Status int
	SentHeader
	Body any
}

func (a *api) registerSend() {
	register(a, huma.Operation{
		OperationID: "sendMessages", Method: http.MethodPost, Path: "/v1/messages", Tags: []string{messages}, Security: needs(scopeSend),
		MaxBodyBytes: maxListBytes + 1, SkipValidateBody: true, DefaultStatus: http.StatusAccepted,
	}, a.describeSend, a.sendMessages)
}

func (a *api) describeSend(op *huma.Operation) {
	op.Summary = "Send a message, or up to 100"
	op.Description = "Accepts one message and answers once it is written down and queued; with `Prefer: wait=N`, once it was sent. " +
		"Repeating the request with the same id, in the body or as `Idempotency-Key`, is harmless.\n\n" +
		"An array of up to 100 messages is accepted one by one: a bad one does not stop the others. With an `Idempotency-Key`, " +
		"message N has the id `key.N`, counted from 0."
	op.Parameters = sendHeaders
	op.RequestBody = jsonBody(a.either("MessageOrMessages", schema.Message(), a.several()), "One message, or an array of them.", examples()[dmly.OpWhatsAppText].message())
	one, list := ref[Receipt](a), a.named("Receipts", &huma.Schema{Type: huma.TypeArray, Items: ref[ItemReceipt](a)})
	a.answers(op, map[int]*huma.Response{
		http.StatusOK:          linked(answer("It was sent (with `Prefer: wait`).", one), "$response.body#/id"),
		http.StatusAccepted:    linked(answer("Accepted: a receipt, or one for each message of an array.", a.either("ReceiptOrReceipts", one, list)), "$response.body#/id"),
		http.StatusMultiStatus: answer("At least one message of the array was not accepted: its problem says why.", list),
	}, malformedBody, badRequest, stillSending, tooLarge, mediaType, invalidMessage, invalidKey, idTaken, notSent, tooMany)
}

// several describes an array of messages.
func (a *api) several() *huma.Schema {
	least, most := 1, maxMessages
	return a.named("Messages", &huma.Schema{Type: huma.TypeArray, Items: schema.Message(), MinItems: &least, MaxItems: &most})
}

func (a *api) sendMessages(ctx context.Context, in *sendInput) (*sendOutput, *Problem) {
	key, p := in.key()
	if p != nil {
		return nil, p
	}
	if message.IsList(in.RawBody) {
		return a.acceptAll(ctx, key, in.RawBody)
	}
	m, keyed, p := a.read(ctx, key, in.RawBody)
	if p != nil {
		return nil, p
	}
	prefer := in.preferred(0)
	if prefer.wait > 0 {
		done, p := a.sendNow(ctx, m, keyed, prefer.wait)
		if p != nil {
			return nil, p
		}
		return a.receipt(ctx, m, done, prefer)
	}
	got := a.Sender.Accept(ctx, m, a.Queues.For)
	if p := problemOf(m, got); p != nil {
		return nil, p
	}
	return a.accepted(ctx, m, got, prefer), nil
}

// read decodes one message, with its id; keyed says whether it can have been sent before.
func (a *api) read(ctx context.Context, key string, body []byte) (m message.Message, keyed bool, p *Problem) {
	m, err := message.Decode(body, a.Defaults)
	if err != nil {
		return m, false, problemOfDecode(err)
	}
	if p := callerOf(ctx).mayUse(m.Workspace.ID); p != nil {
		return m, false, p
	}
	if m.ID, keyed, p = a.idOf(key, m.ID); p != nil {
		return m, false, p
	}
	if err := delivery.CheckAhead(m.SendAt, a.Sender.Clock.Now()); err != nil {
		p := invalidMessage.problem("the message is not valid: see errors")
		return m, false, p.with([]message.Problem{{Pointer: "/sendAt", Detail: err.Error()}})
	}
	if keyed {
		if p := a.mayTake(ctx, m.ID); p != nil {
			return m, false, p
		}
	}
	return m, keyed, a.inTime(ctx, m, keyed)
}

// inTime refuses a message that could not go before its expiresAt, unless it repeats one that came in time.
func (a *api) inTime(ctx context.Context, m message.Message, keyed bool) *Problem {
	if m.ExpiresAt.IsZero() || delivery.DueAt(m, a.Sender.Clock.Now()).Before(m.ExpiresAt) {
		return nil
	}
	if keyed {
		known, err := a.Sender.Look(ctx, m)
		if err != nil {
			return problemOfMessage(err, m)
		}
		if known.Item.State != "" {
			return nil
		}
	}
	return invalidMessage.problem("the message is not valid: see errors").
		with([]message.Problem{{Pointer: "/expiresAt", Detail: "has passed, or comes before its sendAt or its hours: the message could not be sent any more"}})
}

// mayTake refuses the id of a message that the caller may not see. Its content is another one anyway, but if it was rejected or
// failed, this one would be its correction, and have its history.
func (a *api) mayTake(ctx context.Context, id string) *Problem {
	if !callerOf(ctx).workspaces.set {
		return nil
	}
	item, ok, err := a.Sender.Ledger.Get(ctx, id, a.Sender.Clock.Now())
	switch {
	case err != nil:
		return problemOfService(err, "the message could not be looked up; send it again with the same id")
	case ok && !callerOf(ctx).sees(item):
		return idTaken.problem(delivery.TakenReason)
	default:
		return nil
	}
}

// accepted is the answer to a message that was written down and queued, now or before.
func (a *api) accepted(ctx context.Context, m message.Message, got delivery.Acceptance, prefer preference) *sendOutput {
	return &sendOutput{Status: http.StatusAccepted, SentHeader: sentHeader(m.ID, prefer, got.Known), Body: a.receiptOf(ctx, m, got.Result.Item)}
}

// acceptAll takes an array of messages: each by itself, and those that can be taken together.
func (a *api) acceptAll(ctx context.Context, key string, body []byte) (*sendOutput, *Problem) {
	elements, err := message.Elements(body)
	if err != nil {
		return nil, problemOfDecode(err)
	}
	if n := len(elements); n < 1 || n > maxMessages {
		return nil, invalidMessage.problem("an array has 1 to " + strconv.Itoa(maxMessages) + " messages, not " + strconv.Itoa(n))
	}
	receipts := make([]ItemReceipt, len(elements))
	var messages []message.Message
	var at []int // their places
	for i, element := range elements {
		itemKey := ""
		if key != "" {
			itemKey = key + "." + strconv.Itoa(i)
		}
		receipts[i].Index = i
		m, _, p := a.read(ctx, itemKey, element)
		if p == nil && !message.ValidID(m.ID) {
			p = invalidKey.problem("the Idempotency-Key is too long for an array: .N is added to it")
		}
		if p != nil {
			receipts[i].refuse(a.explained(ctx, p))
			continue
		}
		messages, at = append(messages, m), append(at, i)
	}
	for i, got := range a.Sender.AcceptAll(ctx, messages, a.Queues.For) {
		if p := problemOf(messages[i], got); p != nil {
			receipts[at[i]].refuse(a.explained(ctx, p))
			continue
		}
		receipt := a.receiptOf(ctx, messages[i], got.Result.Item)
		receipts[at[i]] = receipt.of(at[i], got.Known)
	}
	status := http.StatusAccepted
	for _, r := range receipts {
		if r.Problem != nil {
			status = http.StatusMultiStatus
		}
	}
	return &sendOutput{Status: status, Body: receipts}, nil
}

// of is the receipt as that of one message of several.
func (r Receipt) of(index int, replayed bool) ItemReceipt {
	return ItemReceipt{
		Index: index, Status: http.StatusAccepted, Replayed: replayed,
		ID: r.ID, State: r.State, EstimatedSendAt: r.EstimatedSendAt, DMLYID: r.DMLYID, DMLYStatus: r.DMLYStatus, Reason: r.Reason,
	}
}

func (r *ItemReceipt) refuse(p *Problem) { r.Status, r.Problem = p.Status, p }

// receiptOf says where a message stands, and when it will be sent if that is to come.
func (a *api) receiptOf(ctx context.Context, m message.Message, item delivery.Item) Receipt {
	r := Receipt{ID: m.ID, State: item.State, DMLYID: item.DMLYID, DMLYStatus: item.DMLYStatus, Reason: item.Reason}
	switch item.State { //nolint:exhaustive // the others are under way, or at rest
	case "": // the queue has it, and nobody has written it down yet
		r.State = delivery.Accepted
		r.EstimatedSendAt = a.estimate(ctx, m)
	case delivery.Accepted:
		r.EstimatedSendAt = a.estimate(ctx, m)
	case delivery.Scheduled, delivery.Waiting: // for its own time, and behind whatever holds its account back
		m.SendAt = time.Time{} // it may have been moved since
		r.EstimatedSendAt = a.estimate(ctx, m)
		if at := item.NotBefore; at.After(a.Sender.Clock.Now()) && (r.EstimatedSendAt == nil || at.After(*r.EstimatedSendAt)) {
			r.EstimatedSendAt = seconds(at)
		}
	}
	return r
}

// estimate is nil if nothing can be said.
func (a *api) estimate(ctx context.Context, m message.Message) *time.Time {
	if at, ok := a.Forecast.Estimate(ctx, m); ok {
		return seconds(at)
	}
	return nil
}

// seconds is a time as precise as an estimate is: not before it.
func seconds(at time.Time) *time.Time {
	at = at.UTC().Add(time.Second - 1).Truncate(time.Second)
	return &at
}
