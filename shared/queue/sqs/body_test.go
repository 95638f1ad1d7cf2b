package sqs_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"dmlysender/shared/delivery"
	"dmlysender/shared/queue/sqs"
)

func TestAnyBodyTravels(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, want, encoding string }{
		"JSON":                       {`{"a": "ä 𝄞 \u0000"}`, `{"a": "ä 𝄞 \u0000"}`, ""},
		"JSON on lines":              {"{\r\n\t\"a\": 1\n}", "{\r\n\t\"a\": 1\n}", ""},
		"JSON with noncharacters":    {"{\"a\uFFFE\": \"\uFFFF\"}", `{"a\uFFFE": "\uFFFF"}`, ""},
		"other noncharacters":        {"\"\uFDD0\U0001FFFE\u007f\u0085\uFFFD\"", "\"\uFDD0\U0001FFFE\u007f\u0085\uFFFD\"", ""},
		"text":                       {"no JSON", "no JSON", ""},
		"text with a noncharacter":   {"no JSON\uFFFE", "bm8gSlNPTu+/vg==", "base64"},
		"control character":          {"\"\x1b\"", "Ihsi", "base64"},
		"not UTF-8":                  {"\"\xff\"", "Iv8i", "base64"},
		"half of a surrogate's pair": {"\"\xed\xa0\x80\"", "Iu2ggCI=", "base64"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			if err := s.open(t).Enqueue(t.Context(), delivery.Record{Body: []byte(tt.body), ID: "order-1", Recheck: tt.encoding != ""}); err != nil {
				t.Fatal(err)
			}
			got := s.taken()[0]
			if encoding := got.MessageAttributes[sqs.EncodingAttribute].StringValue; got.MessageBody != tt.want || encoding != tt.encoding {
				t.Errorf("got %q in %q, want %q in %q", got.MessageBody, encoding, tt.want, tt.encoding)
			}
			back := sqs.Received(got.MessageBody, func(name string) string { return got.MessageAttributes[name].StringValue })
			if back.ID != "order-1" || back.Recheck != (tt.encoding != "") || !sameBody(back.Body, []byte(tt.body)) {
				t.Errorf("came back as %q with the id %q", back.Body, back.ID)
			}
		})
	}
}

func TestAttributesThatMakeNoSenseAreIgnored(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]map[string]string{
		"none":                     nil,
		"other encoding":           {sqs.EncodingAttribute: "gzip"},
		"not what it says":         {sqs.EncodingAttribute: "base64"},
		"id that is no id":         {sqs.IDAttribute: "two words"},
		"id that is too long":      {sqs.IDAttribute: strings.Repeat("x", 256)},
		"other recheck":            {sqs.RecheckAttribute: "TRUE"},
		"generation that is empty": {sqs.GenerationAttribute: ""},
		"generation of letters":    {sqs.GenerationAttribute: "two"},
		"generation 0":             {sqs.GenerationAttribute: "0"},
		"generation below 0":       {sqs.GenerationAttribute: "-1"},
		"generation in hex":        {sqs.GenerationAttribute: "0x2"},
		"part of a generation":     {sqs.GenerationAttribute: "1.5"},
		"generation with a space":  {sqs.GenerationAttribute: " 2"},
		"generation beyond all":    {sqs.GenerationAttribute: "99999999999999999999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sqs.Received(`{"id": "x"}`, func(name string) string { return attributes[name] })
			if want := (delivery.Record{Body: []byte(`{"id": "x"}`)}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestAttributesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, want := range []delivery.Record{
		{Body: []byte("{}")},
		{Body: []byte("{}"), ID: "order-1"},
		{Body: []byte("{}"), Recheck: true},
		{Body: []byte("{}"), ID: "order-1", Recheck: true, Generation: 1},
		{Body: []byte("{}"), Generation: 1 << 30},
	} {
		attributes := sqs.Attributes(want)
		if got := sqs.Received("{}", func(name string) string { return attributes[name] }); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// sameBody says whether the bytes are the same, or the same JSON.
func sameBody(a, b []byte) bool {
	if string(a) == string(b) {
		return true
	}
	var x, y any
	return utf8.Valid(b) && json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{"{}", "\"\uFFFE\\\\\uFFFF\"", "\xef\xbf", "\x00", "\\\uFFFE", "\"\\\uFFFE\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text, encoding := sqs.EncodeBody(body)
		for _, r := range text {
			if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				t.Errorf("%q has the character %U", text, r)
			}
		}
		if !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
		if back := sqs.Received(text, func(name string) string { return map[string]string{sqs.EncodingAttribute: encoding}[name] }); !sameBody(back.Body, body) {
			t.Errorf("%q came back as %q", body, back.Body)
		}
	})
}
