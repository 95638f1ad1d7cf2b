package httpapi_test

import (
	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/dmly"
)

// fields are a JSON object; nil drops one that is there by default.
type fields = handlertest.Fields

// body is a valid WhatsApp text in this project's form, but for what changes.
func body(change fields) string { return handlertest.Message(change).JSON() }

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
	return handlertest.Message(fields{"channel": nil, "type": nil}).With(change).JSON()
}
