package schema

import (
	"slices"
	"strings"
)

// clause is a schema of the keywords that say what fields have to do with each other.
// huma.Schema does not have all of them, and is four times as large. It stands among a
// schema's extensions, and is written as one.
type clause struct {
	Title         string             `json:"title,omitempty"`
	Type          string             `json:"type,omitempty"`
	Required      []string           `json:"required,omitempty"`
	Properties    map[string]*clause `json:"properties,omitempty"`
	PropertyNames *clause            `json:"propertyNames,omitempty"`
	Items         *clause            `json:"items,omitempty"`
	Enum          []string           `json:"enum,omitempty"`
	Pattern       string             `json:"pattern,omitempty"`
	MinLength     *int               `json:"minLength,omitempty"`
	MaxLength     *int               `json:"maxLength,omitempty"`
	AnyOf         []*clause          `json:"anyOf,omitempty"`
	Not           *clause            `json:"not,omitempty"`
	If            *clause            `json:"if,omitempty"`
	Then          *clause            `json:"then,omitempty"`
	Else          *clause            `json:"else,omitempty"`
}

var (
	// never is the schema of nothing: no value has it.
	never = &clause{Not: &clause{}}
	// emptyString is a string without a character, or no string.
	emptyString = &clause{MaxLength: new(0)}
)

// having says what one field is, if it is there.
func having(field string, c *clause) *clause {
	return &clause{Properties: map[string]*clause{field: c}}
}

// filled is an object with a string in a field of the object in one of its fields.
func filled(object, field string) *clause {
	inner := having(field, &clause{Type: "string", MinLength: new(1)})
	inner.Type, inner.Required = "object", []string{field}
	outer := having(object, inner)
	outer.Required = []string{object}
	return outer
}

// further says how the fields may be called that are merged into an object with these:
// not like one of them.
func further(own []string) *clause { return &clause{Not: &clause{Pattern: likeAny(own)}} }

// ownOrFurther says how the fields may be called of an object that has these and any
// others.
func ownOrFurther(own []string, further *clause) *clause {
	return &clause{AnyOf: []*clause{{Enum: own}, further}}
}

// contentRule is what an operation asks of a message or a fallback. Strings of other
// operations may be there if they are empty.
func contentRule(o operation) *clause {
	rule := &clause{
		Title:      o.channel + " " + o.typ,
		Required:   []string{"channel", "type"},
		Properties: make(map[string]*clause, 12),
	}
	rule.Properties["channel"] = &clause{Enum: []string{o.channel}}
	rule.Properties["type"] = &clause{Enum: []string{o.typ}}
	rule.Properties["passthrough"] = &clause{PropertyNames: o.further}
	for _, name := range contentFields {
		switch limits, own := o.limits[name]; {
		case name == "passthrough":
		case own:
			rule.Properties[name] = limits
			if o.needs(name) {
				rule.Required = append(rule.Required, name)
			}
		case name == "elements" || name == "buttons":
			rule.Properties[name] = never
		default:
			rule.Properties[name] = emptyString
		}
	}
	return rule
}

// messageRule is what an operation asks of a message: of its content, and to whom.
func (d *document) messageRule(o operation) *clause {
	rule := contentRule(o)
	rule.Properties["passthrough"] = passthrough(o)
	if !o.toRecipients() {
		rule.Required = append(rule.Required, "contact")
		rule.Properties["recipient"] = never
		return rule
	}
	without, with := having("recipient", never), having("fallback", &clause{Items: having("channel", &clause{Enum: d.toRecipients()})})
	with.Required = []string{"recipient"}
	without.Properties["passthrough"], with.Properties["passthrough"] = having("recipient", never), having("contact", never)
	rule.If, rule.Then, rule.Else = &clause{Required: []string{"contact"}}, without, with
	return rule
}

// passthrough is what may be merged into an operation's request: further fields, and further fields of its own objects.
func passthrough(o operation) *clause {
	c := &clause{Properties: map[string]*clause{}}
	var objects []string
	for _, name := range []string{"workspace", "contact", "recipient"} {
		if slices.Contains(o.own, name) {
			field := holders[strings.ToUpper(name[:1])+name[1:]].field
			c.Properties[name] = &clause{Type: "object", PropertyNames: further([]string{field})}
			objects = append(objects, name)
		}
	}
	c.PropertyNames = &clause{AnyOf: []*clause{{Enum: objects}, o.further}}
	return c
}

// toRecipients are the channels that take a phone number, which the fallbacks of a
// message to one have to be of.
func (d *document) toRecipients() []string {
	var channels []string
	for _, o := range d.operations {
		if o.toRecipients() && !slices.Contains(channels, o.channel) {
			channels = append(channels, o.channel)
		}
	}
	return channels
}
