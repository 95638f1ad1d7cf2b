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

// decoder reads a message and gathers what is wrong with it. Whatever reads a value leaves the decoder behind it, so that
// [decoder.at] is where that value was.
type decoder struct {
	findings
	json jsontext.Decoder
	text bytes.Buffer
	// lenient says that null means "not there".
	lenient bool
}

// decoders are kept, with the room that each needs: a campaign has many messages.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

// parse checks what is true of all JSON that is taken here: its size, its form, its depth, valid UTF-8, no name twice, nothing
// after it, and an object. That is what its decoder reads next; the decoder goes back to decoders after that.
func parse(data []byte, depth int) (*decoder, error) {
	if len(data) > MaxBytes {
		return nil, &Error{TooLarge: true, Problems: []Problem{{Detail: fmt.Sprintf("has %d bytes; the limit is %d", len(data), MaxBytes)}}}
	}
	d, _ := decoders.Get().(*decoder)
	d.findings, d.lenient = findings{}, false
	if err := d.scan(data, depth); err != nil {
		d.add(pointerOf(err), "%s", syntaxDetail(err, data))
		return nil, d.malformed()
	}
	if d.open(data, true); d.kind() != '{' {
		d.wrongType(d.value().Kind(), "an object")
		return nil, d.malformed()
	}
	return d, nil
}

func (d *decoder) malformed() *Error {
	defer decoders.Put(d)
	return &Error{Malformed: true, Problems: d.problems}
}

// open begins to read a text. It may repeat names once these have been, or are being, looked for.
func (d *decoder) open(data []byte, mayRepeat bool) {
	d.text = *bytes.NewBuffer(data)
	d.json.Reset(&d.text, jsontext.AllowDuplicateNames(mayRepeat))
}

// scan reads all of it once. Repeated names are gathered; what is not JSON ends it.
func (d *decoder) scan(data []byte, depth int) error {
	if d.right(data, depth) {
		return nil
	}
	d.open(data, true)
	var names []map[string]bool // of each open object; nil for an array
	for {
		token, err := d.json.ReadToken()
		if err != nil {
			return err
		}
		switch kind := token.Kind(); {
		case kind == '{':
			names = append(names, map[string]bool{})
		case kind == '[':
			names = append(names, nil)
		case kind == '}' || kind == ']':
			names = names[:len(names)-1]
		case kind == '"' && len(names) > 0 && names[len(names)-1] != nil && d.isName():
			object, name := names[len(names)-1], token.String()
			switch {
			case !object[name]:
			case len(d.problems) < maxProblems:
				d.add(d.at(), "is there twice")
			default: // where they all are could take far more memory than the message
				d.repeated++
			}
			object[name] = true
		}
		if len(names) > depth {
			return fmt.Errorf("is nested more than %d levels deep", depth)
		}
		if len(names) == 0 {
			return d.end(data)
		}
	}
}

// right says that there is nothing to find for scan, which takes several times as long. It is false also for what may be right.
func (d *decoder) right(data []byte, depth int) bool {
	if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) > depth {
		return false
	}
	d.open(data, false)
	_, err := d.json.ReadValue()
	return err == nil && d.end(data) == nil
}

