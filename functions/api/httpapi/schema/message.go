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
		"workspace":        ref(nameWorkspace),
		"contact":          ref(nameContact),
		"recipient":        ref(nameRecipient),
		"scheduleDateTime": scheduleDateTime(strict),
		"sendAt":           instant(aboutSendAt),
		"expiresAt":        instant(aboutExpiresAt),
		"deliverWithin":    ref(nameDeliverWithin),
		"fallback": {
			Type: huma.TypeArray, MaxItems: new(message.MaxFallback), Items: ref(nameFallback),
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
		properties[name] = bodyField(name, strict)
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
		Title:    string(o.channel) + " " + string(o.typ),
		Required: []string{"channel", "type"},
		Properties: map[string]*huma.Schema{
			"channel":     {Enum: oneOf(o.channel)},
			"type":        {Enum: oneOf(o.typ)},
			"passthrough": {Extensions: map[string]any{"propertyNames": o.further}},
		},
	}
	for _, name := range bodyFields {
		switch {
		case name == "passthrough":
		case !o.has(name) && (name == "elements" || name == "buttons"):
			rule.Properties[name] = d.never
		case !o.has(name):
			rule.Properties[name] = d.empty
		default:
			if o.needs(name) {
				rule.Required = append(rule.Required, name)
			}
			if name != "elements" && name != "buttons" {
				rule.Properties[name] = constrain(&huma.Schema{}, o.op, name)
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
		rule.Properties["recipient"] = d.never
		return rule
	}
	rule.Extensions = map[string]any{
		"if":   &huma.Schema{Required: []string{"contact"}},
		"then": &huma.Schema{Properties: map[string]*huma.Schema{"recipient": d.never}},
		"else": &huma.Schema{Required: []string{"recipient"}, Properties: map[string]*huma.Schema{"fallback": d.toRecipients()}},
	}
	return rule
}

// toRecipients are fallbacks of a message that has a phone number.
func (d *document) toRecipients() *huma.Schema {
	channel := &huma.Schema{}
	for _, o := range d.operations {
		if name := string(o.channel); o.has("recipient") && !slices.Contains(channel.Enum, any(name)) {
			channel.Enum = append(channel.Enum, name)
		}
	}
	return &huma.Schema{Items: &huma.Schema{Properties: map[string]*huma.Schema{"channel": channel}}}
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
