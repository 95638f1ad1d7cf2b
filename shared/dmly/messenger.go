package dmly

import "context"

// MessengerService sends Facebook Messenger messages; it is safe for concurrent use.
type MessengerService struct{ client *Client }

// SendText sends a Messenger text message. The errors are those of [Client.Send].
func (s MessengerService) SendText(ctx context.Context, m MessengerText) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// SendMedia sends a picture, video, sound or file. The errors are those of [Client.Send].
func (s MessengerService) SendMedia(ctx context.Context, m MessengerMedia) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// SendTemplate sends cards with buttons. The errors are those of [Client.Send].
func (s MessengerService) SendTemplate(ctx context.Context, m MessengerTemplate) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// MessengerText is the body of messenger/sendtext. TextMessage has at most 2000
// code points.
type MessengerText struct {
	Contact          Contact          `json:"contact"`
	Workspace        Workspace        `json:"workspace"`
	TextMessage      string           `json:"textMessage"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (MessengerText) Operation() Operation       { return OpMessengerText }
func (m MessengerText) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m MessengerText) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.contact(m.Contact)
	c.text(m.TextMessage)
	return c.err()
}

// MessengerMedia is the body of messenger/sendmedia. The reference lists no MIME
// types for Messenger, so any well-formed one is passed on.
type MessengerMedia struct {
	Contact          Contact          `json:"contact"`
	Workspace        Workspace        `json:"workspace"`
	MediaURL         string           `json:"mediaUrl"`
	MimeType         string           `json:"mimeType"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (MessengerMedia) Operation() Operation       { return OpMessengerMedia }
func (m MessengerMedia) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m MessengerMedia) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.contact(m.Contact)
	c.mediaURL(m.MediaURL)
	c.mimeType(m.MimeType)
	return c.err()
}

// MessengerTemplate is the body of messenger/sendtemplate: 1 to 10 elements.
type MessengerTemplate struct {
	Contact          Contact          `json:"contact"`
	Workspace        Workspace        `json:"workspace"`
	Elements         []Element        `json:"elements"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (MessengerTemplate) Operation() Operation       { return OpMessengerTemplate }
func (m MessengerTemplate) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m MessengerTemplate) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.contact(m.Contact)
	c.elements(m.Elements)
	return c.err()
}
