package schema

import (
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/message"
)

// bodyFields are the fields that a message and its fallbacks have in common.
var bodyFields = []string{"textMessage", "mediaUrl", "mimeType", "template", "elements", "buttons", "passthrough"}

// message is a message, as one object with all fields, which is what generators of code
// understand. What channel and type decide hangs on the field channel, as one
// alternative for each operation.
func (d *document) message() *huma.Schema {
	s := d.step("One message. channel and type pick one of DMLY's nine operations; the fields textMessage to buttons are those of the operation.", d.messageRule)
	maps.Copy(s.Properties, map[string]*huma.Schema{
		"id":               idText(aboutID),
		"workspace":        d.ref(nameWorkspace),
		"contact":          d.ref(nameContact),
		"recipient":        d.ref(nameRecipient),
		"scheduleDateTime": scheduleDateTime(strict),
		"sendAt":           instant(aboutSendAt),
		"expiresAt":        instant(aboutExpiresAt),
		"deliverWithin":    d.ref(nameDeliverWithin),
		"fallback": {
			Type: huma.TypeArray, MaxItems: new(message.MaxFallback), Items: d.ref(nameFallback),
			Description: "What to send instead, in order, when the one before is rejected (never when its outcome is unknown).",
			Examples:    []any{[]any{map[string]any{"channel": "whatsapp", "type": "template", "template": "order_shipped"}}},
		},
		"ifUnknown": choice("What becomes of the message when nobody knows whether it was sent: hold (the default) waits for a person, resend sends once more, for messages where twice is better than never.", message.Hold, message.Hold, message.Resend),
		"priority":  choice("The lane: normal (the default), or bulk, which comes after whatever is normal.", message.Normal, message.Normal, message.Bulk),
		"cancelKey": idText(aboutCancelKey),
	})
	if d.workspace == "" {
		s.Required = append(s.Required, "workspace")
	}
	s.Examples = []any{example()}
	return s
}

// fallback is a further attempt; the rest is the message's.
func (d *document) fallback() *huma.Schema {
	return d.step("A further attempt with other content: workspace, contact, recipient and scheduleDateTime are those of the message.", func(o operation) *huma.Schema { return o.rule })
}

func (d *document) step(description string, rule func(operation) *huma.Schema) *huma.Schema {
	properties := make(map[string]*huma.Schema, 24)
	for _, name := range bodyFields {
		properties[name] = d.once("any "+name, func() *huma.Schema { return bodyField(name, strict) })
	}
	var rules []*huma.Schema
	channel, typ := aboutChannel.text(), aboutType.text()
	for _, o := range d.operations {
		rules = append(rules, rule(o))
		if name := string(o.channel); !slices.Contains(channel.Enum, any(name)) {
			channel.Enum = append(channel.Enum, name)
		}
		if name := string(o.typ); !slices.Contains(typ.Enum, any(name)) {
			typ.Enum = append(typ.Enum, name)
		}
	}
	properties["channel"], properties["type"] = channel, typ
	s := closed(description, properties, "channel", "type")
	s.Extensions = map[string]any{"dependentSchemas": map[string]*huma.Schema{"channel": {AnyOf: rules}}}
	return s
}

// rule is what an operation asks of a message or a fallback. Strings of other
// operations may be there if they are empty.
func (d *document) rule(o operation) *huma.Schema {
	rule := &huma.Schema{
		Title:      string(o.channel) + " " + string(o.typ),
		Required:   []string{"channel", "type"},
		Properties: make(map[string]*huma.Schema, 12),
	}
	rule.Properties["channel"] = d.only(string(o.channel))
	rule.Properties["type"] = d.only(string(o.typ))
	rule.Properties["passthrough"] = &huma.Schema{Extensions: map[string]any{"propertyNames": o.further}}
	for _, name := range bodyFields {
		switch {
		case name == "passthrough":
		case !o.has(name) && (name == "elements" || name == "buttons"):
			rule.Properties[name] = d.never()
		case !o.has(name):
			rule.Properties[name] = d.emptyString()
		default:
			if o.needs(name) {
				rule.Required = append(rule.Required, name)
			}
			if name != "elements" && name != "buttons" {
				rule.Properties[name] = constraint(o.op, name)
			}
		}
	}
	return rule
}

// messageRule adds to whom the operation sends.
func (d *document) messageRule(o operation) *huma.Schema {
	rule := &huma.Schema{Title: o.rule.Title, Required: slices.Clone(o.rule.Required), Properties: maps.Clone(o.rule.Properties)}
	if !o.has("recipient") {
		rule.Required = append(rule.Required, "contact")
		rule.Properties["recipient"] = d.never()
		return rule
	}
	rule.Extensions = map[string]any{
		"if":   d.once("with contact", func() *huma.Schema { return &huma.Schema{Required: []string{"contact"}} }),
		"then": d.once("without recipient", func() *huma.Schema { return having("recipient", d.never()) }),
		"else": d.once("with recipient", d.withRecipient),
	}
	return rule
}

// withRecipient is a message to a phone number. Its fallbacks take one as well.
func (d *document) withRecipient() *huma.Schema {
	channel := &huma.Schema{}
	for _, o := range d.operations {
		if name := string(o.channel); o.has("recipient") && !slices.Contains(channel.Enum, any(name)) {
			channel.Enum = append(channel.Enum, name)
		}
	}
	s := having("fallback", &huma.Schema{Items: having("channel", channel)})
	s.Required = []string{"recipient"}
	return s
}

// having says what one field is, if it is there.
func having(field string, s *huma.Schema) *huma.Schema {
	return &huma.Schema{Properties: map[string]*huma.Schema{field: s}}
}

// example is a message with all that is the sender's own.
func example() any {
	return map[string]any{
		"id": aboutID.example, "channel": "whatsapp", "type": "text",
		"workspace": map[string]any{"id": "W1"}, "recipient": map[string]any{"phoneNumber": "+15551234567"},
		"textMessage": aboutTextMessage.example,
		"sendAt":      aboutSendAt.example, "expiresAt": aboutExpiresAt.example,
		"deliverWithin": map[string]any{"from": aboutFrom.example, "to": aboutTo.example, "timezone": aboutTimezone.example},
		"fallback":      []any{map[string]any{"channel": "whatsapp", "type": "template", "template": aboutTemplate.example}},
		"ifUnknown":     message.Hold, "priority": message.Normal, "cancelKey": aboutCancelKey.example,
	}
}
