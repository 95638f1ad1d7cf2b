package dmly

import (
	"bytes"
	"encoding/json"
)

// Workspace names the DMLY workspace that sends. Every request has one.
type Workspace struct {
	ID string `json:"id"`
}

// Contact is a person whom DMLY knows already, by DMLY's own id.
type Contact struct {
	ID string `json:"id"`
}

// Recipient is a person whom DMLY need not know yet; WhatsApp only.
type Recipient struct {
	// PhoneNumber is E.164: "+", then 7 to 15 digits, the first not 0.
	PhoneNumber string `json:"phoneNumber"`
}

// Element is one card of a Messenger or Instagram template.
type Element struct {
	// Buttons has at most 3 entries. The reference leaves a button's shape open,
	// so each is a JSON object that is passed on as it is.
	Buttons Buttons `json:"buttons"`
	// Title has 1 to 80 characters (code points).
	Title string `json:"title"`
	// Passthrough holds further fields of the element, such as a picture.
	Passthrough Passthrough `json:"-"`
}

// MarshalJSON implements [json.Marshaler].
func (e Element) MarshalJSON() ([]byte, error) {
	type plain Element
	return encodeWith(plain(e), e.Passthrough)
}

// Buttons are JSON objects whose shape the reference leaves open; they reach
// DMLY unchanged. Nil is written as an empty list, as the reference shows it.
type Buttons []json.RawMessage

// MarshalJSON implements [json.Marshaler]. It joins the objects as they are:
// json.Marshal would write "<" in them as an escape.
func (b Buttons) MarshalJSON() ([]byte, error) {
	var list bytes.Buffer
	list.WriteByte('[')
	for i, button := range b {
		if i > 0 {
			list.WriteByte(',')
		}
		list.Write(button)
	}
	list.WriteByte(']')
	return list.Bytes(), nil
}

// Passthrough holds further fields of a request that the reference does not
// document, such as a template's parameters. They are merged into the request
// and may not replace a field that the request has itself. An object named
// workspace, contact or recipient has further fields of that one.
type Passthrough map[string]json.RawMessage
