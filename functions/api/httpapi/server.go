package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"dmlysender/shared/dmly"
	"dmlysender/shared/panics"
	"dmlysender/shared/telemetry"
)

// requestTime is how long any request may take: the function is given 29 seconds, and API Gateway gives up after 30.
const requestTime = 26 * time.Second

// identified gives the request an id, which its answer and each line of the log have, and an end.
func (a *api) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		id := telemetry.RequestID(ctx)
		if id == "" {
			id = a.Sender.NewToken()
			ctx = telemetry.WithRequestID(ctx, id)
		}
		header := w.Header()
		header.Set("X-Request-Id", id)
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// guarded answers also where a request makes the program panic.
func (a *api) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.answerPanic(w, r)
		next.ServeHTTP(w, r)
	})
}

func (a *api) answerPanic(w http.ResponseWriter, r *http.Request) {
	if p := recover(); p != nil { // not what it is about: it may be somebody's data
		panics.Log(r.Context(), a.Log, p)
		a.write(w, r, internal.problem("the request could not be worked on"))
	}
}

// orProblem answers in the API's own words where there is no such path or method.
func (a *api) orProblem(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		said := &verdict{header: http.Header{}}
		switch {
		case !isClean(r.URL.Path): // the mux would send the caller elsewhere, without a word
		case pattern != "":
			mux.ServeHTTP(w, r)
			return
		default:
			handler.ServeHTTP(said, r)
		}
		switch {
		case said.status == http.StatusMethodNotAllowed:
			allowed := said.header.Get("Allow")
			w.Header().Set("Allow", allowed)
			a.write(w, r, methodNotAllowed.problem("only "+allowed+" is allowed here"))
		case isDropIn(r.URL.Path):
			names := make([]string, 0, len(dmly.Operations()))
			for _, op := range dmly.Operations() {
				names = append(names, string(op))
			}
			a.write(w, r, notFound.problem("there is no such operation; there is "+strings.Join(names, ", ")))
		default:
			a.write(w, r, notFound.problem("there is nothing at this path; messages go to POST /v1/messages, and GET /docs describes everything"))
		}
	})
}

// isClean says whether a path has no empty part and no dots for one.
func isClean(p string) bool { return p == path.Clean(p) || p == path.Clean(p)+"/" }

// verdict is what a mux says of a request that it has no handler for.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) WriteHeader(status int)      { v.status = status }
func (v *verdict) Write(p []byte) (int, error) { return len(p), nil }

// isDropIn says whether DMLY's callers expect something at a path.
func isDropIn(path string) bool {
	const parts = 5 // an empty one before the first slash
	at := strings.Split(path, "/")
	return len(at) == parts && at[1] == "v1" && at[2] == "messages" && at[4] != settlePath
}

// write answers with a problem where no operation was found that would.
func (a *api) write(w http.ResponseWriter, r *http.Request, p *Problem) {
	answer := a.finish(r.Context(), isDropIn(r.URL.Path), p)
	for name, values := range answer.GetHeaders() {
		w.Header()[name] = values
	}
	a.Log.InfoContext(r.Context(), "request", slog.String("operation", ""), slog.Int("status", answer.GetStatus()))
	w.Header().Set("Content-Type", answer.ContentType(""))
	w.WriteHeader(answer.GetStatus())
	_ = json.NewEncoder(w).Encode(answer) //nolint:errchkjson // the client has gone; there is nobody left to tell
}

// isJSON says whether a media type is one for JSON in UTF-8. One that is not named is taken for it.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	name, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	charset, named := parameters["charset"]
	return (name == "application/json" || strings.HasPrefix(name, "application/") && strings.HasSuffix(name, "+json")) &&
		(!named || strings.EqualFold(charset, "utf-8"))
}
