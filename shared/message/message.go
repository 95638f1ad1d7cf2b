package message

import (
	"slices"
	"strings"
	"time"

	"dmlysender/shared/dmly"
)

// Channel is where a message goes.
type Channel string

// The channels of the Messages API.
const (
	WhatsApp  Channel = "whatsapp"
	Messenger Channel = "messenger"
	Instagram Channel = "instagram"
	Telegram  Channel = "telegram"
)

// channels are all of them.
var channels = []Channel{WhatsApp, Messenger, Instagram, Telegram}

// Channels returns all of them.
func Channels() []Channel { return slices.Clone(channels) }

// Type is what a message is; channel and type together pick the operation.
type Type string

// The types of the Messages API. Not every channel has every type.
const (
	Text     Type = "text"
	Media    Type = "media"
	Template Type = "template"
)

// What may become of a message whose outcome is unknown.
const (
	Hold   = "hold"   // wait for a person; the default
	Resend = "resend" // send once more: twice is better than never
)

// The two lanes.
const (
	Normal = "normal" // the default
	Bulk   = "bulk"   // after whatever is normal
)

// MaxBytes is how large a message's JSON may be.
const MaxBytes = 64 << 10

// Message is one message. Make one with [Decode] or [DecodeRequest]; one made by
// hand is checked with [Message.Validate]. The field names are those of the JSON.
type Message struct {
	// ID is the user's idempotency key: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -
	// It is empty until one was given or made.
	ID string `json:"id,omitempty"`

	Channel Channel `json:"channel"`
	Type    Type    `json:"type"`

	Workspace dmly.Workspace `json:"workspace,omitzero"`
	Contact   dmly.Contact   `json:"contact,omitzero"`
	Recipient dmly.Recipient `json:"recipient,omitzero"`

	Body

	// ScheduleDateTime is DMLY's: passed on, and then beyond recall.
	ScheduleDateTime dmly.ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	// SendAt is ours: the message is held until then.
	SendAt time.Time `json:"sendAt,omitzero"`
	// ExpiresAt is when the message has become pointless; from then on it is not sent.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// DeliverWithin are the hours in which it may be sent; nil means any.
	DeliverWithin *Window `json:"deliverWithin,omitempty"`

	// Fallback is tried in order when the one before was rejected.
	Fallback []Step `json:"fallback,omitempty"`
	// IfUnknown is Hold or Resend; empty means Hold.
	IfUnknown string `json:"ifUnknown,omitempty"`
	// Priority is Normal or Bulk; empty means Normal.
	Priority string `json:"priority,omitempty"`
	// CancelKey is a name under which several messages can be cancelled; of the
	// same form as an ID.
	CancelKey string `json:"cancelKey,omitempty"`
}

// Body is what a message says. Which fields belong to it depends on channel and type.
type Body struct {
	TextMessage string         `json:"textMessage,omitempty"`
	MediaURL    string         `json:"mediaUrl,omitempty"`
	MimeType    string         `json:"mimeType,omitempty"`
	Template    string         `json:"template,omitempty"`
	Elements    []dmly.Element `json:"elements,omitempty"`
	Buttons     dmly.Buttons   `json:"buttons,omitempty"`
	// Passthrough is merged into the request to DMLY.
	Passthrough dmly.Passthrough `json:"passthrough,omitempty"`
}

// Step is a further attempt with other content; workspace, contact, recipient and
// scheduleDateTime are those of the message.
type Step struct {
	Channel Channel `json:"channel"`
	Type    Type    `json:"type"`
	Body
}

// MaxID is how long an id may be.
const MaxID = 255

// ValidID reports whether s can be a message's id. (A regular expression would be
// compiled at every start of a function, and cost more than all else in it.)
func ValidID(s string) bool {
	return len(s) > 0 && len(s) <= MaxID && !strings.ContainsFunc(s, notInID)
}

func notInID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._:@=+-", r)
}

// Steps is how many things this message can be sent as: itself and its fallbacks.
func (m Message) Steps() int { return 1 + len(m.Fallback) }
