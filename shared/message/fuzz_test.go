package message_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := message.Decode(data, message.Defaults{})
		if err != nil {
			mustBeExplained(t, err)
			return
		}
		survivesEncoding(t, m)
		encoded, err := m.Encode()
		if err == nil && !reflect.DeepEqual(plain(t, encoded), plain(t, data)) {
			t.Errorf("encoded to something else\n got %s\nfrom %s", encoded, data)
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	for _, s := range seeds(f) {
		for i := range dmly.Operations() {
			f.Add(uint8(i), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, op uint8, data []byte) {
		m, err := message.DecodeRequest(dmly.Operations()[int(op)%len(dmly.Operations())], data, message.Defaults{})
		if err != nil {
			mustBeExplained(t, err)
			return
		}
		survivesEncoding(t, m)
	})
}

func mustBeExplained(t *testing.T, err error) {
	t.Helper()
	invalid, ok := errors.AsType[*message.Error](err)
	if !ok || len(invalid.Problems) == 0 {
		t.Fatalf("err = %#v, want a *message.Error with problems", err)
	}
	for _, p := range invalid.Problems {
		if p.Detail == "" || p.Pointer != "" && p.Pointer[0] != '/' {
			t.Errorf("problem %+v has no detail or no pointer", p)
		}
	}
}

// survivesEncoding says that what goes onto the queue comes off it the same.
func survivesEncoding(t *testing.T, m message.Message) {
	t.Helper()
	encoded, err := m.Encode()
	if err != nil {
		if invalid, ok := errors.AsType[*message.Error](err); !ok || !invalid.TooLarge {
			t.Fatalf("encode: %v", err)
		}
		return
	}
	again, err := message.Decode(encoded, message.Defaults{})
	if err != nil {
		t.Fatalf("decode what was encoded: %v\n%s", err, encoded)
	}
	if twice, err := again.Encode(); err != nil || !bytes.Equal(twice, encoded) {
		t.Errorf("encoded again (%v)\n got %s\nwant %s", err, twice, encoded)
	}
	first, err := m.Fingerprint()
	if err != nil {
		t.Fatalf("fingerprint: %v", err)
	}
	if second, err := again.Fingerprint(); err != nil || first != second {
		t.Errorf("fingerprint %s became %s (%v)", first, second, err)
	}
}

// plain is a message as values to compare: empty fields left out, as they mean the
// same, and times as instants.
func plain(t *testing.T, data []byte) map[string]any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	dropEmpty(m)
	for _, step := range asList(m["fallback"]) {
		if step, ok := step.(map[string]any); ok {
			dropEmpty(step)
		}
	}
	for _, name := range []string{"sendAt", "expiresAt"} {
		if s, ok := m[name].(string); ok {
			at, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			m[name] = at.UTC()
		}
	}
	if s, ok := m["scheduleDateTime"].(string); ok && len(s) == len("2026-02-18 10:30") {
		m["scheduleDateTime"] = s + ":00"
	}
	return m
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func dropEmpty(m map[string]any) {
	for _, name := range []string{"id", "textMessage", "mediaUrl", "mimeType", "template", "elements", "buttons", "passthrough", "fallback", "cancelKey"} {
		switch v := m[name].(type) {
		case string:
			if v == "" {
				delete(m, name)
			}
		case []any:
			if len(v) == 0 {
				delete(m, name)
			}
		case map[string]any:
			if len(v) == 0 {
				delete(m, name)
			}
		}
	}
	for _, e := range asList(m["elements"]) {
		if e, ok := e.(map[string]any); ok && e["buttons"] == nil {
			e["buttons"] = []any{}
		}
	}
}
