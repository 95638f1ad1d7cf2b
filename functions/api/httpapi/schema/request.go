package schema

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// request is the body of one of DMLY's own operations: the operation's fields, with
// null for what is not there, and any others, which reach DMLY unchanged.
func (d *document) request(o operation) *huma.Schema {
	s := &huma.Schema{
		Type:                 huma.TypeObject,
		Description:          fmt.Sprintf("The body of %s: a %s %s message. Fields that it does not have reach DMLY unchanged.", o.op, o.channel, o.typ),
		Properties:           make(map[string]*huma.Schema, len(o.own)),
		AdditionalProperties: true,
		Extensions:           map[string]any{"propertyNames": ownOrFurther(o.own, o.further)},
	}
	for _, name := range o.own {
		s.Properties[name] = d.requestField(o, name)
		if o.needs(name) && (name != "workspace" || d.workspace == "") {
			s.Required = append(s.Required, name)
		}
	}
	if o.has("recipient") {
		contactOrRecipient(s)
	}
	return s
}

func (d *document) requestField(o operation, name string) *huma.Schema {
	switch {
	case name == "workspace" && d.workspace != "":
		return ref(nameOptionalWorkspace)
	case name == "workspace":
		return ref(nameWorkspace)
	case name == "contact" && o.has("recipient"):
		return ref(nameOptionalContact)
	case name == "contact":
		return ref(nameContact)
	case name == "recipient":
		return ref(nameOptionalRecipient)
	case name == "scheduleDateTime":
		return d.schedule
	default:
		return constrain(bodyField(name, lenient), o.op, name)
	}
}

// contactOrRecipient asks for exactly one of the two. One that is empty is not there.
func contactOrRecipient(s *huma.Schema) {
	filled := func(name, field string) *huma.Schema {
		return &huma.Schema{Required: []string{name}, Properties: map[string]*huma.Schema{name: {
			Type: huma.TypeObject, Required: []string{field},
			Properties: map[string]*huma.Schema{field: {Type: huma.TypeString, MinLength: new(1)}},
		}}}
	}
	empty := &huma.Schema{Properties: map[string]*huma.Schema{"phoneNumber": {MaxLength: new(0)}}}
	s.Extensions["if"] = filled("contact", "id")
	s.Extensions["then"] = &huma.Schema{Properties: map[string]*huma.Schema{"recipient": empty}}
	s.Extensions["else"] = filled("recipient", "phoneNumber")
}
