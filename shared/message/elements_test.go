package message_test

import (
	"errors"
	"strings"
	"testing"

	"dmlysender/shared/message"
)

func TestElementsAreTakenApartAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"[]":                         nil,
		" [ {} ,\t[1, {\"a\":2}]\n]": {"{}", `[1, {"a":2}]`},
		`["a]b", 1.50, null]`:        {`"a]b"`, "1.50", "null"},
		`[{"a":1,"a":2}]`:            {`{"a":1,"a":2}`},
		"[\"\xff\"]":                 {"\"\xff\""},
		`["\ud800"]`:                 {`"\ud800"`},
	} {
		got, err := message.Elements([]byte(text))
		if err != nil || len(got) != len(want) {
			t.Errorf("%q: got %q, %v", text, got, err)
			continue
		}
		for i := range want {
			if string(got[i]) != want[i] {
				t.Errorf("%q: element %d: got %q, want %q", text, i, got[i], want[i])
			}
		}
	}
}

func TestWhatIsNoArrayIsSaidSo(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                          "is empty",
		"[":                         "ends too early",
		"[1":                        "ends too early",
		"[1,]":                      "not valid JSON",
		"[1 2]":                     "not valid JSON",
		"[]x":                       "after the end of the JSON array",
		"[] []":                     "after the end of the JSON array",
		strings.Repeat("[", 20_000): "not valid JSON",
	} {
		_, err := message.Elements([]byte(text))
		invalid, ok := errors.AsType[*message.Error](err)
		if !ok || !invalid.Malformed || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: got %v, want %q", text, err, says)
		}
	}
	if message.IsList([]byte(" {}")) || !message.IsList([]byte("\n [")) || message.IsList(nil) {
		t.Error("an array begins with a bracket")
	}
}
