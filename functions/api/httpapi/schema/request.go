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
	if o.has("recipient") { // exactly one of the two; one that is empty is not there
		s.Extensions["if"] = d.once("filled contact", func() *huma.Schema { return filled("contact", "id") })
		s.Extensions["then"] = d.once("empty recipient", func() *huma.Schema { return having("recipient", having("phoneNumber", d.emptyString())) })
		s.Extensions["else"] = d.once("filled recipient", func() *huma.Schema { return filled("recipient", "phoneNumber") })
	}
	return s
}

func (d *document) requestField(o operation, name string) *huma.Schema {
	switch {
	case name == "workspace" && d.workspace != "":
		return d.ref(nameOptionalWorkspace)
	case name == "workspace":
		return d.ref(nameWorkspace)
	case name == "contact" && o.has("recipient"):
		return d.ref(nameOptionalContact)
	case name == "contact":
		return d.ref(nameContact)
	case name == "recipient":
		return d.ref(nameOptionalRecipient)
	case name == "scheduleDateTime":
		return d.once("optional "+name, func() *huma.Schema { return scheduleDateTime(lenient) })
	case name == "elements" || name == "buttons":
		return d.once("optional "+name, func() *huma.Schema { return bodyField(name, lenient) })
	default:
		s, rule := bodyField(name, lenient), o.rule.Properties[name]
		s.Pattern, s.MaxLength, s.Not = rule.Pattern, rule.MaxLength, rule.Not
		return s
	}
}

// filled is a request with a string in a field of this object.
func filled(object, field string) *huma.Schema {
	inner := having(field, &huma.Schema{Type: huma.TypeString, MinLength: new(1)})
	inner.Type, inner.Required = huma.TypeObject, []string{field}
	s := having(object, inner)
	s.Required = []string{object}
	return s
}
