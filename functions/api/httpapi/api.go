package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/message"
	"dmlysender/shared/telemetry"
)

// api is the handler behind huma, which makes the OpenAPI document of the operations' types, and reads and writes them.
type api struct {
	*Handler
	huma.API
	// documents says that this one is only for its document: what serves does without, because to describe everything
	// takes longer than to start.
	documents bool
}

// version is that of the contract: a major one that breaks callers has another path.
const version = "1.0.0"

func newAPI(h *Handler, mux humago.Mux) *api {
	useProblems()
	a := &api{Handler: h, API: humago.New(mux, huma.Config{
		OpenAPI:       &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{Title: "DMLY sender", Version: version}},
		Formats:       map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat: "application/json",
	})}
	a.UseMiddleware(a.logged, a.admit, a.takesJSON)
	return a
}

func (a *api) registerAll() {
	a.registerSend()
	a.registerDropIn()
	a.registerRead()
	a.registerAct()
	a.registerHealth()
}

// strictJSON is huma's JSON, but for names that are there twice and text that is not UTF-8, which are refused.
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !jsontext.Value(data).IsValid() {
			return errors.New("is not valid JSON in UTF-8 with each name once")
		}
		return json.Unmarshal(data, v)
	},
}

// useProblems lets huma, too, answer with problems of this API. It knows no other way than a variable of its package.
var useProblems = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true // "AS" is not "as": encoding/json would take whichever comes last
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return internal.problem(strconv.Itoa(status)) }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, detail string, errs ...error) huma.StatusError {
		p := problemOfHuma(ctx.Operation(), status, detail, errs)
		p.RequestID = telemetry.RequestID(ctx.Context())
		if forDMLYsCallers(ctx.Operation()) {
			return asDMLY(p)
		}
		return p
	}
})

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

// answerable is an error that says how to answer with it.
type answerable interface {
	huma.StatusError
	huma.HeadersError
	huma.ContentTypeFilter
}

// finish makes the answer of a problem.
func (a *api) finish(ctx context.Context, dropIn bool, p *Problem) answerable {
	p = a.explained(ctx, p)
	if dropIn {
		return asDMLY(p)
	}
	return p
}

// explained tells the log what the caller is not told, and the caller where to find it.
func (a *api) explained(ctx context.Context, p *Problem) *Problem {
	p.RequestID = telemetry.RequestID(ctx)
	if p.cause != nil {
		a.Log.ErrorContext(ctx, "problem", slog.String("type", p.Type), slog.String("detail", p.Detail), slog.String("error", p.cause.Error()))
	}
	return p
}

// dropIn is the tag of the operations of DMLY's callers.
const dropIn = "In DMLY's place"

func forDMLYsCallers(op *huma.Operation) bool { return slices.Contains(op.Tags, dropIn) }

// register adds an operation. What handle returns as an error is answered as a problem. describe completes what huma says of
// the operation in the document.
func register[I, O any](a *api, op huma.Operation, describe func(op *huma.Operation), handle func(context.Context, *I) (*O, *Problem)) {
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, p := handle(ctx, in)
		if p != nil {
			return nil, a.finish(ctx, forDMLYsCallers(&op), p)
		}
		return out, nil
	})
	if a.documents {
		at := a.OpenAPI().Paths[op.Path]
		describe(map[string]*huma.Operation{http.MethodGet: at.Get, http.MethodPost: at.Post, http.MethodDelete: at.Delete}[op.Method])
	}
}

// logged writes a line for each request, with nothing of its content.
func (a *api) logged(ctx huma.Context, next func(huma.Context)) {
	begun := time.Now()
	next(ctx)
	a.Log.InfoContext(ctx.Context(), "request", slog.String("operation", ctx.Operation().OperationID),
		slog.Int("status", ctx.Status()), slog.Duration("took", time.Since(begun)))
}
