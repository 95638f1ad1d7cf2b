package handlertest

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"reflect"
	"testing"
)

// Fields are a JSON object.
type Fields map[string]any

// Message is a valid WhatsApp text to [Phone] in this project's form, but for what changes.
func Message(change Fields) Fields {
	return Fields{
		"channel": "whatsapp", "type": "text", "workspace": Fields{"id": "W1"},
		"recipient": Fields{"phoneNumber": Phone}, "textMessage": Text,
	}.With(change)
}

// With returns a copy in which fields are replaced and added; nil takes one away.
func (f Fields) With(change Fields) Fields {
	all := maps.Clone(f)
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

// JSON is the object's encoding.
func (f Fields) JSON() string { return JSON(f) }

// JSON encodes what a test wrote. It panics if that is not JSON.
func JSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// Nested is an object in an object, and so on for so many levels.
func Nested(levels int) any {
	var inner any = "x"
	for range levels {
		inner = Fields{"a": inner}
	}
	return inner
}

// SameJSON compares what is meant, whatever the order and the white space.
func SameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatalf("compare JSON: %v", err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// samples has a folder for each function. A test runs in its package's folder, three levels below the root.
var samples = os.DirFS("../../../events")

// SampleFiles are the names of a function's sample events.
func SampleFiles(t *testing.T, function string) []string {
	t.Helper()
	files, err := fs.Glob(samples, path.Join(function, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = path.Base(file)
	}
	return files
}

// Sample reads one of a function's sample events.
func Sample(t *testing.T, function, file string) []byte {
	t.Helper()
	event, err := fs.ReadFile(samples, path.Join(function, file))
	if err != nil {
		t.Fatal(err)
	}
	return event
}
