package dmly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Limit is how long a channel lets a text be. The reference states none; these
// are the channels' own documented limits.
type Limit struct {
	// Max is the length that is still allowed; 0 for no text at all.
	Max int
	// Unit is [Characters] or [Bytes].
	Unit string
}

// The units that texts are measured in.
const (
	Characters = "characters" // code points
	Bytes      = "bytes of UTF-8"
)

func (l Limit) size(s string) int {
	if l.Unit == Bytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

var textLimits = map[Operation]Limit{
	OpWhatsAppText:     {4096, Characters},
	OpMessengerText:    {2000, Characters},
	OpInstagramText:    {1000, Bytes},
	OpTelegramTemplate: {4096, Characters},
}

// TextLimit is how long the operation's textMessage may be; the zero Limit for an
// operation without one.
func (o Operation) TextLimit() Limit { return textLimits[o] }

// What an element of a Messenger or Instagram template may have.
const (
	MaxElements       = 10 // in one request, which has at least one
	MaxElementButtons = 3
	MaxTitle          = 80 // code points
)

const noLimit = -1

// isE164 checks the form of a phone number. The numbering plan is not checked: the
// reference's own example number is fictional.
func isE164(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	return plus && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// Problem is one thing that is wrong with a request.
type Problem struct {
	// Pointer says where: a JSON Pointer (RFC 6901) into the request's body.
	Pointer string `json:"pointer"`
	// Detail says what, and what would be right. Phone numbers and the like are
	// shortened in it.
	Detail string `json:"detail"`
}

// String is the problem as one line.
func (p Problem) String() string {
	if p.Pointer == "" {
		return "the body " + p.Detail
	}
	return p.Pointer + ": " + p.Detail
}

// ValidationError says that a request is not one that DMLY takes. Nothing was sent.
type ValidationError struct {
	Operation Operation
	// Problems has at least one entry, in the order of the request's fields.
	Problems []Problem
}

// Error implements error: every problem, separated by "; ".
func (e *ValidationError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return fmt.Sprintf("invalid %s request: %s", e.Operation, strings.Join(lines, "; "))
}

// checker gathers the problems of one request.
type checker struct {
	req      Request
	problems []Problem
}

func check(req Request) *checker { return &checker{req: req} }

func (c *checker) add(pointer, format string, args ...any) {
	c.problems = append(c.problems, Problem{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

// err ends the check; what every request has in common is looked at here.
func (c *checker) err() error {
	c.passthrough()
	if len(c.problems) == 0 {
		return nil
	}
	return &ValidationError{Operation: c.req.Operation(), Problems: c.problems}
}

func (c *checker) required(pointer, value string) bool {
	switch {
	case strings.TrimSpace(value) == "":
		c.add(pointer, "is required and may not be blank")
	case !utf8.ValidString(value):
		c.add(pointer, "is not valid UTF-8")
	default:
		return true
	}
	return false
}

func (c *checker) workspace(w Workspace) { c.required("/workspace/id", w.ID) }
func (c *checker) contact(ct Contact)    { c.required("/contact/id", ct.ID) }

func (c *checker) whatsAppTarget(ct Contact, r Recipient) {
	hasContact, hasRecipient := ct != Contact{}, r != Recipient{}
	switch {
	case hasContact && hasRecipient:
		c.add("/recipient", "send either contact or recipient, not both: DMLY rejects a request that has both")
	case hasContact:
		c.contact(ct)
	case !hasRecipient:
		c.add("/recipient", `contact or recipient is required: {"contact": {"id": …}} or {"recipient": {"phoneNumber": "+…"}}`)
	case !isE164(r.PhoneNumber):
		c.add("/recipient/phoneNumber", "%q is not E.164 (+ and 7 to 15 digits, the first not 0)", shorten(r.PhoneNumber))
	}
}

func (c *checker) text(s string) { c.sized("/textMessage", s, c.req.Operation().TextLimit()) }

func (c *checker) sized(pointer, s string, l Limit) {
	if c.required(pointer, s) && l.size(s) > l.Max {
		c.add(pointer, "has %d %s; the limit is %d", l.size(s), l.Unit, l.Max)
	}
}

func (c *checker) elements(elements []Element) {
	if n := len(elements); n < 1 || n > MaxElements {
		c.add("/elements", "has %d elements; 1 to %d are allowed", n, MaxElements)
	}
	for i, e := range elements {
		at := fmt.Sprintf("/elements/%d", i)
		c.buttons(at+"/buttons", e.Buttons, MaxElementButtons)
		c.sized(at+"/title", e.Title, Limit{MaxTitle, Characters})
		c.further(at, e.Passthrough, fieldNames(e))
	}
}

func (c *checker) buttons(pointer string, buttons Buttons, most int) {
	if most != noLimit && len(buttons) > most {
		c.add(pointer, "has %d buttons; at most %d are allowed", len(buttons), most)
	}
	for i, b := range buttons {
		if !json.Valid(b) || !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
			c.add(fmt.Sprintf("%s/%d", pointer, i), "is not a JSON object")
		}
	}
}

func (c *checker) passthrough() {
	if len(c.req.passthrough()) == 0 {
		return
	}
	beside, within := split(c.req)
	for _, name := range sortedKeys(within) {
		var members Passthrough
		if json.Unmarshal(within[name], &members) != nil {
			c.add("/passthrough/"+name, "is not valid JSON")
		}
		c.further("/passthrough/"+name, members, []string{holders[name]})
	}
	c.further("/passthrough", beside, fieldNames(c.req))
}

// further checks fields that are merged into an object with fields of its own.
func (c *checker) further(pointer string, extra Passthrough, known []string) {
	for _, name := range sortedKeys(extra) {
		at := pointer + "/" + escapePointer(name)
		if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) }); i >= 0 {
			c.add(at, "may not replace the request's own field %q", known[i])
		}
		if !utf8.ValidString(name) || !json.Valid(extra[name]) {
			c.add(at, "is not valid JSON")
		}
	}
}

// namesOf are the fieldNames that were asked for, by the type of the struct.
var namesOf sync.Map

// fieldNames are the JSON names of a struct's own fields. They are not to be changed.
func fieldNames(object any) []string {
	t := reflect.TypeOf(object)
	if known, ok := namesOf.Load(t); ok {
		names, _ := known.([]string)
		return names
	}
	names := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	names = slices.Clip(names)
	namesOf.Store(t, names)
	return names
}

// escapePointer writes a name as a JSON Pointer's token (RFC 6901, section 3).
func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// shorten keeps personal data out of errors: what is left is enough to find the
// field's value, and too little to call somebody.
func shorten(s string) string {
	const keep = 5
	if utf8.RuneCountInString(s) <= keep {
		return s
	}
	return string([]rune(s)[:keep]) + "…"
}
