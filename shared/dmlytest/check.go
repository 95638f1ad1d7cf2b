package dmlytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// rule is one thing that the reference asks of a body.
type rule func(body map[string]any, found *problems)

// operations are the API's nine, with what each asks for beside workspace and scheduleDateTime.
var operations = map[string][]rule{
	"whatsapp/sendtext":      {contactOrRecipient, text("textMessage")},
	"whatsapp/sendmedia":     {contactOrRecipient, text("mediaUrl"), text("mimeType")},
	"whatsapp/sendtemplate":  {contactOrRecipient, text("template")},
	"messenger/sendtext":     {contact, text("textMessage")},
	"messenger/sendmedia":    {contact, text("mediaUrl"), text("mimeType")},
	"messenger/sendtemplate": {contact, elements},
	"instagram/sendtext":     {contact, text("textMessage")},
	"instagram/sendtemplate": {contact, elements},
	"telegram/sendtemplate":  {contact, text("textMessage"), buttons},
}

var operationList = sync.OnceValue(func() string {
	return strings.Join(slices.Sorted(maps.Keys(operations)), ", ")
})

// check holds a body against its operation's rules. It returns when the message is due, zero for at once,
// or an error with every problem found: paths and what is wrong there, never a value.
//
// Names are compared exactly, and the last of several equal ones counts. Fields that the reference does not show are let
// through, whatever their type; null counts as missing. On all of this the reference is silent.
func check(operation string, raw []byte) (dueAt time.Time, err error) {
	var body map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // JSON sets no limit to a number, and 1e9999 is one
	if !utf8.Valid(raw) || !json.Valid(raw) || decoder.Decode(&body) != nil || body == nil {
		return time.Time{}, errors.New("the body must be one JSON object in UTF-8")
	}
	var found problems
	found.identified(body, "workspace", "id")
	for _, r := range operations[operation] {
		r(body, &found)
	}
	dueAt = found.scheduled(body)
	if len(found) > 0 {
		return time.Time{}, errors.New(strings.Join(found, "; "))
	}
	return dueAt, nil
}

// contactOrRecipient is the rule of WhatsApp: one of the two, not both.
func contactOrRecipient(body map[string]any, found *problems) {
	switch {
	case body["contact"] != nil && body["recipient"] != nil:
		found.add("send either contact or recipient, not both")
	case body["recipient"] != nil:
		// The reference advises callers to check the number's format; what DMLY does with a wrong one it does not say.
		found.identified(body, "recipient", "phoneNumber")
	case body["contact"] != nil:
		found.identified(body, "contact", "id")
	default:
		found.add("contact or recipient is missing")
	}
}

// contact is the rule of the other channels. That both are not allowed is stated for WhatsApp; it is applied here as well,
// because a caller who sends both has mixed something up.
func contact(body map[string]any, found *problems) {
	if body["contact"] != nil && body["recipient"] != nil {
		found.add("send either contact or recipient, not both")
		return
	}
	found.identified(body, "contact", "id")
}

func text(name string) rule {
	return func(body map[string]any, found *problems) { found.text(body, name, name) }
}

// elements are objects with a title and buttons. That there must be one at least, and that an element's buttons
// may be left out, is not in the reference.
func elements(body map[string]any, found *problems) {
	list := found.list(body, "elements", "elements")
	if list != nil && len(list) == 0 {
		found.add("elements is empty")
	}
	for i, element := range list {
		path := fmt.Sprintf("elements[%d]", i)
		object, ok := element.(map[string]any)
		if !ok {
			found.add(path + " must be an object")
			continue
		}
		found.text(object, "title", path+".title")
		if object["buttons"] != nil {
			found.buttons(object, path+".buttons")
		}
	}
}

// buttons must be there for Telegram, and may be empty as in the reference.
func buttons(body map[string]any, found *problems) { found.buttons(body, "buttons") }

// problems collects what is wrong with a body.
type problems []string

func (p *problems) add(problem string) { *p = append(*p, problem) }

// text asks for a string that says something.
func (p *problems) text(object map[string]any, name, path string) {
	switch value := object[name].(type) {
	case nil:
		p.add(path + " is missing")
	case string:
		if strings.TrimSpace(value) == "" {
			p.add(path + " is empty")
		}
	default:
		p.add(path + " must be a string")
	}
}

// identified asks for an object with one identifying string, such as {"id": "…"}.
func (p *problems) identified(body map[string]any, name, field string) {
	switch object := body[name].(type) {
	case nil:
		p.add(name + "." + field + " is missing")
	case map[string]any:
		p.text(object, field, name+"."+field)
	default:
		p.add(name + " must be an object")
	}
}

func (p *problems) list(object map[string]any, name, path string) []any {
	switch list := object[name].(type) {
	case nil:
		p.add(path + " is missing")
	case []any:
		return list
	default:
		p.add(path + " must be an array")
	}
	return nil
}

// buttons asks for an array of objects. What is in a button the reference does not say, so anything may be.
func (p *problems) buttons(object map[string]any, path string) {
	for i, button := range p.list(object, "buttons", path) {
		if _, ok := button.(map[string]any); !ok {
			p.add(fmt.Sprintf("%s[%d] must be an object", path, i))
		}
	}
}

// scheduled reads scheduleDateTime. The reference describes it with seconds and shows it without, so both are read. It names
// no time zone: UTC is assumed. Nor does it say what becomes of a time that is over: such a message is sent at once.
func (p *problems) scheduled(body map[string]any) time.Time {
	const name = "scheduleDateTime"
	value, ok := body[name].(string)
	if !ok {
		if body[name] != nil {
			p.add(name + " must be a string")
		}
		return time.Time{}
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04"} {
		// Formatted again, because Parse also takes an hour of one digit and fractions of a second.
		if t, err := time.Parse(layout, value); err == nil && t.Format(layout) == value {
			return t
		}
	}
	p.add(name + ` must be "YYYY-MM-DD HH:mm:ss" or "YYYY-MM-DD HH:mm"`)
	return time.Time{}
}
