package schema

import (
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// about is what people read about a field.
type about struct {
	description string
	example     any
}

// text is a string; what it may be is added by who asks for it.
func (a about) text() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: a.description, Examples: []any{a.example}}
}

// The fields that need no more than a sentence and an example.
var (
	aboutChannel          = about{"Where the message goes.", "whatsapp"}
	aboutType             = about{"What the message is. There is " + message.Existing() + ".", "text"}
	aboutID               = about{"The message's own id and idempotency key, 1 to " + strconv.Itoa(message.MaxID) + " of A-Z a-z 0-9 . _ : @ = + -: the same id sends once, whatever the number of requests. Left out, the Idempotency-Key header is taken, or else an id is made and returned.", "order-1042-shipped"}
	aboutCancelKey        = about{"A name for several messages, of the same form as an id. What waits under it can be cancelled together.", "order-1042"}
	aboutScheduleDateTime = about{`When DMLY itself is to deliver the message, as "YYYY-MM-DD HH:mm:ss" or without seconds, without a time zone (DMLY's documentation names none): passed on, and then beyond recall. To be able to cancel use sendAt.`, "2026-02-18 10:30:00"}
	aboutSendAt           = about{"When to send the message, as in RFC 3339 with seconds and a time zone, at most " + strconv.Itoa(int(delivery.MaxAhead.Hours()/24)) + " days ahead: it is held until then, and can be cancelled.", "2026-02-18T09:00:00+01:00"}
	aboutExpiresAt        = about{"When the message has become pointless, as in RFC 3339 with seconds and a time zone, later than sendAt: from then on it is not sent.", "2026-02-18T18:00:00+01:00"}
	aboutFrom             = about{"The first minute of the hours, from 00:00 to 23:59.", "09:00"}
	aboutTo               = about{"The first minute after the hours, which differs from the first; earlier than it, the hours span midnight.", "20:00"}
	aboutTimezone         = about{"The time zone of the hours, by its name in the IANA time zone database.", "Europe/Berlin"}
	aboutTextMessage      = about{"The text, which may not be blank. At most: " + textLimits() + ".", "Your order is on its way."}
	aboutMediaURL         = about{"Where DMLY finds the picture, video, sound or document: https, a public host by its name (no IP address, nothing private or local), no user name.", "https://example.com/invoices/1042.pdf"}
	aboutMimeType         = about{"The media type of what is at mediaUrl. WhatsApp takes " + strings.Join(dmly.OpWhatsAppMedia.MIMETypes(), ", ") + "; Messenger takes any.", "application/pdf"}
	aboutTemplate         = about{"The name of the approved WhatsApp template. DMLY does not document its parameters: they are further fields of DMLY's request, and go into the passthrough of a message.", "order_shipped"}
	aboutTitle            = about{"The card's title, 1 to " + strconv.Itoa(dmly.MaxTitle) + " characters, not blank.", "Order 1042"}
)

// textLimits lists how long the text of each channel may be.
func textLimits() string {
	var limits []string
	for _, op := range dmly.Operations() {
		if l := op.TextLimit(); l.Max > 0 {
			channel, _ := message.Split(op)
			limits = append(limits, string(channel)+" "+strconv.Itoa(l.Max)+" "+l.Unit)
		}
	}
	return strings.Join(limits, ", ")
}

// holders are the objects that have one field.
var holders = map[string]struct {
	description, field string
	about              about
	pattern            string
}{
	nameWorkspace: {"The DMLY workspace that sends.", "id", about{"The workspace's id in DMLY.", "W1"}, notBlank},
	nameContact:   {"A person whom DMLY knows already.", "id", about{"The contact's id in DMLY.", "C-1001"}, notBlank},
	nameRecipient: {"A person whom DMLY need not know yet; WhatsApp only.", "phoneNumber", about{"The phone number in E.164 form: +, then 7 to 15 digits, the first not 0.", "+15551234567"}, phonePattern},
}

// holder is an object such as {"id": "W1"}.
func holder(name string, how manner) *huma.Schema {
	h := holders[name]
	value := h.about.text()
	value.Pattern = h.pattern
	s := closed(h.description, map[string]*huma.Schema{h.field: value}, h.field)
	if how == strict {
		return s
	}
	value.Pattern, value.Nullable = orEmpty(h.pattern), true
	s.Description += " Null, and null or an empty " + h.field + " in it, mean that there is none. Further fields reach DMLY unchanged."
	s.Nullable, s.Required, s.AdditionalProperties = true, nil, true
	there := having(h.field, &clause{Type: "string", MinLength: new(1)})
	there.Required = []string{h.field}
	there.PropertyNames = ownOrFurther([]string{h.field}, further([]string{h.field}))
	s.Extensions = map[string]any{"anyOf": []*clause{there, {PropertyNames: &clause{Enum: []string{h.field}}}}}
	return s
}

