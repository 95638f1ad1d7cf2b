package schema_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/functions/api/httpapi/schema"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// member walks down a JSON object, following references.
func member(t *testing.T, document map[string]any, at any, names ...string) map[string]any {
	t.Helper()
	object, _ := at.(map[string]any)
	for _, name := range names {
		object, _ = object[name].(map[string]any)
		if ref, ok := object["$ref"].(string); ok {
			object = member(t, document, document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return object
}

// fieldsOf are the JSON names of a struct's fields, embedded ones included; none of what is no struct.
func fieldsOf(t reflect.Type) []string {
	var names []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch name {
		case "-":
		case "":
			names = append(names, fieldsOf(field.Type)...)
		default:
			names = append(names, name)
		}
	}
	return names
}

func TestEveryFieldIsDescribed(t *testing.T) {
	t.Parallel()
	types := map[string]reflect.Type{
		"Message": reflect.TypeFor[message.Message](), "Fallback": reflect.TypeFor[message.Step](), "DeliverWithin": reflect.TypeFor[message.Window](),
		"Channel": reflect.TypeFor[message.Channel](), "MessageType": reflect.TypeFor[message.Type](),
		"Workspace": reflect.TypeFor[dmly.Workspace](), "Contact": reflect.TypeFor[dmly.Contact](), "Recipient": reflect.TypeFor[dmly.Recipient](),
		"OptionalWorkspace": reflect.TypeFor[dmly.Workspace](), "OptionalContact": reflect.TypeFor[dmly.Contact](), "OptionalRecipient": reflect.TypeFor[dmly.Recipient](),
		"Element": reflect.TypeFor[dmly.Element](), "RequestElement": reflect.TypeFor[dmly.Element](),
	}
	for _, op := range dmly.Operations() {
		channel, typ := message.Split(op)
		request := reflect.TypeOf(message.Message{Channel: channel, Type: typ}.Request(0))
		types[request.Name()] = request
	}
	types["RequestContact"] = reflect.TypeFor[dmly.Contact]()
	doc := document(t, ofTheStack)
	if got := member(t, doc, doc, "components", "schemas"); len(got) != len(types) {
		t.Errorf("%d schemas, want %d", len(got), len(types))
	}
	for name, typ := range types {
		about := member(t, doc, doc, "components", "schemas", name)
		if about["description"] == "" || about["type"] == nil {
			t.Errorf("%s has no description or no type", name)
		}
		properties := member(t, doc, about, "properties")
		fields := fieldsOf(typ)
		if len(properties) != len(fields) {
			t.Errorf("%s has %d fields, want %q", name, len(properties), fields)
		}
		for _, field := range fields {
			property := member(t, doc, properties, field)
			if description, _ := property["description"].(string); !strings.HasSuffix(description, ".") {
				t.Errorf("%s of %s is described as %q, want a sentence", field, name, description)
			}
			// What is an object of named fields has its examples there.
			if examples, _ := property["examples"].([]any); len(examples) == 0 && property["properties"] == nil {
				t.Errorf("%s of %s has no example", field, name)
			}
		}
	}
}

// A reader tries the examples first.
func TestExamplesAreTaken(t *testing.T) {
	t.Parallel()
	doc := document(t, message.Defaults{})
	j := newJudges(t, message.Defaults{})
	examples, _ := member(t, doc, doc, "components", "schemas", "Message")["examples"].([]any)
	if len(examples) != 1 {
		t.Fatalf("%d examples of a message, want 1", len(examples))
	}
	judge(t, j, "", examples[0])
	// No example of a whole request is needed: those of its fields make one.
	for _, op := range dmly.Operations() {
		body := map[string]any{"workspace": map[string]any{"id": "W1"}, "contact": map[string]any{"id": "C-1001"}}
		for _, field := range op.Fields() {
			if _, there := body[field]; !there && field != "recipient" {
				ref := strings.Split(strings.TrimPrefix(schema.Request(op).Ref, "#/"), "/")
				given, _ := member(t, doc, doc, append(ref, "properties", field)...)["examples"].([]any)
				body[field] = given[0]
			}
		}
		judge(t, j, op, body)
		channel, typ := message.Split(op)
		body["channel"], body["type"] = channel, typ
		judge(t, j, "", body)
	}
}

func judge(t *testing.T, j judges, op dmly.Operation, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if got := j.of(t, op, string(text)); got.schema != nil || got.decoder != nil {
		t.Errorf("%s is refused by schema (%v) or decoder (%v)", text, got.schema, got.decoder)
	}
}

func TestChannelsAndTypesAreThoseOfTheOperations(t *testing.T) {
	t.Parallel()
	doc := document(t, message.Defaults{})
	rules, _ := member(t, doc, doc, "components", "schemas", "Message", "dependentSchemas", "channel")["anyOf"].([]any)
	var got []dmly.Operation
	for _, rule := range rules {
		about, _ := member(t, doc, rule)["title"].(string)
		got = append(got, dmly.Operation(strings.Replace(about, " ", "/send", 1)))
	}
	if want := dmly.Operations(); !slices.Equal(got, want) {
		t.Errorf("rules of %q, want %q", got, want)
	}
}

// Nothing is compiled or reflected upon that need not be: a function starts with it.
func BenchmarkAdd(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		schema.Add(huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer), message.Defaults{})
	}
}
