package message

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dmlysender/shared/dmly"
)

// Defaults are used where a message does not say.
type Defaults struct {
	// Workspace is the stack's own, or empty if it has none.
	Workspace string
}

// The fields that there are, for hints. A test holds them against the decoder.
var (
	messageFields = []string{
		"id", "channel", "type", "workspace", "contact", "recipient",
		"scheduleDateTime", "sendAt", "expiresAt", "deliverWithin", "fallback", "ifUnknown", "priority", "cancelKey",
	}
	stepFields   = []string{"channel", "type"}
	bodyFields   = []string{"textMessage", "mediaUrl", "mimeType", "template", "elements", "buttons", "passthrough"}
	windowFields = []string{"from", "to", "timezone"}
)

// Decode reads one message. It returns an *[Error] that names every problem, or a
// message that is valid but for its ID, which may be missing.
func Decode(data []byte, defaults Defaults) (Message, error) {
	d, err := parse(data, maxDepth)
	if err != nil {
		return Message{}, err
	}
	defer decoders.Put(d)
	m := d.message()
	if m.Workspace.ID == "" && !d.reported("/workspace") {
		m.Workspace.ID = defaults.Workspace
	}
	return m, d.finish(m)
}

// DecodeRequest reads the body of one of DMLY's own operations, as its callers
// write it. Unlike [Decode] it takes null for a field that is not there, and
// passes the fields that it does not know on to DMLY.
func DecodeRequest(op dmly.Operation, body []byte, defaults Defaults) (Message, error) {
	d, err := parse(body, maxDepth-1) // its further fields go one level down, into passthrough
	if err != nil {
		return Message{}, err
	}
	defer decoders.Put(d)
	d.lenient = true
	m := d.request(op)
	if m.Workspace.ID == "" && !d.reported("/workspace") {
		m.Workspace.ID = defaults.Workspace
	}
	return m, d.finish(m)
}

// finish adds to what could not be read what was read and is wrong.
func (d *decoder) finish(m Message) error {
	found := m.problems()
	if d.lenient {
		for i, p := range found { // the caller did not write "passthrough"
			found[i].Pointer = strings.TrimPrefix(p.Pointer, "/passthrough")
		}
	}
	d.merge(found)
	if len(d.problems) == 0 {
		return nil
	}
	e := &Error{Problems: d.list()}
	if ValidID(m.ID) {
		e.ID = m.ID
	}
	return e
}

func (d *decoder) message() Message {
	var m Message
	d.object(func(name []byte) {
		switch string(name) {
		case "id":
			m.ID = d.id()
		case "channel":
			m.Channel = Channel(d.string())
		case "type":
			m.Type = Type(d.string())
		case "workspace":
			m.Workspace.ID = d.single("id")
		case "contact":
			m.Contact.ID = d.single("id")
		case "recipient":
			m.Recipient.PhoneNumber = d.single("phoneNumber")
		case "scheduleDateTime":
			m.ScheduleDateTime = parsed(d, dmly.ParseScheduleDateTime)
		case "sendAt":
			m.SendAt = parsed(d, ParseInstant)
		case "expiresAt":
			m.ExpiresAt = parsed(d, ParseInstant)
		case "deliverWithin":
			m.DeliverWithin = d.window()
		case "fallback":
			m.Fallback = list(d, d.step)
		case "ifUnknown":
			m.IfUnknown = d.oneOf(Hold, Resend)
		case "priority":
			m.Priority = d.oneOf(Normal, Bulk)
		case "cancelKey":
			m.CancelKey = d.id()
		default:
			if !d.body(&m.Body, name) {
				d.unknown(string(name), messageFields, bodyFields)
			}
		}
	})
	return m
}

func (d *decoder) step() Step {
	var s Step
	d.object(func(name []byte) {
		switch string(name) {
		case "channel":
			s.Channel = Channel(d.string())
		case "type":
			s.Type = Type(d.string())
		default:
			if !d.body(&s.Body, name) {
				d.unknown(string(name), stepFields, bodyFields)
			}
		}
	})
	return s
}

// body reads a field that a message and its fallbacks have in common.
func (d *decoder) body(b *Body, name []byte) bool {
	switch string(name) {
	case "textMessage":
		b.TextMessage = d.string()
	case "mediaUrl":
		b.MediaURL = d.string()
	case "mimeType":
		b.MimeType = d.string()
	case "template":
		b.Template = d.string()
	case "elements":
		b.Elements = list(d, d.element)
	case "buttons":
		b.Buttons = list(d, d.raw)
	case "passthrough":
		b.Passthrough = dmly.Passthrough{}
		d.object(func(name []byte) { b.Passthrough[string(name)] = d.raw() })
	default:
		return false
	}
	return true
}

