package audience_test

import (
	"strings"
	"testing"

	"dmlysender/shared/campaign/audience"
)

func TestJSONLRows(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string
	}{
		"plain":                  {`{"phone": "+1", "name": "Ann"}` + "\n" + `{"name":"Bob","phone":"+2"}`, []string{"1: +1|Ann", "2: +2|Bob"}},
		"CRLF and CR":            {"{\"phone\":\"+1\"}\r\n{\"phone\":\"+2\"}\r{\"phone\":\"+3\"}", []string{"1: +1|-", "2: +2|-", "3: +3|-"}},
		"blank lines":            {"\n \t\n{\"phone\":\"+1\"}\n\n  {\"phone\":\"+2\"}  \n", []string{"3: +1|-", "5: +2|-"}},
		"byte order mark":        {"\xef\xbb\xbf{\"phone\":\"+1\"}\n", []string{"1: +1|-"}},
		"escapes":                {`{"phone":"\u002b1","n\u0061me":"A\"\\\n\ud83c\udf89"}`, []string{"1: +1|A\"\\\n🎉"}},
		"other writing":          {`{"phone":"+1","name":"دينا 🎉"}`, []string{"1: +1|دينا 🎉"}},
		"numbers and booleans":   {`{"phone":1e3,"name":true}{}` + "\n" + `{"phone":-0.10,"name":false}`, []string{"1: : has something behind its JSON object; …", "2: -0.10|false"}},
		"a long number":          {`{"phone":12345678901234567890123,"name":1.0000000000000000001}`, []string{"1: 12345678901234567890123|1.0000000000000000001"}},
		"zeros before a string":  {`{"phone":"00123","name":"1e3"}`, []string{"1: 00123|1e3"}},
		"zeros before a number":  {`{"phone":00123}` + "\n" + `{"phone":"+2"}`, []string{"1: : is not valid JSON (byte …", "2: +2|-"}},
		"nothing":                {`{"phone":null,"name":""}` + "\n{}\n", []string{"1: -|-", "2: -|-"}},
		"nested":                 {`{"phone":{"a":1}}` + "\n" + `{"name":["x"],"phone":1}`, []string{`1: phone: "phone" is an object; it has to be a string, a number or a boolean`, `2: name: "name" is a list; it has…`}},
		"nested and unused":      {`{"more":{"a":[{}]},"phone":"+1"}`, []string{"1: +1|-"}},
		"a name twice":           {`{"phone":"+1","phone":"+2"}` + "\n" + `{"x":1,"x":1}`, []string{`1: : has "phone" twice`, `2: : has "x" twice`}},
		"a formula":              {`{"phone":"=A1"}`, []string{`1: phone: "phone" has a formula…`}},
		"a NUL":                  {`{"phone":"\u0000"}`, []string{`1: phone: "phone" has a NUL character…`}},
		"Latin-1":                {"{\"phone\":\"+1\",\"name\":\"Ren\xe9\"}\n{\"phone\":\"+2\"}", []string{"1: : is not UTF-8; save the file as UTF-8", "2: +2|-"}},
		"half a pair":            {`{"phone":"\ud83c"}`, []string{"1: : is not valid JSON (byte …"}},
		"not an object":          {"{\"phone\":\"+1\"}\n[1]\n\"x\"\nnull\n42\nphone\n", []string{"1: +1|-", "2: : is not a JSON object, such as…", "3: : is not a…", "4: : is not a…", "5: : is not a…", "6: : is not a…"}},
		"one over several lines": {"{\n\"phone\": \"+1\"\n}\n{\"phone\":\"+2\"}", []string{"1: : is not complete JSON: an object has to stand on one line", "2: : is not a JSON object…", "3: : is not a JSON object…", "4: +2|-"}},
		"cut off":                {"{\"phone\":\"+1\"}\n{\"phone\":\"+", []string{"1: +1|-", "2: : is not complete JSON: …"}},
		"a value of 1 MB":        {`{"phone":"` + strings.Repeat("x", 1_000_000) + `"}` + "\n" + `{"phone":"+2"}`, []string{"1: : has 1000012 bytes; the limit is 65536", "2: +2|-"}},
		"a row of 64 KiB":        {`{"phone":"` + strings.Repeat("x", 64<<10-12) + `"}` + "\n" + `{"phone":"` + strings.Repeat("x", 64<<10-11) + `"}`, []string{"1: xxx…", "2: : has 65537 bytes; the limit is 65536"}},
		"nested without end":     {strings.Repeat(`{"a":`, 13_000) + "\n" + `{"phone":"+2"}`, []string{"1: : is not…", "2: +2|-"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, from := range readers(tt.text) {
				got, err := read(from, audience.JSONL, audience.Limits{}, "phone", "name")
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				sameRows(t, got, tt.want)
			}
		})
	}
}

func TestJSONLThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":       {"", "it has no rows; put one recipient in each row"},
		"blank lines": {"\n \n", "it has no rows; "},
		"an array":    {"[\n{\"phone\": \"+1\"}\n]", "it is a JSON array, and has to have one JSON object a line; write it with jq -c '.[]'"},
		"in one line": {`[{"phone": "+1"}]`, "it is a JSON array, "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, from := range readers(tt.text) {
				_, err := read(from, audience.JSONL, audience.Limits{}, "phone")
				if got := unusable(t, err); !strings.HasPrefix(got, tt.want) {
					t.Errorf("%s: got %q, want %q", how, got, tt.want)
				}
			}
		})
	}
}
