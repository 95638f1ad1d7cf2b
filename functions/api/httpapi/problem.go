package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// ProblemsPath is the page on which each type of problem stands, under its name.
const ProblemsPath = "/problems"

// kind is a type of problem: what a caller can tell problems apart by.
type kind struct {
	// name is the anchor on the page.
	name   string
	status int
	title  string
	// advice is for the page: what the caller should do.
	advice string
}

// The types of problems. A test holds the page and the OpenAPI document against them.
var (
	badRequest       = kind{"bad-request", http.StatusBadRequest, "The request cannot be understood", "Correct the parameter that errors names."}
	malformedBody    = kind{"malformed-body", http.StatusBadRequest, "The body is not JSON of the expected form", "Send one JSON object (or, to POST /v1/messages, an array), in UTF-8, with no name twice in it."}
	noKey            = kind{"no-key", http.StatusUnauthorized, "The x-api-key header is missing or wrong", "Send a key of this API. The stack's outputs have the command that shows the first one."}
	notAllowed       = kind{"not-allowed", http.StatusForbidden, "The key may not do this", "Use a key that has the scope and the workspace, or have them added to this one in the secret with the callers' keys."}
	notFound         = kind{"not-found", http.StatusNotFound, "There is nothing here", "Check the path and the id. A message is remembered for 30 days; one that was put on the queue is known once a worker has seen it."}
	methodNotAllowed = kind{"method-not-allowed", http.StatusMethodNotAllowed, "The method is not allowed here", "Use a method that the Allow header names."}
	wrongState       = kind{"wrong-state", http.StatusConflict, "The message's state does not allow this", "Look at state: what is being sent or at rest cannot be cancelled, only what is scheduled can be moved, and each settlement is for certain states only."}
	stillSending     = kind{"still-sending", http.StatusConflict, "The message is being sent at this moment", "Repeat the request after Retry-After seconds, with the same Idempotency-Key. The message is not sent again by that."}
	tooLarge         = kind{"too-large", http.StatusRequestEntityTooLarge, "The body is too large", "A message may have 65536 bytes, an array of messages 1048576."}
	mediaType        = kind{"unsupported-media-type", http.StatusUnsupportedMediaType, "The body's media type is not supported", "Send Content-Type: application/json."}
	invalidMessage   = kind{"invalid-message", http.StatusUnprocessableEntity, "The content is not valid", "Correct each of errors: pointer (RFC 6901) says where, detail what. Nothing was accepted."}
	invalidKey       = kind{"invalid-idempotency-key", http.StatusUnprocessableEntity, "The Idempotency-Key cannot be used", "Send it once, as 1 to 255 of A-Z a-z 0-9 . _ : @ = + -, and no other id in the message."}
	idTaken          = kind{"id-taken", http.StatusUnprocessableEntity, "The id belongs to another message", "Use a new Idempotency-Key or id for other content. Only what was rejected or failed may be corrected under its id."}
	notSent          = kind{"not-sent", http.StatusUnprocessableEntity, "The message came to rest without being sent", "Look at state and detail. Correct a rejected message and send it under the same id."}
	tooMany          = kind{"too-many-requests", http.StatusTooManyRequests, "Too many requests at the moment", "Repeat the request after Retry-After seconds, with the same Idempotency-Key or id, and slow down."}
	internal         = kind{"internal", http.StatusInternalServerError, "The request could not be worked on", "Repeat it with the same Idempotency-Key or id. If it stays so, look for requestId in the function's logs."}
	unavailable      = kind{"unavailable", http.StatusServiceUnavailable, "A service behind this API does not answer", "Repeat the request after Retry-After seconds, with the same Idempotency-Key or id: it is not known whether it was taken, and repeating is harmless."}
)

var kinds = []kind{
	badRequest, malformedBody, noKey, notAllowed, notFound, methodNotAllowed, wrongState, stillSending, tooLarge, mediaType,
	invalidMessage, invalidKey, idTaken, notSent, tooMany, internal, unavailable,
}

