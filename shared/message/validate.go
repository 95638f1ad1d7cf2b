package message

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/dmly"
)

// MaxFallback is how many fallbacks a message may have.
const MaxFallback = 5

const notAnID = "is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -"

// id reads an id. One that is there and empty is a mistake of the producer's, who
// would lose the protection of it without a word.
func (d *decoder) id(at string, v jsontext.Value) string {
	got := d.text(at, v)
	if v.Kind() == '"' && !ValidID(got) {
		d.add(at, notAnID)
	}
	return got
}

// Validate returns an *[Error] naming every problem, or nil. A missing ID is not a
// problem here: whoever takes the message in gives it one.
func (m Message) Validate() error {
	if found := m.problems(); len(found) > 0 {
		return &Error{Problems: found, ID: m.ID}
	}
	return nil
}

func (m Message) problems() []Problem {
	d := &decoder{}
	if m.ID != "" && !ValidID(m.ID) {
		d.add("/id", notAnID)
	}
	if m.CancelKey != "" && !ValidID(m.CancelKey) {
		d.add("/cancelKey", notAnID)
	}
	if !m.ExpiresAt.IsZero() && !m.SendAt.IsZero() && !m.ExpiresAt.After(m.SendAt) {
		d.add("/expiresAt", "must be later than sendAt")
	}
	if w := m.DeliverWithin; w != nil && w.From == w.To {
		d.add("/deliverWithin/to", "must differ from from; for the whole day leave deliverWithin out")
	}
	if len(m.Fallback) > MaxFallback {
		d.add("/fallback", "has %d entries; at most %d are allowed", len(m.Fallback), MaxFallback)
	}
	for i := range min(m.Steps(), 1+MaxFallback) {
		d.problems = append(d.problems, m.stepProblems(i)...)
	}
	return d.problems
}

// stepProblems looks at what step i would send.
func (m Message) stepProblems(i int) []Problem {
	d := &decoder{}
	step, at := m.step(i), ""
	if i > 0 {
		at = fmt.Sprintf("/fallback/%d", i-1)
	}
	op, ok := OperationOf(step.Channel, step.Type)
	if !ok {
		d.noOperation(at, step)
		if i == 0 {
			d.merge(m.envelopeProblems())
		}
		return d.problems
	}
	own := op.Fields()
	d.foreign(at, step, own)
	if i > 0 {
		for _, name := range []string{"workspace", "contact", "recipient"} {
			if _, ok := step.Passthrough[name]; ok && slices.Contains(own, name) {
				d.add(at+"/passthrough/"+name, "is not possible in a fallback, which has the message's as it is")
			}
		}
	}
	if i == 0 && m.Recipient != (dmly.Recipient{}) && !slices.Contains(own, "recipient") {
		d.add("/recipient", "%s takes a contact, not a phone number", step.Channel)
	}
	if i > 0 && m.Recipient != (dmly.Recipient{}) && !slices.Contains(own, "recipient") {
		d.add(at+"/channel", "%s needs a contact, and the message has a phone number", step.Channel)
		return d.problems
	}
	invalid, ok := errors.AsType[*dmly.ValidationError](m.Request(i).Validate())
	if !ok {
		return d.problems
	}
	var found []Problem
	for _, p := range invalid.Problems {
		if i > 0 && (related(p.Pointer, "/recipient") || related(p.Pointer, "/workspace")) {
			continue // the message's own, and said there
		}
		p.Pointer = at + p.Pointer
		found = append(found, p)
	}
	d.merge(found)
	return d.problems
}

// noOperation says which of channel and type is wrong.
func (d *decoder) noOperation(at string, step Step) {
	switch {
	case step.Channel == "":
		d.add(at+"/channel", "is required; there is %s", Existing())
	case !slices.Contains(channels, step.Channel):
		d.add(at+"/channel", "there is no channel %q; there is %s", clip(string(step.Channel)), Existing())
	case step.Type != "":
		d.add(at+"/type", "there is no %s message on %q; there is %s", clip(string(step.Type)), step.Channel, Existing())
	}
	if step.Type == "" {
		d.add(at+"/type", "is required")
	}
}

// envelopeProblems are those of a message that is not known to be of any operation.
func (m Message) envelopeProblems() []Problem {
	as := dmly.WhatsAppText{Workspace: m.Workspace, Contact: m.Contact, Recipient: m.Recipient, TextMessage: "-"}
	if invalid, ok := errors.AsType[*dmly.ValidationError](as.Validate()); ok {
		return invalid.Problems
	}
	return nil
}

// foreign reports body fields that the operation does not have.
func (d *decoder) foreign(at string, step Step, own []string) {
	b := step.Body
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"textMessage", b.TextMessage != ""}, {"mediaUrl", b.MediaURL != ""}, {"mimeType", b.MimeType != ""},
		{"template", b.Template != ""}, {"elements", b.Elements != nil}, {"buttons", b.Buttons != nil},
	} {
		if f.set && !slices.Contains(own, f.name) {
			d.add(at+"/"+f.name, "does not belong to a %s %s message; what only DMLY knows goes into passthrough", step.Channel, step.Type)
		}
	}
}
