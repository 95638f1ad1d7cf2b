package dmly

import "context"

// InstagramService sends Instagram messages; it is safe for concurrent use.
type InstagramService struct{ client *Client }

// SendText sends an Instagram text message. The errors are those of [Client.Send].
func (s InstagramService) SendText(ctx context.Context, m InstagramText) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// SendTemplate sends cards with buttons. The errors are those of [Client.Send].
func (s InstagramService) SendTemplate(ctx context.Context, m InstagramTemplate) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// InstagramText is the body of instagram/sendtext. TextMessage has at most 1000
// bytes of UTF-8: Instagram counts bytes where the other channels count
// characters.
type InstagramText struct {
	Contact          Contact          `json:"contact"`
	Workspace        Workspace        `json:"workspace"`
	TextMessage      string           `json:"textMessage"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (InstagramText) Operation() Operation       { return OpInstagramText }
func (m InstagramText) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m InstagramText) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.contact(m.Contact)
	c.text(m.TextMessage)
	return c.err()
}

// InstagramTemplate is the body of instagram/sendtemplate: 1 to 10 elements.
type InstagramTemplate struct {
	Contact          Contact          `json:"contact"`
	Workspace        Workspace        `json:"workspace"`
	Elements         []Element        `json:"elements"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (InstagramTemplate) Operation() Operation       { return OpInstagramTemplate }
func (m InstagramTemplate) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m InstagramTemplate) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.contact(m.Contact)
	c.elements(m.Elements)
	return c.err()
}
