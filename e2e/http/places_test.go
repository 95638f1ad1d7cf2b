//go:build e2e

package http_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// place is where a text can stand in a body.
type place struct {
	// path is that of the request, name says where in the body it is.
	path, name string
	// body has a %[1]s where the text stands, in its quotation marks, and a %[2]s where the case's name does.
	body string
	// arrives are the names and indexes that lead to the text in what DMLY receives; none if it is not in there.
	arrives []any
	// told says that answers repeat the text: an id of the caller's own, or a name that leads to what is wrong.
	told bool
}

func (p place) String() string { return p.path + " " + p.name }

// at is the value at the place in what arrived, or nil.
func (p place) at(body json.RawMessage) json.RawMessage {
	for _, step := range p.arrives {
		switch step := step.(type) {
		case string:
			var object map[string]json.RawMessage
			if json.Unmarshal(body, &object) != nil {
				return nil
			}
			body = object[step]
		case int:
			var list []json.RawMessage
			if json.Unmarshal(body, &list) != nil || step >= len(list) {
				return nil
			}
			body = list[step]
		}
	}
	return body
}

// operations are the fields of each of DMLY's nine operations beside workspace, contact or recipient, and scheduleDateTime.
var operations = map[string][]string{
	"whatsapp/sendtext":      {`"textMessage": "hello"`},
	"whatsapp/sendmedia":     {`"mediaUrl": "https://example.com/a.jpg"`, `"mimeType": "image/jpeg"`},
	"whatsapp/sendtemplate":  {`"template": "order_shipped"`},
	"messenger/sendtext":     {`"textMessage": "hello"`},
	"messenger/sendmedia":    {`"mediaUrl": "https://example.com/a.jpg"`, `"mimeType": "image/jpeg"`},
	"messenger/sendtemplate": {`"elements": [{"title": "Shoes", "buttons": [{"text": "Go"}]}]`},
	"instagram/sendtext":     {`"textMessage": "hello"`},
	"instagram/sendtemplate": {`"elements": [{"title": "Shoes", "buttons": [{"text": "Go"}]}]`},
	"telegram/sendtemplate":  {`"textMessage": "hello"`, `"buttons": [{"text": "Go"}]`},
}

const aRecipient = `"recipient": {"phoneNumber": "` + phone + `"}`

// replacing makes a place of a body by putting %[1]s where old stands.
func replacing(path, name, body, old string, arrives ...any) place {
	if strings.Count(body, old) != 1 {
		panic(fmt.Sprintf("%s: %s is not once in %s", path, old, body))
	}
	return place{path: path, name: name, body: strings.Replace(body, old, "%[1]s", 1), arrives: arrives}
}

// contentPlaces are the places of an operation's fields in a body that has them.
func contentPlaces(path, operation, body string) []place {
	var all []place
	all = append(all, replacing(path, "workspace", body, `"W1"`, "workspace", "id"))
	switch {
	case strings.Contains(body, aRecipient):
		all = append(all, replacing(path, "recipient", body, quote(phone), "recipient", "phoneNumber"),
			replacing(path, "contact", strings.Replace(body, aRecipient, `"contact": {"id": "C1"}`, 1), `"C1"`, "contact", "id"))
	default:
		all = append(all, replacing(path, "contact", body, `"C1"`, "contact", "id"))
	}
	for _, field := range operations[operation] {
		name, value, _ := strings.Cut(field, ": ")
		name = strings.Trim(name, `"`)
		switch name {
		case "elements":
			all = append(all, replacing(path, "title", body, `"Shoes"`, name, 0, "title"),
				replacing(path, "button", body, `"Go"`, name, 0, "buttons", 0, "text"),
				replacing(path, "element's further field", body, `"Shoes"`, name, 0, "subtitle"))
			last := &all[len(all)-1]
			last.body = strings.Replace(last.body, `"title": `, `"title": "Shoes", "subtitle": `, 1)
		case "buttons":
			all = append(all, replacing(path, "button", body, `"Go"`, name, 0, "text"))
		default:
			all = append(all, replacing(path, name, body, value, name))
		}
	}
	return all
}

// dropInPlaces are those in the bodies of DMLY's callers.
func dropInPlaces() []place {
	var all []place
	for operation, fields := range operations {
		path := "/v1/messages/" + operation
		who := `"contact": {"id": "C1"}`
		if strings.HasPrefix(operation, "whatsapp/") {
			who = aRecipient
		}
		begun := `{"workspace": {"id": "W1"}, ` + who + `, ` + strings.Join(fields, ", ") + `, "case": %[2]s`
		all = append(all, contentPlaces(path, operation, begun+`}`)...)
		all = append(all,
			place{path: path, name: "scheduleDateTime", body: begun + `, "scheduleDateTime": %[1]s}`},
			place{path: path, name: "further field", body: begun + `, "further": {"deep": [%[1]s]}}`, arrives: []any{"further", "deep", 0}},
			place{path: path, name: "further name", body: begun + `, "further": {%[1]s: 1}}`},
		)
	}
	return all
}

// ownPlaces are those in a message of this project's own form.
func ownPlaces() []place {
	const path = "/v1/messages"
	var all []place
	for operation, fields := range operations {
		channel, kind, _ := strings.Cut(operation, "/send")
		who := `"contact": {"id": "C1"}`
		if channel == "whatsapp" {
			who = aRecipient
		}
		body := `{"channel": "` + channel + `", "type": "` + kind + `", "workspace": {"id": "W1"}, ` + who + `, ` + strings.Join(fields, ", ") + `, "passthrough": {"case": %[2]s}}`
		for _, p := range contentPlaces(path, operation, body) {
			p.name = operation + " " + p.name
			all = append(all, p)
		}
	}
	message := `{"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, ` + aRecipient + `, "textMessage": "hello", "passthrough": {"case": %[2]s}}`
	begun := strings.TrimSuffix(message, "}")
	for _, name := range []string{"scheduleDateTime", "sendAt", "expiresAt", "ifUnknown", "priority", "cancelKey", "id", "further"} {
		all = append(all, place{path: path, name: name, body: begun + `, "` + name + `": %[1]s}`, told: name == "cancelKey" || name == "id"})
	}
	for _, field := range []string{"from", "to", "timezone"} {
		window := strings.Replace(`{"from": "00:00", "to": "23:59", "timezone": "UTC"}`, map[string]string{"from": `"00:00"`, "to": `"23:59"`, "timezone": `"UTC"`}[field], "%[1]s", 1)
		all = append(all, place{path: path, name: "deliverWithin " + field, body: begun + `, "deliverWithin": ` + window + `}`})
	}
	return append(all,
		replacing(path, "channel", message, `"whatsapp"`),
		replacing(path, "type", message, `"text"`),
		place{path: path, name: "fallback's text", body: begun + `, "fallback": [{"channel": "whatsapp", "type": "text", "textMessage": %[1]s}]}`},
		place{path: path, name: "fallback's channel", body: begun + `, "fallback": [{"channel": %[1]s, "type": "text", "textMessage": "x"}]}`},
		place{path: path, name: "further field's name", body: begun + `, %[1]s: 1}`, told: true},
		place{path: path, name: "passthrough", body: strings.Replace(message, `"case":`, `"value": %[1]s, "case":`, 1), arrives: []any{"value"}},
		place{path: path, name: "name in passthrough", body: strings.Replace(message, `"case":`, `%[1]s: 1, "case":`, 1)},
	)
}
