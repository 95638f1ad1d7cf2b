package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/telemetry"
)

// api is the handler behind huma, which makes the OpenAPI document of the operations' types, and reads and writes them.
type api struct {
	*Handler
	huma.API
	mux *http.ServeMux
	// documents says that this one is only for its document: what serves does without, because to describe everything
	// takes longer than to start.
	documents bool
}

// version is that of the contract: a major one that breaks callers has another path.
const version = "1.0.0"

func newAPI(h *Handler, mux *http.ServeMux) *api {
	useProblems()
	a := &api{Handler: h, mux: mux}
	a.API = a.on(mux)
	return a
}

// on is huma with the operations of one mux.
func (a *api) on(mux *http.ServeMux) huma.API {
	all := humago.New(mux, huma.Config{
		OpenAPI:       &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{Title: "DMLY sender", Version: version}},
		Formats:       map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat: "application/json",
	})
	all.UseMiddleware(a.logged, a.admit, a.takesJSON)
	return all
}

func (a *api) registerAll() {
	a.registerSend()
	a.registerDropIn()
	a.registerRead()
	a.registerAct()
	a.registerLater()
	a.registerCampaigns()
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
		a.Log.ErrorContext(ctx, "problem", slog.String("problem", p.Type), slog.String("detail", p.Detail), slog.String("error", p.cause.Error()))
	}
	return p
}

// dropIn is the tag of the operations of DMLY's callers.
const dropIn = "In DMLY's place"

func forDMLYsCallers(op *huma.Operation) bool { return slices.Contains(op.Tags, dropIn) }

// register adds an operation. What handle returns as an error is answered as a problem. describe completes what huma says of
// the operation in the document.
//
// huma looks at the types of an operation when that is called for the first time, which takes as long as hello world takes to start
// for all of them, and next to nothing for one.
func register[I, O any](a *api, op huma.Operation, describe func(op *huma.Operation), handle func(context.Context, *I) (*O, *Problem)) {
	add := func(to huma.API) {
		huma.Register(to, op, func(ctx context.Context, in *I) (*O, error) {
			out, p := handle(ctx, in)
			if p != nil {
				return nil, a.finish(ctx, forDMLYsCallers(&op), p)
			}
			return out, nil
		})
	}
	if a.documents {
		add(a.API)
		at := a.OpenAPI().Paths[op.Path]
		describe(map[string]*huma.Operation{http.MethodGet: at.Get, http.MethodPost: at.Post, http.MethodPatch: at.Patch, http.MethodDelete: at.Delete}[op.Method])
		return
	}
	serve := sync.OnceValue(func() http.Handler {
		mux := http.NewServeMux()
		add(a.on(mux))
		return mux
	})
	a.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) { serve().ServeHTTP(w, r) })
}

// logged writes a line for each request, with nothing of its content. The caller is named by its key's name, not the key; nobody
// is where the key was not known, or the secret is one plain key.
func (a *api) logged(ctx huma.Context, next func(huma.Context)) {
	begun := time.Now()
	var from caller // which admit finds out
	next(huma.WithValue(ctx, callerKey{}, &from))
	a.Log.InfoContext(ctx.Context(), "request", slog.String("operation", ctx.Operation().OperationID), slog.String("caller", from.name),
		slog.Int("status", ctx.Status()), slog.Int64("durationMs", time.Since(begun).Milliseconds()))
}