// end looks at what is left.
func (d *decoder) end(data []byte) error {
	if rest := bytes.TrimLeft(data[d.json.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return errTrailing
	}
	return nil
}

// isName says whether the string just read is a member's name: names and values take turns.
func (d *decoder) isName() bool {
	_, length := d.json.StackIndex(d.json.StackDepth())
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

// at is where the value is that was read last, or the value of the name that was read last.
func (d *decoder) at() string { return string(d.json.StackPointer()) }

// kind is that of what comes next.
func (d *decoder) kind() jsontext.Kind { return d.json.PeekKind() }

// value reads whatever comes. It is good until the next one is read. (scan has read all of it before, so that there is no error.)
func (d *decoder) value() jsontext.Value {
	v, _ := d.json.ReadValue()
	return v
}

// more says whether the object or list goes on.
func (d *decoder) more() bool {
	next := d.kind()
	return next != '}' && next != ']' && next != jsontext.KindInvalid
}

func (d *decoder) token() { _, _ = d.json.ReadToken() }

// object calls member for each member of an object, and reports whether it is one. member reads the value, or leaves it; the
// name may be a part of the text that is read.
func (d *decoder) object(member func(name []byte)) bool {
	if d.kind() != '{' {
		d.wrongType(d.value().Kind(), "an object")
		return false
	}
	d.token()
	for d.more() {
		member(d.unquote(d.value()))
		if d.isName() {
			d.value()
		}
	}
	d.token()
	return true
}

// list reads a list. item reads one of its values.
func list[T any](d *decoder, item func() T) []T {
	if d.kind() != '[' {
		d.wrongType(d.value().Kind(), "a list")
		return nil
	}
	d.token()
	items := []T{}
	for d.more() {
		items = append(items, item())
	}
	d.token()
	return items
}

func (d *decoder) raw() json.RawMessage { return json.RawMessage(d.value().Clone()) }

// string reads a string, and is "" for anything else.
func (d *decoder) string() string {
	v := d.value()
	if v.Kind() != '"' {
		d.wrongType(v.Kind(), "a string")
		return ""
	}
	return string(d.unquote(v))
}

func (d *decoder) unquote(v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	unquoted, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		d.add(d.at(), "cannot be read")
	}
	return unquoted
}

// single reads an object that has one field, such as {"id": "W1"}.
func (d *decoder) single(field string) string {
	var got string
	var has bool
	ok := d.object(func(name []byte) {
		if string(name) != field {
			d.unknown(string(name), []string{field})
			return
		}
		has, got = true, d.string()
		if got == "" && !d.reported(d.at()) {
			d.add(d.at(), "is required and may not be blank")
		}
	})
	if ok && !has && !d.reported(d.at()) {
		d.require(field)
	}
	return got
}

// lenientSingle is single for a body of DMLY's: null is "not there", and further fields are DMLY's business.
func (d *decoder) lenientSingle(field string, passOn func(further json.RawMessage)) string {
	var got string
	var further bytes.Buffer // an object of the further fields, but for its end
	d.object(func(name []byte) {
		switch {
		case string(name) != field:
			quoted, err := jsontext.AppendQuote(nil, name)
			if err != nil {
				d.add(d.at(), "cannot be read")
				return
			}
			further.WriteByte(',')
			further.Write(quoted)
			further.WriteByte(':')
			further.Write(d.value())
		case d.kind() != 'n':
			got = d.string()
		}
	})
	if further.Len() == 0 {
		return got
	}
	if got == "" && !d.reported(d.at()+"/"+field) {
		d.require(field)
	}
	further.Bytes()[0] = '{'
	further.WriteByte('}')
	passOn(further.Bytes())
	return got
}

// require says that the object just read lacks a field.
func (d *decoder) require(field string) {
	d.add(d.at()+"/"+field, "is required and may not be blank")
}

func (d *decoder) oneOf(values ...string) string {
	isString := d.kind() == '"'
	got := d.string()
	if isString && !slices.Contains(values, got) {
		d.add(d.at(), "%q is not one of %s", clip(got), strings.Join(values, ", "))
	}
	return got
}

// parsed reads a string with a form of its own.
func parsed[T any](d *decoder, parse func(string) (T, error)) T {
	var zero T
	if d.kind() != '"' {
		d.string()
		return zero
	}
	got, err := parse(d.string())
	if err != nil {
		d.add(d.at(), "%v", err)
		return zero
	}
	return got
}

// wrongType says what the value just read is.
func (d *decoder) wrongType(kind jsontext.Kind, want string) {
	is := map[jsontext.Kind]string{'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '0': "a number", '{': "an object", '[': "a list"}[kind]
	at := d.at()
	if kind == 'n' && at != "" {
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
