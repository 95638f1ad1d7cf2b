package httpapi_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"dmlysender/shared/dmly"
)

// fields are a JSON object; nil drops one that is there by default.
type fields map[string]any

// body is a valid WhatsApp text in this project's form, but for what changes.
func body(change fields) string {
	return merged(fields{
		"channel": "whatsapp", "type": "text", "workspace": fields{"id": "W1"},
		"recipient": fields{"phoneNumber": phone}, "textMessage": text,
	}, change)
}

func merged(all, change fields) string {
	for name, value := range change {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(err) // the test wrote something that is not JSON
	}
	return string(encoded)
}

// sameJSON compares what is meant, whatever the order and the white space.
func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatalf("compare JSON: %v", err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// bodies has a body for each of the nine operations, in the reference's shapes, with
// fields of which the reference says nothing.
var bodies = map[dmly.Operation]string{
	dmly.OpWhatsAppText:      `{"recipient":{"phoneNumber":"` + phone + `"},"workspace":{"id":"W1"},"textMessage":"` + text + ` <b>&amp;</b> ✓","preview":true}`,
	dmly.OpWhatsAppMedia:     `{"contact":{"id":"C"},"workspace":{"id":"W1"},"mediaUrl":"https://example.com/f.jpg?a=1&b=2","mimeType":"image/jpeg","caption":"x"}`,
	dmly.OpWhatsAppTemplate:  `{"contact":{"id":"C"},"workspace":{"id":"W1"},"template":"order_shipped","parameters":["a",1.50,12345678901234567890,null]}`,
	dmly.OpMessengerText:     `{"contact":{"id":"C"},"workspace":{"id":"W1"},"textMessage":"hello","scheduleDateTime":"2026-02-18 10:30:00"}`,
	dmly.OpMessengerMedia:    `{"contact":{"id":"C"},"workspace":{"id":"W1"},"mediaUrl":"https://example.com/f.jpg","mimeType":"image/jpeg","id":"theirs"}`,
	dmly.OpMessengerTemplate: `{"contact":{"id":"C"},"workspace":{"id":"W1"},"elements":[{"buttons":[{"type":"<x>","n":1e3}],"title":"Shoes"}]}`,
	dmly.OpInstagramText:     `{"contact":{"id":"C"},"workspace":{"id":"W1"},"textMessage":"hello","tags":{"a":[{"b":{}}]}}`,
	dmly.OpInstagramTemplate: `{"contact":{"id":"C"},"workspace":{"id":"W1"},"elements":[{"buttons":[],"title":"Shoes"}],"passthrough":{"a":1}}`,
	dmly.OpTelegramTemplate:  `{"contact":{"id":"C"},"workspace":{"id":"W1"},"buttons":[{"text":"Go"}],"textMessage":"hello","channel":"x"}`,
}

// request is a body of whatsapp/sendtext, but for what changes.
func request(change fields) string {
	return merged(fields{"workspace": fields{"id": "W1"}, "recipient": fields{"phoneNumber": phone}, "textMessage": text}, change)
}