// Problem is why a request was refused, as RFC 9457 has it.
type Problem struct { //nolint:errname // its name in the document
	Type      string         `json:"type" format:"uri-reference" doc:"Names the problem, and where it is described." example:"/problems#invalid-message"`
	Title     string         `json:"title" doc:"The type of problem in a few words." example:"The content is not valid"`
	Status    int            `json:"status" minimum:"400" maximum:"599" doc:"The HTTP status." example:"422"`
	Detail    string         `json:"detail" doc:"What is wrong with this request, for a person." example:"the message is not valid: see errors"`
	RequestID string         `json:"requestId,omitempty" doc:"Finds the request in the logs." example:"JKJaXmPLvHcESHA"`
	Errors    []FieldProblem `json:"errors,omitempty" nullable:"false" doc:"Everything that is wrong with the content."`
	ID        string         `json:"id,omitempty" doc:"The message, if it is about one." example:"order-1042"`
	State     delivery.State `json:"state,omitempty" doc:"Where the message stands."`

	retryAfter time.Duration
	// dmlyID is what DMLY called the message, for DMLY's callers.
	dmlyID string
	// cause is for the log alone.
	cause error
}

// FieldProblem is one thing that is wrong with the content of a request.
type FieldProblem struct {
	Pointer string `json:"pointer" doc:"Where, as a JSON pointer (RFC 6901); empty for the whole. A parameter stands as its name." example:"/textMessage"`
	Detail  string `json:"detail" doc:"What is wrong." example:"has 4097 characters; the limit is 4096"`
}

// with adds what is wrong with a message.
func (p *Problem) with(found []message.Problem) *Problem {
	for _, one := range found {
		p.Errors = append(p.Errors, FieldProblem(one))
	}
	return p
}

func (k kind) problem(detail string) *Problem {
	return &Problem{Type: ProblemsPath + "#" + k.name, Title: k.title, Status: k.status, Detail: detail}
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// Unwrap is the cause.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (*Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	header := http.Header{}
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "x-api-key") // as RFC 9110 asks for
	}
	return header
}

// is says whether the problem is of this kind.
func (p *Problem) is(k kind) bool { return p.Type == ProblemsPath+"#"+k.name }

// dropInProblem is a problem in the form that DMLY's callers know: they look for "error".
type dropInProblem struct { //nolint:errname // as Problem
	DMLYAnswer
	*Problem `json:"-"`
}

// DMLYAnswer is what DMLY answers.
type DMLYAnswer struct {
	ID     string `json:"id" doc:"DMLY's id of a message that was sent; ours for one that the queue has." example:"6650f0a1"`
	Status string `json:"status" doc:"What DMLY said, or where the message stands." example:"sent"`
	Error  string `json:"error" doc:"Why it was not sent; empty otherwise."`
}

// asDMLY says to DMLY's callers what is wrong. What DMLY would refuse has the status that DMLY would give it.
func asDMLY(p *Problem) *dropInProblem {
	d := &dropInProblem{DMLYAnswer: DMLYAnswer{ID: p.dmlyID, Status: "error", Error: p.Detail}, Problem: p}
	switch {
	case p.is(invalidMessage):
		p.Status = http.StatusBadRequest
	case p.is(notSent):
		p.Status = http.StatusBadRequest
		d.DMLYAnswer.Status = string(p.State)
	}
	if len(p.Errors) > 0 {
		all := &message.Error{}
		for _, one := range p.Errors {
			all.Problems = append(all.Problems, message.Problem(one))
		}
		d.DMLYAnswer.Error = all.Error()
	}
	return d
}

// Error implements error.
func (d *dropInProblem) Error() string { return d.DMLYAnswer.Error }

// ContentType implements huma.ContentTypeFilter.
func (*dropInProblem) ContentType(string) string { return "application/json" }
