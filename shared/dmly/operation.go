package dmly

import "slices"

// Operation is one of the API's nine, written as the end of its path.
type Operation string

// The nine operations of the Messages API.
const (
	OpWhatsAppText      Operation = "whatsapp/sendtext"
	OpWhatsAppMedia     Operation = "whatsapp/sendmedia"
	OpWhatsAppTemplate  Operation = "whatsapp/sendtemplate"
	OpMessengerText     Operation = "messenger/sendtext"
	OpMessengerMedia    Operation = "messenger/sendmedia"
	OpMessengerTemplate Operation = "messenger/sendtemplate"
	OpInstagramText     Operation = "instagram/sendtext"
	OpInstagramTemplate Operation = "instagram/sendtemplate"
	OpTelegramTemplate  Operation = "telegram/sendtemplate"
)

var operations = []Operation{
	OpWhatsAppText, OpWhatsAppMedia, OpWhatsAppTemplate,
	OpMessengerText, OpMessengerMedia, OpMessengerTemplate,
	OpInstagramText, OpInstagramTemplate, OpTelegramTemplate,
}

// Operations lists all nine, in the reference's order.
func Operations() []Operation { return slices.Clone(operations) }

// requests has an empty request of each operation.
var requests = map[Operation]Request{
	OpWhatsAppText: WhatsAppText{}, OpWhatsAppMedia: WhatsAppMedia{}, OpWhatsAppTemplate: WhatsAppTemplate{},
	OpMessengerText: MessengerText{}, OpMessengerMedia: MessengerMedia{}, OpMessengerTemplate: MessengerTemplate{},
	OpInstagramText: InstagramText{}, OpInstagramTemplate: InstagramTemplate{},
	OpTelegramTemplate: TelegramTemplate{},
}

// Fields are the names of the JSON fields that the reference gives to the operation;
// nil for an operation that does not exist. They are not to be changed.
func (o Operation) Fields() []string {
	req, ok := requests[o]
	if !ok {
		return nil
	}
	return fieldNames(req)
}

// Path is the operation's path below the API's base URL.
func (o Operation) Path() string { return "/v1/messages/" + string(o) }

// Request is one of this package's nine request types, such as [WhatsAppText].
type Request interface {
	// Operation says which of the nine it is.
	Operation() Operation
	// Validate returns a *[ValidationError] naming every problem, or nil. It
	// looks at the request alone and calls nobody.
	Validate() error

	passthrough() Passthrough
}
