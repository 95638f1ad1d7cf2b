package message

import (
	"fmt"
	"strings"

	"dmlysender/shared/dmly"
)

// OperationOf is the operation for a channel and a type; ok is false for a pair
// that the API does not have.
func OperationOf(channel Channel, typ Type) (op dmly.Operation, ok bool) {
	op = dmly.Operation(string(channel) + "/send" + string(typ))
	if op.Fields() == nil {
		return "", false
	}
	return op, true
}

// Split is the channel and the type of an operation.
func Split(op dmly.Operation) (Channel, Type) {
	channel, typ, _ := strings.Cut(string(op), "/send")
	return Channel(channel), Type(typ)
}

// Existing lists the pairs of channel and type that there are, for people.
func Existing() string {
	var b strings.Builder
	var last Channel
	for _, op := range dmly.Operations() {
		channel, typ := Split(op)
		switch {
		case last == "":
			fmt.Fprintf(&b, "%s (%s", channel, typ)
		case channel != last:
			fmt.Fprintf(&b, "), %s (%s", channel, typ)
		default:
			fmt.Fprintf(&b, ", %s", typ)
		}
		last = channel
	}
	return b.String() + ")"
}

// Request is what step i of the message sends: 0 is the message itself, 1 its first
// fallback. It panics if there is no such step, and returns nil for a channel and
// type that do not exist, which [Message.Validate] refuses.
func (m Message) Request(i int) dmly.Request {
	step := m.step(i)
	b := step.Body
	op, _ := OperationOf(step.Channel, step.Type)
	switch op {
	case dmly.OpWhatsAppText:
		return dmly.WhatsAppText{Contact: m.Contact, Recipient: m.Recipient, Workspace: m.Workspace, TextMessage: b.TextMessage, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpWhatsAppMedia:
		return dmly.WhatsAppMedia{Contact: m.Contact, Recipient: m.Recipient, Workspace: m.Workspace, MediaURL: b.MediaURL, MimeType: b.MimeType, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpWhatsAppTemplate:
		return dmly.WhatsAppTemplate{Contact: m.Contact, Recipient: m.Recipient, Workspace: m.Workspace, Template: b.Template, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpMessengerText:
		return dmly.MessengerText{Contact: m.Contact, Workspace: m.Workspace, TextMessage: b.TextMessage, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpMessengerMedia:
		return dmly.MessengerMedia{Contact: m.Contact, Workspace: m.Workspace, MediaURL: b.MediaURL, MimeType: b.MimeType, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpMessengerTemplate:
		return dmly.MessengerTemplate{Contact: m.Contact, Workspace: m.Workspace, Elements: b.Elements, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpInstagramText:
		return dmly.InstagramText{Contact: m.Contact, Workspace: m.Workspace, TextMessage: b.TextMessage, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpInstagramTemplate:
		return dmly.InstagramTemplate{Contact: m.Contact, Workspace: m.Workspace, Elements: b.Elements, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	case dmly.OpTelegramTemplate:
		return dmly.TelegramTemplate{Contact: m.Contact, Workspace: m.Workspace, Buttons: b.Buttons, TextMessage: b.TextMessage, ScheduleDateTime: m.ScheduleDateTime, Passthrough: b.Passthrough}
	default:
		return nil
	}
}

func (m Message) step(i int) Step {
	if i == 0 {
		return Step{Channel: m.Channel, Type: m.Type, Body: m.Body}
	}
	return m.Fallback[i-1]
}
