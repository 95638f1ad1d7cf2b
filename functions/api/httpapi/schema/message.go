package schema

import (
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/message"
)

// contentFields are the fields that a message and its fallbacks have in common.
var contentFields = []string{"textMessage", "mediaUrl", "mimeType", "template", "elements", "buttons", "passthrough"}

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
		"ifUnknown": choice(about{"What becomes of the message when nobody knows whether it was sent: hold (the default) waits for a person, resend sends once more, for messages where twice is better than never.", message.Hold}, message.Hold, message.Resend),
		"priority":  choice(about{"The lane: normal (the default), or bulk, which comes after whatever is normal.", message.Normal}, message.Normal, message.Bulk),
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
	return d.step("A further attempt with other content: workspace, contact, recipient and scheduleDateTime are those of the message.", contentRule)
}

func (d *document) step(description string, rule func(operation) *clause) *huma.Schema {
	rules := make([]*clause, 0, len(d.operations))
	for _, o := range d.operations {
		rules = append(rules, rule(o))
	}
	s := closed(description, make(map[string]*huma.Schema, 24), "channel", "type")
	maps.Copy(s.Properties, d.content)
	s.Properties["channel"] = d.ref(nameChannel)
	s.Properties["type"] = d.ref(nameType)
	s.Extensions = map[string]any{"dependentSchemas": map[string]*clause{"channel": {AnyOf: rules}}}
	return s
}

// kinds are the channels and the types that there are.
func (d *document) kinds() (channels, types *huma.Schema) {
	var c, t []string
	for _, o := range d.operations {
		if !slices.Contains(c, o.channel) {
			c = append(c, o.channel)
		}
		if !slices.Contains(t, o.typ) {
			t = append(t, o.typ)
		}
	}
	return choice(aboutChannel, c...), choice(aboutType, t...)
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
