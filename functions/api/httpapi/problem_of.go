package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// problemOf is why a message was not accepted; nil if it was.
func problemOf(m message.Message, got delivery.Acceptance) *Problem {
	switch {
	case got.Err != nil:
		return problemOfMessage(got.Err, m)
	case got.Result.Conflict:
		return idTaken.problem(delivery.TakenReason)
	default:
		return nil
	}
}

// problemOfDecode says what is wrong with a message.
func problemOfDecode(err error) *Problem {
	invalid, ok := errors.AsType[*message.Error](err)
	if !ok {
		p := internal.problem("the message could not be read")
		p.cause = err
		return p
	}
	kind, detail := invalidMessage, "the message is not valid: see errors"
	switch {
	case invalid.TooLarge:
		kind, detail = tooLarge, "a message may have at most "+strconv.Itoa(message.MaxBytes)+" bytes"
	case invalid.Malformed:
		kind, detail = malformedBody, "the body is not a JSON object: see errors"
	}
	return kind.problem(detail).with(invalid.Problems)
}

// problemOfMessage says that it is not known whether a message was taken, and how it is not sent twice.
func problemOfMessage(err error, m message.Message) *Problem {
	p := problemOfService(err, "it is not known whether the message was taken; send it again with the Idempotency-Key "+m.ID)
	p.ID = m.ID
	return p
}

// problemOfService says that something behind the API failed, and how to go on.
func problemOfService(err error, detail string) *Problem {
	if invalid, ok := errors.AsType[*message.Error](err); ok { // its id makes it too large
		return problemOfDecode(invalid)
	}
	k := unavailable
	if errors.Is(err, delivery.ErrThrottled) {
		k = tooMany
	}
	p := k.problem(detail)
	p.cause, p.retryAfter = err, retryLater
	return p
}

// problemOfHuma is the problem that huma found while it read a request.
func problemOfHuma(op *huma.Operation, status int, detail string, errs []error) *Problem {
	var found []message.Problem
	inBody := false
	for _, err := range errs {
		if one, ok := errors.AsType[*huma.ErrorDetail](err); ok { // but not its value, which may be personal
			where, rest, _ := strings.Cut(one.Location, ".")
			inBody = inBody || where == "body"
			pointer := ""
			if rest != "" {
				pointer = "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
			}
			missing := "" // huma says of the whole that a part is missing
			if n, _ := fmt.Sscanf(one.Message, validation.MsgExpectedRequiredProperty, &missing); n == 1 {
				pointer += "/" + missing
			}
			detail := one.Message
			if missing != "" {
				detail = "is required"
			}
			if where == "query" {
				detail = aboutParameter(op, strings.TrimPrefix(pointer, "/"), detail)
			}
			found = append(found, message.Problem{Pointer: pointer, Detail: detail})
		}
	}
	slices.SortStableFunc(found, func(a, b message.Problem) int { return cmp.Compare(a.Pointer, b.Pointer) })
	var p *Problem
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return tooLarge.problem("the body may have at most " + strconv.FormatInt(op.MaxBodyBytes-1, 10) + " bytes here")
	case status == http.StatusUnprocessableEntity && inBody:
		p = invalidMessage.problem("the body is not valid: see errors")
	case status == http.StatusUnprocessableEntity:
		p = badRequest.problem("a parameter is not valid: see errors")
	case detail == "request body is required":
		return malformedBody.problem("the body is empty").with([]message.Problem{{Detail: "is empty; a JSON object is expected"}})
	case inBody:
		p = malformedBody.problem("the body is not JSON: see errors")
	default:
		p = badRequest.problem("the request could not be read to its end")
	}
	return p.with(found)
}

// aboutParameter says what a query parameter may be, or which there are.
func aboutParameter(op *huma.Operation, name, detail string) string {
	var names []string
	for _, p := range op.Parameters {
		if p.In != "query" {
			continue
		}
		if names = append(names, p.Name); p.Name != name {
			continue
		}
		var values []string
		for _, one := range p.Schema.Enum {
			values = append(values, fmt.Sprint(one))
		}
		if len(values) > 0 {
			return "is required, and has to be one of " + strings.Join(values, ", ")
		}
		return detail
	}
	return "there is no such parameter; there are " + strings.Join(names, ", ")
}