// neededHolder is a holder that a request cannot do without.
func neededHolder(name string) *huma.Schema {
	s := holder(name, strict)
	field := holders[name].field
	s.Description += " Further fields reach DMLY unchanged."
	s.AdditionalProperties = true
	s.Extensions = map[string]any{"propertyNames": ownOrFurther([]string{field}, further([]string{field}))}
	return s
}

func idText(a about) *huma.Schema {
	s := a.text()
	s.Pattern, s.MinLength, s.MaxLength = idPattern, new(1), new(message.MaxID)
	return s
}

func instant(a about) *huma.Schema {
	s := a.text()
	s.Format, s.Pattern, s.Not = "date-time", instantPattern, &huma.Schema{Type: huma.TypeString, Pattern: noInstant}
	return s
}

func choice(a about, values ...string) *huma.Schema {
	s := a.text()
	s.Enum = enum(values...)
	return s
}

func scheduleDateTime(how manner) *huma.Schema {
	s := aboutScheduleDateTime.text()
	s.Pattern, s.Not = schedulePattern, &huma.Schema{Type: huma.TypeString, Pattern: noSchedule}
	if how == lenient {
		s.Pattern, s.Nullable = orEmpty(schedulePattern), true
	}
	return s
}

func deliverWithin() *huma.Schema {
	timeOfDay := func(a about) *huma.Schema {
		s := a.text()
		s.Pattern = timeOfDayPattern
		return s
	}
	zone := aboutTimezone.text()
	zone.Format, zone.MinLength = "iana-timezone", new(1) // no pattern tells a zone from a misspelled one
	return closed("The hours of the day in which the message may be sent; outside of them it waits.",
		map[string]*huma.Schema{"from": timeOfDay(aboutFrom), "to": timeOfDay(aboutTo), "timezone": zone}, "from", "to", "timezone")
}

// elements are the cards of a template.
func elements(how manner) *huma.Schema {
	item := ref(nameElement)
	if how == lenient {
		item = ref(nameRequestElement)
	}
	return &huma.Schema{
		Type: huma.TypeArray, MinItems: new(1), MaxItems: new(dmly.MaxElements), Items: item,
		Description: "The cards of a Messenger or Instagram template, 1 to " + strconv.Itoa(dmly.MaxElements) + ".",
		Examples:    []any{[]any{map[string]any{"title": "Order 1042", "buttons": []any{webButton()}}}},
	}
}

func element(how manner) *huma.Schema {
	title := aboutTitle.text()
	title.Pattern, title.MaxLength = notBlank, new(dmly.MaxTitle)
	names := []string{"title", "buttons"}
	own := map[string]*huma.Schema{
		"title":   title,
		"buttons": buttons("The card's buttons, at most "+strconv.Itoa(dmly.MaxElementButtons)+".", webButton(), new(dmly.MaxElementButtons), how),
	}
	return &huma.Schema{
		Type: huma.TypeObject, Description: "A card of a Messenger or Instagram template. Further fields, such as a picture, reach DMLY unchanged.",
		Properties: own, Required: []string{"title"}, AdditionalProperties: true,
		Extensions: map[string]any{"propertyNames": ownOrFurther(names, further(names))},
	}
}

func webButton() any {
	return map[string]any{"type": "web_url", "title": "Track it", "url": "https://example.com/orders/1042"}
}

// telegramButtons are not limited in number.
func telegramButtons(how manner) *huma.Schema {
	return buttons("The buttons below a Telegram text.", map[string]any{"text": "Track it", "url": "https://example.com/orders/1042"}, nil, how)
}

func buttons(description string, example any, most *int, how manner) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeArray, Nullable: how == lenient, MaxItems: most,
		Description: description + " DMLY documents no form for them: each is a JSON object that reaches it unchanged.",
		Items:       &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true},
		Examples:    []any{[]any{example}},
	}
}

// contentField is a field of what a message says; what it may be in an operation is said
// by [constraint].
func contentField(name string, how manner) *huma.Schema {
	switch name {
	case "textMessage":
		return aboutTextMessage.text()
	case "mediaUrl":
		return aboutMediaURL.text()
	case "mimeType":
		return aboutMimeType.text()
	case "template":
		return aboutTemplate.text()
	case "elements":
		return elements(how)
	case "buttons":
		return telegramButtons(how)
	case "passthrough":
		return &huma.Schema{
			Type: huma.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"parameters": []any{"1042"}}},
			Description: "Further fields for DMLY that its reference does not document, such as a template's parameters: merged into the request. They may not replace one of its own.",
		}
	default:
		panic("there is no description of the field " + name)
	}
}

// constraint is what the operation takes in a field of its own content.
func constraint(op dmly.Operation, name string) *clause {
	switch name {
	case "textMessage":
		return &clause{Pattern: notBlank, MaxLength: new(op.TextLimit().Max)}
	case "template":
		return &clause{Pattern: notBlank}
	case "mediaUrl":
		return publicURL()
	case "mimeType":
		return &clause{Pattern: mimePattern(op.MIMETypes())}
	default:
		return &clause{} // said with the field already
	}
}