func (d *decoder) element() dmly.Element {
	var e dmly.Element
	d.object(func(name []byte) {
		switch string(name) {
		case "title":
			e.Title = d.string()
		case "buttons":
			if !d.lenient || d.kind() != 'n' {
				e.Buttons = list(d, d.raw)
			}
		default: // the reference leaves open what else an element has
			if e.Passthrough == nil {
				e.Passthrough = dmly.Passthrough{}
			}
			e.Passthrough[string(name)] = d.raw()
		}
	})
	var missing []string
	if e.Title == "" {
		missing = append(missing, "title")
	}
	if e.Buttons == nil {
		missing = append(missing, "buttons")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Passthrough)) { // what it does not have may be misspelled
		if d.misspelled(name, string(d.json.StackPointer().AppendToken(name)), missing...) {
			delete(e.Passthrough, name)
		}
	}
	return e
}

func (d *decoder) window() *Window {
	var w Window
	var from, to, timezone bool
	ok := d.object(func(name []byte) {
		switch string(name) {
		case "from":
			from, w.From = true, parsed(d, ParseTimeOfDay)
		case "to":
			to, w.To = true, parsed(d, ParseTimeOfDay)
		case "timezone":
			timezone, w.Timezone = true, parsed(d, ParseTimezone)
		default:
			d.unknown(string(name), windowFields)
		}
	})
	for i, has := range []bool{from, to, timezone} {
		if ok && !has {
			d.require(windowFields[i])
		}
	}
	if len(d.problems) > 0 && d.reported(d.at()) {
		return nil
	}
	return &w
}

// request reads the body of a DMLY operation. What is not one of the operation's
// own fields is DMLY's business.
func (d *decoder) request(op dmly.Operation) Message {
	channel, typ := Split(op)
	m := Message{Channel: channel, Type: typ}
	own := op.Fields()
	d.object(func(written []byte) {
		switch name := string(written); {
		case !slices.Contains(own, name):
			m.passOn(name, d.raw())
		case d.kind() == 'n':
		case name == "workspace":
			m.Workspace.ID = d.lenientSingle("id", m.within(name))
		case name == "contact":
			m.Contact.ID = d.lenientSingle("id", m.within(name))
		case name == "recipient":
			m.Recipient.PhoneNumber = d.lenientSingle("phoneNumber", m.within(name))
		case name == "scheduleDateTime":
			m.ScheduleDateTime = parsed(d, lenientScheduleDateTime)
		default:
			d.body(&m.Body, written)
		}
	})
	return m
}

// lenientScheduleDateTime takes an empty text for "not there".
func lenientScheduleDateTime(s string) (dmly.ScheduleDateTime, error) {
	if s == "" {
		return dmly.ScheduleDateTime{}, nil
	}
	return dmly.ParseScheduleDateTime(s)
}

// passOn adds a further field.
func (m *Message) passOn(name string, value json.RawMessage) {
	if m.Passthrough == nil {
		m.Passthrough = dmly.Passthrough{}
	}
	m.Passthrough[name] = value
}

// within passes on an object of further fields of one of the request's own.
func (m *Message) within(object string) func(further json.RawMessage) {
	return func(further json.RawMessage) { m.passOn(object, further) }
}

// ParseInstant reads a time as messages have them: RFC 3339, which always has a zone. The error says how to write it.
func ParseInstant(s string) (time.Time, error) {
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil || !strictlyRFC3339(s) {
		hint := "write it as 2026-12-01T09:00:00+01:00 or 2026-12-01T08:00:00Z"
		if _, err := time.Parse("2006-01-02T15:04:05", s); err == nil {
			hint = "it has no time zone; " + hint
		}
		return time.Time{}, fmt.Errorf("%q is not a time as in RFC 3339: %s", clip(s), hint)
	}
	if t.IsZero() { // which stands for "none" from here on
		return time.Time{}, errors.New("is no time that a message can have")
	}
	if t.Year() == 9999 { // JSON has no year behind it, and what is remembered is so for longer
		return time.Time{}, errors.New("is too far ahead; an expiresAt that never comes can be left out")
	}
	return t, nil
}

// strictlyRFC3339 refuses what time.Time reads although RFC 3339 does not have it: an
// hour of one digit, a comma before the fraction, a zone 24 hours or more away.
func strictlyRFC3339(s string) bool {
	const upToSeconds, zone = len("2006-01-02T15:04:05"), len("+07:00")
	if len(s) <= upToSeconds || s[upToSeconds-len(":05")] != ':' || s[upToSeconds] == ',' {
		return false
	}
	return strings.HasSuffix(s, "Z") || s[len(s)-zone+1:] < "24:00" && s[len(s)-len("00"):] < "60"
}
