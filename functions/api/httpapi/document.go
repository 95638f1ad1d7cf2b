package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/functions/api/httpapi/schema"
	"dmlysender/shared/delivery"
)

const about = "Sends WhatsApp, Messenger, Instagram and Telegram messages through DMLY without losing one or sending one twice: " +
	"send a message with an Idempotency-Key, and repeating the request is harmless. What may have been sent and cannot be told is `unknown`, and waits for a person. " +
	"The paths `/v1/messages/{channel}/{operation}` take the place of DMLY's own. " +
	"Everything is served below `/api` as well. Problems are described at `/problems`."

// document is the OpenAPI document of the API.
func (h *Handler) document() ([]byte, error) {
	a := newAPI(h, http.NewServeMux())
	a.documents = true
	all := a.OpenAPI()
	all.Info.Description = about
	all.Servers = []*huma.Server{{URL: "/"}}
	all.Tags = []*huma.Tag{
		{Name: messages, Description: "Sending in this project's own form, and what becomes of each message."},
		{Name: campaigns, Description: "One message to many: planned, checked, sent at the account's pace, and counted."},
		{Name: dropIn, Description: "DMLY's own operations: its callers change host and key only."},
		{Name: health},
	}
	all.Components.SecuritySchemes = map[string]*huma.SecurityScheme{keyScheme: {
		Type: "apiKey", In: "header", Name: "x-api-key",
		Description: "One of the keys of this API; the roles named at an operation are the scopes that it needs.",
	}}
	all.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[delivery.State](), reflect.TypeFor[states]())
	schema.Add(all.Components.Schemas, h.Defaults)
	a.registerAll()
	return json.Marshal(all)
}

// states describes a [delivery.State], under one name, so that generated code has one type for it.
type states string

// Schema implements [huma.SchemaProvider].
func (states) Schema(all huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "Where a message stands."}
	for _, one := range delivery.States() {
		s.Enum = append(s.Enum, string(one))
	}
	return named(all, "State", s)
}

// jsonBody is a required body of a schema, with one that can be sent as it is.
func jsonBody(s *huma.Schema, description string, example any) *huma.RequestBody {
	return &huma.RequestBody{
		Required: true, Description: description,
		Content: map[string]*huma.MediaType{"application/json": {Schema: s, Example: example}},
	}
}

// answer is one with a JSON body.
func answer(description string, s *huma.Schema) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: s}}}
}

// linked says that with an id in the answer the message can be read and acted on.
func linked(r *huma.Response, id string) *huma.Response {
	r.Links = map[string]*huma.Link{}
	for _, operation := range []string{"getMessage", "cancelMessage", "settleMessage"} {
		r.Links[operation] = &huma.Link{OperationID: operation, Parameters: map[string]any{"id": id}}
	}
	return r
}

// ref is the schema of a type, as the document refers to it.
func ref[T any](a *api) *huma.Schema {
	t := reflect.TypeFor[T]()
	return a.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// named puts a schema into the document under a name, which generated code has for it, and refers to it.
func named(all huma.Registry, name string, s *huma.Schema) *huma.Schema {
	all.Map()[name] = s
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

func (a *api) named(name string, s *huma.Schema) *huma.Schema {
	return named(a.OpenAPI().Components.Schemas, name, s)
}

// either is one of two schemas, under a name.
func (a *api) either(name string, one, other *huma.Schema) *huma.Schema {
	return a.named(name, &huma.Schema{OneOf: []*huma.Schema{one, other}})
}

// answers are an operation's answers: the good ones, which replace what huma says of them but for their headers, and a
// problem for each kind. Those that any request can meet come by themselves.
func (a *api) answers(op *huma.Operation, good map[int]*huma.Response, bad ...kind) {
	said := op.Responses[strconv.Itoa(op.DefaultStatus)]
	if len(good) == 0 {
		good = map[int]*huma.Response{op.DefaultStatus: said}
	}
	op.Responses = map[string]*huma.Response{}
	for status, r := range good {
		r.Headers = maps.Clone(said.Headers)
		op.Responses[strconv.Itoa(status)] = withHeaders(r, status)
	}
	contentType, body := "application/problem+json", ref[Problem](a)
	if forDMLYsCallers(op) {
		contentType, body = "application/json", ref[DMLYAnswer](a)
	}
	for status, kinds := range byStatus(append([]kind{noKey, notAllowed, internal, unavailable}, bad...)) {
		r := op.Responses[strconv.Itoa(status)]
		if r == nil {
			r = &huma.Response{Description: strings.Join(titles(kinds), ", or: "), Content: map[string]*huma.MediaType{}}
		}
		example := any(kinds[0].problem(kinds[0].advice))
		if forDMLYsCallers(op) {
			example = DMLYAnswer{Status: "error", Error: kinds[0].title}
		}
		if r.Content[contentType] == nil {
			r.Content[contentType] = &huma.MediaType{Schema: body, Example: example}
		}
		op.Responses[strconv.Itoa(status)] = withHeaders(r, status)
	}
}

// byStatus are the kinds of problems that have one status.
func byStatus(all []kind) map[int][]kind {
	sorted := map[int][]kind{}
	for _, k := range all {
		sorted[k.status] = append(sorted[k.status], k)
	}
	return sorted
}

func titles(kinds []kind) []string {
	all := make([]string, len(kinds))
	for i, k := range kinds {
		all[i] = k.title + " (" + k.name + ")"
	}
	return all
}

// withHeaders documents the headers that come with a status.
func withHeaders(r *huma.Response, status int) *huma.Response {
	if r.Headers == nil {
		r.Headers = map[string]*huma.Header{}
	}
	r.Headers["X-Request-Id"] = &huma.Header{Description: "Finds the request in the logs.", Schema: &huma.Schema{Type: huma.TypeString}}
	switch status {
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.Headers["Retry-After"] = &huma.Header{Description: "Seconds after which to repeat the request.", Schema: &huma.Schema{Type: huma.TypeInteger}}
	}
	return r
}
