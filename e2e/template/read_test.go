package template_test

import (
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is a mapping of the template. The short form of an intrinsic function is read as its long form: !Ref X is {"Ref": "X"}.
type object = map[string]any

// template is what the tests look at of template.yaml.
type template struct {
	Parameters, Mappings, Conditions object
	Globals                          object
	Resources                        map[string]resource
}

type resource struct {
	id, kind, condition                 string
	deletionPolicy, updateReplacePolicy string
	properties                          object
}

// file is the text of one of the repository's.
func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(t *testing.T) template {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(file(t, "template.yaml")), &document); err != nil {
		t.Fatal(err)
	}
	root, ok := value(t, document.Content[0]).(object)
	if !ok {
		t.Fatal("template.yaml is no mapping")
	}
	all := template{
		Parameters: at(root, "Parameters"), Mappings: at(root, "Mappings"), Conditions: at(root, "Conditions"),
		Globals: at(root, "Globals"), Resources: map[string]resource{},
	}
	for id, of := range at(root, "Resources") {
		r := resource{id: id, kind: text(of, "Type"), condition: text(of, "Condition"), properties: at(of, "Properties")}
		r.deletionPolicy, r.updateReplacePolicy = text(of, "DeletionPolicy"), text(of, "UpdateReplacePolicy")
		all.Resources[id] = r
	}
	if len(all.Resources) == 0 {
		t.Fatal("template.yaml has no resources")
	}
	return all
}

// value is a node as Go has it.
func value(t *testing.T, node *yaml.Node) (v any) {
	t.Helper()
	switch node.Kind {
	case yaml.AliasNode:
		return value(t, node.Alias)
	case yaml.MappingNode:
		fields := object{}
		for i := 0; i < len(node.Content); i += 2 {
			fields[node.Content[i].Value] = value(t, node.Content[i+1])
		}
		v = fields
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, element := range node.Content {
			list[i] = value(t, element)
		}
		v = list
	default:
		v = node.Value
		if !isShortForm(node) {
			if err := node.Decode(&v); err != nil {
				t.Fatalf("line %d: %v", node.Line, err)
			}
		}
	}
	if !isShortForm(node) {
		return v
	}
	name := strings.TrimPrefix(node.Tag, "!")
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return object{name: v}
}

func isShortForm(node *yaml.Node) bool {
	return strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!")
}

// at goes down a path of mappings; what is not there is empty.
func at(of any, path ...string) object {
	for _, name := range path {
		fields, _ := of.(object)
		of = fields[name]
	}
	fields, _ := of.(object)
	return fields
}

// text is a field that is a string; else it is empty.
func text(of any, field string) string {
	fields, _ := of.(object)
	s, _ := fields[field].(string)
	return s
}

// list is a value that may stand alone instead of in a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// objects are all mappings in a value, itself among them.
func objects(v any) iter.Seq[object] {
	return func(yield func(object) bool) { eachObject(v, yield) }
}

func eachObject(v any, yield func(object) bool) bool {
	switch v := v.(type) {
	case object:
		if !yield(v) {
			return false
		}
		for _, field := range v {
			if !eachObject(field, yield) {
				return false
			}
		}
	case []any:
		for _, element := range v {
			if !eachObject(element, yield) {
				return false
			}
		}
	}
	return true
}

// of are the resources of a type, in the order of their names.
func (all template) of(kind string) (found []resource) {
	for _, r := range all.Resources {
		if r.kind == kind {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b resource) int { return strings.Compare(a.id, b.id) })
	return found
}

// must is of, for what the template is sure to have: a test that looked at nothing would tell nothing.
func (all template) must(t *testing.T, kind string) []resource {
	t.Helper()
	found := all.of(kind)
	if len(found) == 0 {
		t.Fatalf("template.yaml has no %s", kind)
	}
	return found
}
