package dmly

import "context"

// WhatsAppService sends WhatsApp messages; it is safe for concurrent use.
type WhatsAppService struct{ client *Client }

// SendText sends a WhatsApp text message. The errors are those of [Client.Send].
func (s WhatsAppService) SendText(ctx context.Context, m WhatsAppText) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// SendMedia sends a picture, video, sound or document. The errors are those of [Client.Send].
func (s WhatsAppService) SendMedia(ctx context.Context, m WhatsAppMedia) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// SendTemplate sends an approved template. The errors are those of [Client.Send].
func (s WhatsAppService) SendTemplate(ctx context.Context, m WhatsAppTemplate) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// WhatsAppText is the body of whatsapp/sendtext. Exactly one of Contact and
// Recipient is set; TextMessage has at most 4096 code points.
type WhatsAppText struct {
	Contact          Contact          `json:"contact,omitzero"`
	Recipient        Recipient        `json:"recipient,omitzero"`
	Workspace        Workspace        `json:"workspace"`
	TextMessage      string           `json:"textMessage"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (WhatsAppText) Operation() Operation       { return OpWhatsAppText }
func (m WhatsAppText) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m WhatsAppText) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.whatsAppTarget(m.Contact, m.Recipient)
	c.text(m.TextMessage)
	return c.err()
}

// WhatsAppMedia is the body of whatsapp/sendmedia. Exactly one of Contact and
// Recipient is set; MimeType is one that WhatsApp takes.
type WhatsAppMedia struct {
	Contact          Contact          `json:"contact,omitzero"`
	Recipient        Recipient        `json:"recipient,omitzero"`
	Workspace        Workspace        `json:"workspace"`
	MediaURL         string           `json:"mediaUrl"`
	MimeType         string           `json:"mimeType"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (WhatsAppMedia) Operation() Operation       { return OpWhatsAppMedia }
func (m WhatsAppMedia) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m WhatsAppMedia) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.whatsAppTarget(m.Contact, m.Recipient)
	c.mediaURL(m.MediaURL)
	c.whatsAppMIME(m.MimeType)
	return c.err()
}

// WhatsAppTemplate is the body of whatsapp/sendtemplate. Exactly one of Contact
// and Recipient is set; Template is the approved template's name.
type WhatsAppTemplate struct {
	Contact          Contact          `json:"contact,omitzero"`
	Recipient        Recipient        `json:"recipient,omitzero"`
	Workspace        Workspace        `json:"workspace"`
	Template         string           `json:"template"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (WhatsAppTemplate) Operation() Operation       { return OpWhatsAppTemplate }
func (m WhatsAppTemplate) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m WhatsAppTemplate) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.whatsAppTarget(m.Contact, m.Recipient)
	c.required("/template", m.Template)
	return c.err()
}
