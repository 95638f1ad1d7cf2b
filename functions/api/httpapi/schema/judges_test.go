package schema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"dmlysender/functions/api/httpapi/schema"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// ofTheStack are defaults with a workspace.
var ofTheStack = message.Defaults{Workspace: "W9"}

// document is the part of an OpenAPI document that has the schemas.
func document(tb testing.TB, defaults message.Defaults) map[string]any {
	tb.Helper()
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema.Add(registry, defaults)
	text, err := json.Marshal(map[string]any{"components": map[string]any{"schemas": registry.Map()}})
	if err != nil {
		tb.Fatal(err)
	}
	return plain(tb, string(text))
}

// plain is a JSON object as the compiler of schemas wants it.
func plain(tb rapid.TB, text string) map[string]any {
	tb.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	object, ok := value.(map[string]any)
	if !ok {
		tb.Fatalf("%s is not an object", text)
	}
	return object
}

// judges are the two that have to agree.
type judges struct {
	defaults message.Defaults
	message  *jsonschema.Schema
	requests map[dmly.Operation]*jsonschema.Schema
}

func newJudges(tb testing.TB, defaults message.Defaults) judges {
	tb.Helper()
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", document(tb, defaults)); err != nil {
		tb.Fatal(err)
	}
	compile := func(ref *huma.Schema) *jsonschema.Schema {
		compiled, err := compiler.Compile("openapi.json" + ref.Ref)
		if err != nil {
			tb.Fatal(err)
		}
		return compiled
	}
	j := judges{defaults: defaults, message: compile(schema.Message()), requests: map[dmly.Operation]*jsonschema.Schema{}}
	for _, op := range dmly.Operations() {
		j.requests[op] = compile(schema.Request(op))
	}
	return j
}

// verdict is what both say; nil means that it may be sent.
type verdict struct{ schema, decoder error }

// of judges a message or, with an operation, its body.
func (j judges) of(tb rapid.TB, op dmly.Operation, text string) verdict {
	tb.Helper()
	if op == "" {
		_, err := message.Decode([]byte(text), j.defaults)
		return verdict{j.message.Validate(any(plain(tb, text))), err}
	}
	_, err := message.DecodeRequest(op, []byte(text), j.defaults)
	return verdict{j.requests[op].Validate(any(plain(tb, text))), err}
}

// agreed says whether both say the same, or the schema takes what only the decoder can
// refuse.
func (v verdict) agreed() bool {
	if (v.schema == nil) == (v.decoder == nil) {
		return true
	}
	invalid, ok := errors.AsType[*message.Error](v.decoder)
	if !ok {
		return false
	}
	for _, p := range invalid.Problems {
		if !inexpressible(p) {
			return false
		}
	}
	return true
}

// inexpressible are the problems that the package's comment lists.
func inexpressible(p message.Problem) bool {
	switch {
	case p.Pointer == "/expiresAt":
		return p.Detail == "must be later than sendAt" || strings.HasPrefix(p.Detail, "is no time")
	case p.Pointer == "/sendAt":
		return strings.HasPrefix(p.Detail, "is no time")
	case p.Pointer == "/deliverWithin/to":
		return strings.HasPrefix(p.Detail, "must differ from from")
	case p.Pointer == "/deliverWithin/timezone":
		return strings.HasSuffix(p.Detail, "write it as Europe/Berlin or UTC")
	case strings.HasSuffix(p.Pointer, "/textMessage"):
		return strings.Contains(p.Detail, "bytes of UTF-8")
	case strings.HasSuffix(p.Pointer, "/mimeType"): // a parameter twice
		return p.Detail == "is not a media type such as image/jpeg"
	case strings.Contains(p.Pointer, "elements/"):
		return strings.HasPrefix(p.Detail, "unknown field; did you mean")
	default:
		return strings.HasPrefix(p.Detail, "is nested more than")
	}
}
