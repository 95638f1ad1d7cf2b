package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/message"
)

const (
	opening = "{{"
	ending  = "}}"
	// maxDepth is how deep a campaign's message may nest, which is more than a message may.
	maxDepth = 100
)

// template is a campaign's message with its placeholders.
type template struct {
	// names are the placeholders', each once.
	names []string
	// pointers say where in the message each of them stands first.
	pointers []string
	// places are where in the message placeholders stand at all.
	places []string
	// slots says which of the names a placeholder is, as it is written.
	slots map[string]int
	// hasWorkspace and hasPriority say that the message has such a field.
	hasWorkspace, hasPriority bool
	// times has its sendAt, expiresAt and deliverWithin, as far as they have no placeholder.
	times message.Message
	// json is the message, in its shortest form, and nulled has null where json has a string with placeholders.
	json, nulled []byte
}

// compile reads a message with placeholders. It returns what is wrong with it, whatever the rows say, with pointers into
// the message.
func compile(raw []byte) (*template, []message.Problem) {
	if len(raw) > message.MaxBytes {
		return nil, []message.Problem{{Detail: fmt.Sprintf("has %d bytes; the limit is %d", len(raw), message.MaxBytes)}}
	}
	// In the shortest form no string has its braces escaped, so that those of the text are all there are.
	text := jsontext.Value(bytes.Clone(raw))
	if err := text.Format(); err != nil {
		return nil, []message.Problem{explain(err)}
	}
	t := &template{slots: map[string]int{}, json: text}
	problems := t.scan()
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := t.wrongInEachRow(); len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

// explain says what is wrong with a text that is not JSON as it is taken here.
func explain(err error) message.Problem {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case ok && errors.Is(err, jsontext.ErrDuplicateName):
		return message.Problem{Pointer: string(syntactic.JSONPointer), Detail: "is there twice"}
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return message.Problem{Detail: "is not complete JSON: it ends too early"}
	case ok:
		return message.Problem{Pointer: string(syntactic.JSONPointer), Detail: fmt.Sprintf("is not valid JSON (byte %d)", syntactic.ByteOffset)}
	default:
		return message.Problem{Detail: "is not valid JSON"}
	}
}

// scan looks for placeholders in all strings.
func (t *template) scan() (problems []message.Problem) {
	dec := jsontext.NewDecoder(bytes.NewReader(t.json))
	var nulled bytes.Buffer
	enc := jsontext.NewEncoder(&nulled)
	for {
		token, err := dec.ReadToken()
		if err != nil { // the end: Format has read all of it
			t.nulled = nulled.Bytes()
			return problems
		}
		if dec.StackDepth() > maxDepth {
			return []message.Problem{{Detail: fmt.Sprintf("is nested more than %d levels deep", maxDepth)}}
		}
		if token.Kind() == '"' && dec.StackDepth() == 1 && isName(dec) {
			t.hasWorkspace = t.hasWorkspace || token.String() == "workspace"
			t.hasPriority = t.hasPriority || token.String() == "priority"
		}
		if token.Kind() == '"' && strings.Contains(token.String(), opening) {
			at := string(dec.StackPointer())
			wrong := "has a placeholder in its name; a placeholder can only be in a value"
			if !isName(dec) {
				wrong = t.placeholders(at, token.String())
				token = jsontext.Null
			}
			if wrong != "" {
				problems = append(problems, message.Problem{Pointer: at, Detail: wrong})
			}
		}
		if err := enc.WriteToken(token); err != nil {
			return []message.Problem{explain(err)} // which Format would have found
		}
	}
}

// isName says whether the string just read is a member's name.
func isName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == '{' && length%2 == 1
}

// placeholders takes those of one string, and says what is wrong with them.
func (t *template) placeholders(at, text string) (wrong string) {
	for {
		_, after, found := strings.Cut(text, opening)
		if !found {
			return ""
		}
		tag, rest, closed := strings.Cut(after, ending)
		name := strings.TrimSpace(tag)
		switch {
		case !closed:
			return "has {{ without }} behind it; write a placeholder as {{name}}"
		case name == "":
			return "has a placeholder without a name; write it as {{name}}"
		case strings.ContainsAny(name, "{}"):
			return "has a placeholder with a brace in its name; write it as {{name}}"
		}
		t.take(at, tag, name)
		text = rest
	}
}

func (t *template) take(at, tag, name string) {
	written, err := jsontext.AppendQuote(nil, tag)
	if err != nil {
		return // which is not valid UTF-8, and so was no JSON
	}
	slot := len(t.names)
	for i, known := range t.names {
		if known == name {
			slot = i
		}
	}
	if slot == len(t.names) {
		t.names, t.pointers = append(t.names, name), append(t.pointers, at)
	}
	t.slots[string(written[1:len(written)-1])] = slot
	t.places = append(t.places, at)
}

// stacks stands for the stack's own workspace, which is not known here.
const stacks = "the stack's"

// wrongInEachRow decodes the message as it is, and returns the problems that have nothing to do with a placeholder.
func (t *template) wrongInEachRow() []message.Problem {
	m, err := message.Decode(t.json, message.Defaults{Workspace: stacks})
	t.times = message.Message{SendAt: m.SendAt, ExpiresAt: m.ExpiresAt}
	if !t.within("/deliverWithin") {
		t.times.DeliverWithin = m.DeliverWithin
	}
	found, _ := errors.AsType[*message.Error](err)
	switch {
	case found == nil:
	case found.Malformed || found.TooLarge:
		return found.Problems
	default:
		if problems := t.fixed(found.Problems); len(problems) > 0 {
			return problems
		}
	}
	if m.ID != "" || t.within("/id") || found != nil && found.ID != "" {
		return []message.Problem{{Pointer: "/id", Detail: "leave it out: each message gets its own, from the campaign and its recipient"}}
	}
	if !t.within("/recipient") && !t.within("/contact") {
		return []message.Problem{{Pointer: "/recipient", Detail: "has no placeholder, so that each row would send to the same recipient; " +
			`write it as {"phoneNumber": "{{phone}}"}, or contact as {"id": "{{contact}}"}`}}
	}
	return nil
}

// fixed are the problems that will be there whatever the placeholders are.
func (t *template) fixed(found []message.Problem) (fixed []message.Problem) {
	// What is said of a place also where there is null has nothing to do with its value: there is no such field.
	var ofNull []message.Problem
	_, err := message.Decode(t.nulled, message.Defaults{Workspace: stacks})
	if e, ok := errors.AsType[*message.Error](err); ok {
		ofNull = e.Problems
	}
	for _, p := range found {
		switch {
		case p.Pointer == "":
		case t.within(p.Pointer) || t.around(p.Pointer):
			if slices.Contains(ofNull, p) {
				fixed = append(fixed, p)
			}
		default:
			fixed = append(fixed, p)
		}
	}
	return fixed
}

// within says whether there is a placeholder at this place or in it.
func (t *template) within(pointer string) bool {
	for _, at := range t.places {
		if at == pointer || strings.HasPrefix(at, pointer+"/") {
			return true
		}
	}
	return false
}

// around says whether this place is in one that is a placeholder.
func (t *template) around(pointer string) bool {
	for _, at := range t.places {
		if strings.HasPrefix(pointer, at+"/") {
			return true
		}
	}
	return false
}
