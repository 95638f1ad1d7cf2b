package message

import (
	"errors"
	"fmt"
	"slices"

	"dmlysender/shared/dmly"
)

// MaxFallback is how many fallbacks a message may have.
const MaxFallback = 5

const notAnID = "is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -"

// id reads an id. One that is there and empty is a mistake of the producer's, who
// would lose the protection of it without a word.
func (d *decoder) id() string {
	isString := d.kind() == '"'
	got := d.string()
	if isString && !ValidID(got) {
		d.add(d.at(), notAnID)
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
	var f findings
	if m.ID != "" && !ValidID(m.ID) {
		f.add("/id", notAnID)
	}
	if m.CancelKey != "" && !ValidID(m.CancelKey) {
		f.add("/cancelKey", notAnID)
	}
	if !m.ExpiresAt.IsZero() && !m.SendAt.IsZero() && !m.ExpiresAt.After(m.SendAt) {
		f.add("/expiresAt", "must be later than sendAt")
	}
	if w := m.DeliverWithin; w != nil && w.From == w.To {
		f.add("/deliverWithin/to", "must differ from from; for the whole day leave deliverWithin out")
	}
	if len(m.Fallback) > MaxFallback {
		f.add("/fallback", "has %d entries; at most %d are allowed", len(m.Fallback), MaxFallback)
	}
	for i := range min(m.Steps(), 1+MaxFallback) {
		f.problems = append(f.problems, m.stepProblems(i)...)
	}
	return f.problems
}

// stepProblems looks at what step i would send.
func (m Message) stepProblems(i int) []Problem {
	var f findings
	step, at := m.step(i), ""
	if i > 0 {
		at = fmt.Sprintf("/fallback/%d", i-1)
	}
	op, ok := OperationOf(step.Channel, step.Type)
	if !ok {
		f.noOperation(at, step)
		if i == 0 {
			f.merge(m.envelopeProblems())
		}
		return f.problems
	}
	own := op.Fields()
	f.foreign(at, step, own)
	if i > 0 {
		for _, name := range []string{"workspace", "contact", "recipient"} {
			if _, ok := step.Passthrough[name]; ok && slices.Contains(own, name) {
				f.add(at+"/passthrough/"+name, "is not possible in a fallback, which has the message's as it is")
			}
		}
	}
	if i == 0 && m.Recipient != (dmly.Recipient{}) && !slices.Contains(own, "recipient") {
		f.add("/recipient", "%s takes a contact, not a phone number", step.Channel)
	}
	if i > 0 && m.Recipient != (dmly.Recipient{}) && !slices.Contains(own, "recipient") {
		f.add(at+"/channel", "%s needs a contact, and the message has a phone number", step.Channel)
		return f.problems
	}
	invalid, ok := errors.AsType[*dmly.ValidationError](m.Request(i).Validate())
	if !ok {
		return f.problems
	}
	var found []Problem
	for _, p := range invalid.Problems {
		if i > 0 && (related(p.Pointer, "/recipient") || related(p.Pointer, "/workspace")) {
			continue // the message's own, and said there
		}
		p.Pointer = at + p.Pointer
		found = append(found, p)
	}
	f.merge(found)
	return f.problems
}

// noOperation says which of channel and type is wrong.
func (f *findings) noOperation(at string, step Step) {
	switch {
	case step.Channel == "":
		f.add(at+"/channel", "is required; there is %s", Existing())
	case !slices.Contains(channels, step.Channel):
		f.add(at+"/channel", "there is no channel %q; there is %s", clip(string(step.Channel)), Existing())
	case step.Type != "":
		f.add(at+"/type", "there is no %s message on %q; there is %s", clip(string(step.Type)), step.Channel, Existing())
	}
	if step.Type == "" {
		f.add(at+"/type", "is required")
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
func (f *findings) foreign(at string, step Step, own []string) {
	b := step.Body
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"textMessage", b.TextMessage != ""}, {"mediaUrl", b.MediaURL != ""}, {"mimeType", b.MimeType != ""},
		{"template", b.Template != ""}, {"elements", b.Elements != nil}, {"buttons", b.Buttons != nil},
	} {
		if field.set && !slices.Contains(own, field.name) {
			f.add(at+"/"+field.name, "does not belong to a %s %s message; what only DMLY knows goes into passthrough", step.Channel, step.Type)
		}
	}
}
