package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a message may nest; a message of the documented fields
// needs 5.
const maxDepth = 32

// decoder reads parts of a message and gathers what is wrong with them.
type decoder struct {
	problems []Problem
	// repeated counts the names that are there twice beyond those among the problems.
	repeated int
	// excused are the places that a misspelled field was meant for.
	excused []string
	// lenient says that null means "not there".
	lenient bool
}

const (
	// maxProblems bounds the answer to a message that is wrong everywhere.
	maxProblems = 100
	// maxPointers is how many bytes all its pointers may have: each can repeat names that are nearly as long as the message.
	maxPointers = 4 << 10
)

// list is what was found, bounded.
func (d *decoder) list() []Problem {
	var told []Problem
	pointers := 0
	for _, p := range d.problems {
		if len(told) < maxProblems && pointers+len(p.Pointer) <= maxPointers {
			told, pointers = append(told, p), pointers+len(p.Pointer)
		}
	}
	if more := d.repeated + len(d.problems) - len(told); more > 0 {
		told = append(told, Problem{Detail: fmt.Sprintf("has %d more problems", more)})
	}
	return told
}

func (d *decoder) add(at, format string, args ...any) {
	d.problems = append(d.problems, Problem{Pointer: at, Detail: fmt.Sprintf(format, args...)})
}

// reported says whether something was found wrong there already.
func (d *decoder) reported(at string) bool {
	return slices.Contains(d.excused, at) ||
		slices.ContainsFunc(d.problems, func(p Problem) bool { return related(p.Pointer, at) })
}

// merge adds the problems at places that had none before: a field that could not be
// read is not reported as missing too.
func (d *decoder) merge(found []Problem) {
	known := d.problems
	if len(known) >= maxProblems {
		return // no more than these are told, and comparing all with all takes its time
	}
	for _, p := range found {
		if !slices.ContainsFunc(known, func(q Problem) bool { return related(p.Pointer, q.Pointer) }) &&
			!slices.ContainsFunc(d.excused, func(at string) bool { return related(p.Pointer, at) }) {
			d.problems = append(d.problems, p)
		}
	}
}

// parse checks what is true of all JSON that is taken here: its size, its form,
// its depth, valid UTF-8, no name twice, nothing after it, and an object.
func parse(data []byte, depth int) (*decoder, jsontext.Value, error) {
	d := &decoder{}
	if len(data) > MaxBytes {
		d.add("", "has %d bytes; the limit is %d", len(data), MaxBytes)
		return nil, nil, &Error{Problems: d.problems, TooLarge: true}
	}
	root, err := d.scan(data, depth)
	if err == nil && root.Kind() != '{' {
		d.wrongType("", root, "an object")
		return nil, nil, &Error{Problems: d.problems, Malformed: true}
	}
	if err != nil {
		d.add(pointerOf(err), "%s", syntaxDetail(err, data))
		return nil, nil, &Error{Problems: d.problems, Malformed: true}
	}
	return d, root, nil
}

// decoders are kept, with the room that each needs: a message has several objects, and a campaign many messages.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// open begins to read a text whose repeated names have been, or are being, looked for. The decoder goes back to decoders.
func open(text []byte) *jsontext.Decoder {
	dec, _ := decoders.Get().(*jsontext.Decoder)
	dec.Reset(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))
	return dec
}

// scan reads all tokens once. Repeated names are gathered; what is not JSON ends it.
func (d *decoder) scan(data []byte, depth int) (jsontext.Value, error) {
	dec := open(data)
	defer decoders.Put(dec)
	var names []map[string]bool // of each open object; nil for an array
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		switch kind := token.Kind(); {
		case kind == '{':
			names = append(names, map[string]bool{})
		case kind == '[':
			names = append(names, nil)
		case kind == '}' || kind == ']':
			names = names[:len(names)-1]
		case kind == '"' && len(names) > 0 && names[len(names)-1] != nil && isName(dec):
			object, name := names[len(names)-1], token.String()
			switch {
			case !object[name]:
			case len(d.problems) < maxProblems:
				d.add(string(dec.StackPointer()), "is there twice")
			default: // where they all are could take far more memory than the message
				d.repeated++
			}
			object[name] = true
		}
		if len(names) > depth {
			return nil, fmt.Errorf("is nested more than %d levels deep", depth)
		}
		if len(names) == 0 {
			break
		}
	}
	end := dec.InputOffset()
	if rest := bytes.TrimLeft(data[end:], " \t\r\n"); len(rest) > 0 {
		return nil, errTrailing
	}
	return jsontext.Value(bytes.TrimSpace(data[:end])), nil
}

// isName says whether the string just read is a member's name: names and values
// take turns.
func isName(dec *jsontext.Decoder) bool {
	_, length := dec.StackIndex(dec.StackDepth())
	return length%2 == 1
}

var errTrailing = errors.New("has something after the end of the JSON object")

// pointerOf is where the JSON is wrong, unless that takes too long to say.
func pointerOf(err error) string {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok && len(syntactic.JSONPointer) <= maxPointers {
		return string(syntactic.JSONPointer)
	}
	return ""
}

