package dmly

import "context"

// TelegramService sends Telegram messages; it is safe for concurrent use.
type TelegramService struct{ client *Client }

// SendTemplate sends a text with buttons. The errors are those of [Client.Send].
func (s TelegramService) SendTemplate(ctx context.Context, m TelegramTemplate) (MessageResponse, error) {
	return s.client.Send(ctx, m)
}

// TelegramTemplate is the body of telegram/sendtemplate. TextMessage has at most
// 4096 code points.
type TelegramTemplate struct {
	Contact          Contact          `json:"contact"`
	Workspace        Workspace        `json:"workspace"`
	Buttons          Buttons          `json:"buttons"`
	TextMessage      string           `json:"textMessage"`
	ScheduleDateTime ScheduleDateTime `json:"scheduleDateTime,omitzero"`
	Passthrough      Passthrough      `json:"-"`
}

// Operation implements [Request].
func (TelegramTemplate) Operation() Operation       { return OpTelegramTemplate }
func (m TelegramTemplate) passthrough() Passthrough { return m.Passthrough }

// Validate implements [Request].
func (m TelegramTemplate) Validate() error {
	c := check(m)
	c.workspace(m.Workspace)
	c.contact(m.Contact)
	c.text(m.TextMessage)
	c.buttons("/buttons", m.Buttons, noLimit)
	return c.err()
}
