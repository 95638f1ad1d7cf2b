// Package schema describes a message, and the bodies of DMLY's nine operations, as
// JSON Schema (2020-12) for the OpenAPI document. Package message stays the judge; the
// schemas say what it will say, made from the same tables.
//
// What a schema accepts, the judge accepts, but for what JSON Schema cannot say:
//
//   - an Instagram text has at most 1000 bytes; the schema counts characters
//   - a message has at most 64 KiB and nests at most 32 levels deep, a request 31
//   - the same name twice, a lone surrogate, and whatever else is not JSON
//   - expiresAt is later than sendAt, and the two ends of deliverWithin differ
//   - deliverWithin's time zone is one of the IANA database
//   - no time is 0001-01-01T00:00:00Z, which stands for none, in another zone
//   - no further field of an element is a slip of one or two letters for the title or the buttons that it lacks
//   - a parameter of a media type is not given twice with different values
//
// And the API refuses what depends on the time, a sendAt more than a year ahead, and
// an id of one or two dots alone.
// What a schema refuses, the judge refuses, without exception.
//
// The patterns mean the same in ECMA-262, Go and Python. Without look-ahead, what a
// string may not be stands beside them, under "not".
package schema

import (
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// The names of the schemas in a document; the requests have those of their Go types.
const (
	nameMessage  = "Message"
	nameFallback = "Fallback"
	nameChannel  = "Channel"
	nameType     = "MessageType"

	nameWorkspace     = "Workspace"
	nameContact       = "Contact"
	nameRecipient     = "Recipient"
	nameDeliverWithin = "DeliverWithin"
	nameElement       = "Element"

	// What a request may leave out by null or an empty string.
	nameOptionalWorkspace = "OptionalWorkspace"
	nameOptionalContact   = "OptionalContact"
	nameOptionalRecipient = "OptionalRecipient"
	nameRequestElement    = "RequestElement"
	nameRequestWorkspace  = "RequestWorkspace"
	nameRequestContact    = "RequestContact"
)

// Message refers to the schema of a message, which [Add] puts into the document.
func Message() *huma.Schema { return ref(nameMessage) }

// Request refers to the schema of the body of one of the nine operations, such as
// "WhatsAppText", which [Add] puts into the document.
func Request(op dmly.Operation) *huma.Schema { return ref(nameOf(op)) }

func ref(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }

// nameOf is the name of the operation's Go type.
func nameOf(op dmly.Operation) string {
	channel, typ := message.Split(op)
	return reflect.TypeOf(message.Message{Channel: channel, Type: typ}.Request(0)).Name()
}

// Add puts the schemas into the registry of a document that keeps them in
// components/schemas. The defaults are those that messages will be decoded with: where
// the stack has a workspace, a message need not name one. A schema of the same name is
// replaced. The schemas have parts in common, so they are not for changing.
func Add(registry huma.Registry, defaults message.Defaults) {
	all, d := registry.Map(), newDocument(defaults)
	all[nameMessage] = d.message()
	all[nameFallback] = d.fallback()
	all[nameChannel], all[nameType] = d.kinds()
	all[nameDeliverWithin] = deliverWithin()
	all[nameElement] = element(strict)
	all[nameRequestElement] = element(lenient)
	all[nameWorkspace] = holder(nameWorkspace, strict)
	all[nameContact] = holder(nameContact, strict)
	all[nameRecipient] = holder(nameRecipient, strict)
	all[nameRequestContact] = neededHolder(nameContact)
	all[nameOptionalContact] = holder(nameContact, lenient)
	all[nameOptionalRecipient] = holder(nameRecipient, lenient)
	if defaults.Workspace != "" {
		all[nameOptionalWorkspace] = holder(nameWorkspace, lenient)
	} else {
		all[nameRequestWorkspace] = neededHolder(nameWorkspace)
	}
	for _, o := range d.operations {
		all[nameOf(o.op)] = d.request(o)
	}
}

// document makes the schemas of one document.
type document struct {
	workspace  string // the stack's own, or empty
	operations []operation
	// What several schemas have is made once: a huma.Schema has most of a kilobyte.
	refs     map[string]*huma.Schema
	content  map[string]*huma.Schema // the fields of a message and of a fallback
	schedule *huma.Schema            // a request's scheduleDateTime
}

// operation is one of the nine.
type operation struct {
	op      dmly.Operation
	channel string
	typ     string
	own     []string           // its fields
	limits  map[string]*clause // what it takes in those that are strings
	further *clause            // the names of the fields that it takes beside its own
}

func newDocument(defaults message.Defaults) *document {
	d := &document{
		workspace: defaults.Workspace,
		refs:      make(map[string]*huma.Schema, 16),
		content:   make(map[string]*huma.Schema, len(contentFields)),
		schedule:  scheduleDateTime(lenient),
	}
	for _, name := range contentFields {
		d.content[name] = contentField(name, strict)
	}
	for _, op := range dmly.Operations() {
		channel, typ := message.Split(op)
		o := operation{op: op, channel: string(channel), typ: string(typ), own: op.Fields(), limits: map[string]*clause{}}
		o.further = further(o.own)
		for _, name := range o.own {
			if slices.Contains(contentFields, name) {
				o.limits[name] = constraint(op, name)
			}
		}
		d.operations = append(d.operations, o)
	}
	return d
}

func (d *document) ref(name string) *huma.Schema {
	if d.refs[name] == nil {
		d.refs[name] = ref(name)
	}
	return d.refs[name]
}

// toRecipients says whether the operation takes a phone number instead of a contact.
func (o operation) toRecipients() bool { return slices.Contains(o.own, "recipient") }

// needs says whether the operation cannot do without one of its fields.
func (o operation) needs(field string) bool {
	switch field {
	case "contact", "recipient":
		return !o.toRecipients()
	default:
		return field != "buttons" && field != "scheduleDateTime"
	}
}

// manner is how null and empty strings are taken.
type manner bool

const (
	strict  manner = false // as a mistake, in a message
	lenient manner = true  // as "not there", in a request
)

// closed is an object with these fields and no others.
func closed(description string, properties map[string]*huma.Schema, required ...string) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Description: description,
		Properties: properties, Required: required, AdditionalProperties: false,
	}
}

func enum(values ...string) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}
