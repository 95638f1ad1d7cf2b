package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/functions/api/httpapi/schema"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

type dropInOutput struct {
	Status int
	SentHeader
	Body DMLYAnswer
}

// registerDropIn serves the nine operations of DMLY as DMLY does.
func (a *api) registerDropIn() {
	for _, op := range dmly.Operations() {
		channel, typ := message.Split(op)
		register(a, huma.Operation{
			OperationID: string(channel) + "Send" + strings.ToUpper(string(typ[:1])) + string(typ[1:]),
			Method:      http.MethodPost, Path: op.Path(), Tags: []string{dropIn}, Security: needs(scopeSend),
			MaxBodyBytes: message.MaxBytes + 1, SkipValidateBody: true, // message does it
		}, func(described *huma.Operation) {
			described.Summary = "Send a " + string(typ) + " message to " + string(channel) + ", as DMLY does"
			described.Description = "Takes DMLY's own body, passes on the fields that it does not know, sends at once, and answers in DMLY's form. " +
				"Without an `Idempotency-Key`, repeating the request sends again, as it does with DMLY."
			described.Parameters = sendHeaders
			described.RequestBody = jsonBody(schema.Request(op), "", examples()[op])
			body := ref[DMLYAnswer](a)
			a.answers(described, map[int]*huma.Response{
				http.StatusOK:         answer("It was sent.", body),
				http.StatusAccepted:   answer("The queue will send it (accepted, waiting), or its outcome is unknown: do not repeat it without its Idempotency-Key.", body),
				http.StatusBadRequest: answer("It is not valid, or was rejected, failed or expired: error says why.", body),
			}, stillSending, tooLarge, mediaType, invalidKey, idTaken, tooMany)
		}, func(ctx context.Context, in *sendInput) (*dropInOutput, *Problem) { return a.dropIn(ctx, op, in) })
	}
}

func (a *api) dropIn(ctx context.Context, op dmly.Operation, in *sendInput) (*dropInOutput, *Problem) {
	key, p := in.key()
	if p != nil {
		return nil, p
	}
	m, err := message.DecodeRequest(op, in.RawBody, a.Defaults)
	if err != nil {
		return nil, problemOfDecode(err)
	}
	if p := callerOf(ctx).mayUse(m.Workspace.ID); p != nil {
		return nil, p
	}
	id, keyed, p := a.idOf(key, "")
	if p != nil {
		return nil, p
	}
	m.ID = id
	if keyed {
		if p := a.mayTake(ctx, id); p != nil {
			return nil, p
		}
	}
	prefer := in.preferred(maxWait)
	var done sent
	if prefer.wait > 0 {
		done, p = a.sendNow(ctx, m, keyed, prefer.wait)
	} else {
		got := a.Sender.Accept(ctx, m, a.Queues.For)
		done, p = sent{item: got.Result.Item, replayed: got.Known}, problemOf(m, got)
	}
	if p == nil {
		p = unsent(done.item)
	}
	if p != nil {
		return nil, p
	}
	return asDMLYAnswers(m.ID, done, prefer), nil
}

// asDMLYAnswers says in DMLY's terms what became of a message.
func asDMLYAnswers(id string, done sent, prefer preference) *dropInOutput {
	out := &dropInOutput{
		Status: http.StatusAccepted, SentHeader: sentHeader(id, prefer, done.replayed),
		Body: DMLYAnswer{ID: id, Status: string(done.item.State)},
	}
	switch done.item.State { //nolint:exhaustive // of the others the state says all
	case "": // the queue has it, and nobody has written it down yet
		out.Body.Status = string(delivery.Accepted)
	case delivery.Sent:
		out.Status, out.Body = http.StatusOK, DMLYAnswer{ID: done.item.DMLYID, Status: done.item.DMLYStatus}
	}
	return out
}
