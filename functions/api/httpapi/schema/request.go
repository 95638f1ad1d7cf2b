package schema

import (
	"github.com/danielgtaylor/huma/v2"
)

// request is the body of one of DMLY's own operations: the operation's fields, with
// null for what is not there, and any others, which reach DMLY unchanged.
func (d *document) request(o operation) *huma.Schema {
	s := &huma.Schema{
		Type:                 huma.TypeObject,
		Description:          "The body of " + string(o.op) + ". Fields that it does not have reach DMLY unchanged.",
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
	if o.toRecipients() { // exactly one of the two; one that is empty is not there
		s.Extensions["if"] = filled("contact", "id")
		s.Extensions["then"] = having("recipient", having("phoneNumber", emptyString))
		s.Extensions["else"] = filled("recipient", "phoneNumber")
	}
	return s
}

func (d *document) requestField(o operation, name string) *huma.Schema {
	switch {
	case name == "workspace" && d.workspace != "":
		return d.ref(nameOptionalWorkspace)
	case name == "workspace":
		return d.ref(nameRequestWorkspace)
	case name == "contact" && o.toRecipients():
		return d.ref(nameOptionalContact)
	case name == "contact":
		return d.ref(nameRequestContact)
	case name == "recipient":
		return d.ref(nameOptionalRecipient)
	case name == "scheduleDateTime":
		return d.schedule
	}
	s, limits := contentField(name, lenient), o.limits[name]
	s.Pattern, s.MaxLength = limits.Pattern, limits.MaxLength
	if limits.Not != nil {
		s.Not = &huma.Schema{Pattern: limits.Not.Pattern}
	}
	return s
}