func syntaxDetail(err error, data []byte) string {
	syntactic, isSyntactic := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "is empty; a JSON object is expected"
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return "is not complete JSON: it ends too early"
	case isSyntactic && strings.Contains(syntactic.Err.Error(), "UTF-8"):
		return fmt.Sprintf("is not valid UTF-8 (byte %d)", syntactic.ByteOffset)
	case isSyntactic:
		return fmt.Sprintf("is not valid JSON (byte %d)", syntactic.ByteOffset)
	default:
		return err.Error()
	}
}

// object calls member for each member of v, and reports whether v is an object.
func (d *decoder) object(at string, v jsontext.Value, member func(name, at string, v jsontext.Value)) bool {
	if v.Kind() != '{' {
		d.wrongType(at, v, "an object")
		return false
	}
	dec := open(v)
	defer decoders.Put(dec)
	if _, err := dec.ReadToken(); err != nil {
		d.add(at, "cannot be read")
		return false
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			break // scan has read all of it before
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			break
		}
		member(key, string(jsontext.Pointer(at).AppendToken(key)), value.Clone())
	}
	return true
}

func list[T any](d *decoder, at string, v jsontext.Value, item func(at string, v jsontext.Value) T) []T {
	items := []T{}
	if v.Kind() != '[' {
		d.wrongType(at, v, "a list")
		return nil
	}
	dec := open(v)
	defer decoders.Put(dec)
	if _, err := dec.ReadToken(); err != nil {
		d.add(at, "cannot be read")
		return nil
	}
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			break // scan has read all of it before
		}
		items = append(items, item(fmt.Sprintf("%s/%d", at, len(items)), value.Clone()))
	}
	return items
}

func (d *decoder) raw(_ string, v jsontext.Value) json.RawMessage { return json.RawMessage(v) }

func (d *decoder) text(at string, v jsontext.Value) string {
	if v.Kind() != '"' {
		d.wrongType(at, v, "a string")
		return ""
	}
	unquoted, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		d.add(at, "cannot be read")
	}
	return string(unquoted)
}

// single reads an object that has one field, such as {"id": "W1"}.
func (d *decoder) single(at string, v jsontext.Value, field string) string {
	var got string
	var seen []string
	ok := d.object(at, v, func(name, at string, v jsontext.Value) {
		seen = append(seen, name)
		if name == field {
			got = d.text(at, v)
			if got == "" && !d.reported(at) {
				d.add(at, "is required and may not be blank")
			}
			return
		}
		d.unknown(name, at, []string{field})
	})
	if ok && !d.reported(at) {
		d.require(at, []string{field}, seen)
	}
	return got
}

// lenientSingle is single for a body of DMLY's: null is "not there", and further fields are DMLY's business.
func (d *decoder) lenientSingle(at string, v jsontext.Value, field string, passOn func(further json.RawMessage)) string {
	var got string
	var further bytes.Buffer // an object of the further fields, but for its end
	d.object(at, v, func(name, at string, v jsontext.Value) {
		switch {
		case name != field:
			quoted, err := jsontext.AppendQuote(nil, name)
			if err != nil {
				d.add(at, "cannot be read")
				return
			}
			further.WriteByte(',')
			further.Write(quoted)
			further.WriteByte(':')
			further.Write(v)
		case v.Kind() != 'n':
			got = d.text(at, v)
		}
	})
	if further.Len() == 0 {
		return got
	}
	if got == "" && !d.reported(at+"/"+field) {
		d.add(at+"/"+field, "is required and may not be blank")
	}
	further.Bytes()[0] = '{'
	further.WriteByte('}')
	passOn(further.Bytes())
	return got
}

func (d *decoder) require(at string, fields, seen []string) {
	for _, f := range fields {
		if !slices.Contains(seen, f) {
			d.add(at+"/"+f, "is required and may not be blank")
		}
	}
}

func (d *decoder) oneOf(at string, v jsontext.Value, values ...string) string {
	got := d.text(at, v)
	if !slices.Contains(values, got) && v.Kind() == '"' {
		d.add(at, "%q is not one of %s", clip(got), strings.Join(values, ", "))
	}
	return got
}

// parsed reads a string with a form of its own.
func parsed[T any](d *decoder, at string, v jsontext.Value, parse func(string) (T, error)) T {
	var zero T
	if v.Kind() != '"' {
		d.wrongType(at, v, "a string")
		return zero
	}
	got, err := parse(d.text(at, v))
	if err != nil {
		d.add(at, "%v", err)
		return zero
	}
	return got
}

func (d *decoder) wrongType(at string, v jsontext.Value, want string) {
	is := map[jsontext.Kind]string{'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '0': "a number", '{': "an object", '[': "a list"}[v.Kind()]
	if v.Kind() == 'n' && at != "" {
		d.add(at, "is null; leave the field out instead")
		return
	}
	d.add(at, "is %s; it must be %s", is, want)
}

// clip keeps a value short enough to be quoted in a sentence, and leaves little of what may be a phone number in the
// wrong place.
func clip(s string) string {
	most := 24
	if hasPhoneNumber(s) {
		most = 4
	}
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// hasPhoneNumber says whether there are 7 digits with nothing between them but what people write in a phone number. The
// date that a time begins with is none.
func hasPhoneNumber(s string) bool {
	if len(s) >= len(time.DateOnly) {
		if _, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err == nil {
			s = s[len(time.DateOnly):]
		}
	}
	digits := 0
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune(" ()-./", r):
			digits = 0
		}
		if digits == 7 {
			return true
		}
	}
	return false
}
