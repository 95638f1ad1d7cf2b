package audience

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonlFormat reads one JSON object a line.
type jsonlFormat struct {
	lines *lines
	most  int
	names []string
	// wanted are where the names stand among them.
	wanted map[string]int
	begun  bool
	record []byte
	text   bytes.Buffer
	dec    jsontext.Decoder
	values []byte
}

func newJSONL(l *lines, names []string, most int) *jsonlFormat {
	j := &jsonlFormat{lines: l, most: most, names: names, wanted: make(map[string]int, len(names))}
	for i, name := range names {
		j.wanted[name] = i
	}
	return j
}

func (j *jsonlFormat) read(row *Row) error {
	record, err := j.next()
	row.Line = j.lines.number
	if err == nil && !j.begun && record[0] == '[' {
		err = unusable("it is a JSON array, and has to have one JSON object a line; write it with jq -c '.[]'")
	}
	if err != nil {
		return err
	}
	j.begun = true
	return j.parse(record, row)
}

// next returns a line without the blanks before it. Blank lines are skipped.
func (j *jsonlFormat) next() ([]byte, error) {
	for {
		record, last, err := j.lines.next()
		if err == nil && !last {
			record, err = j.long(record)
		}
		if err != nil {
			return nil, err
		}
		if record = bytes.TrimLeft(record, " \t"); len(record) > j.most {
			return nil, badRow(j.lines.number, "has %d bytes; the limit is %d", len(record), j.most)
		}
		if len(record) > 0 {
			return record, nil
		}
	}
}

// long puts a line together that begins with this piece, unless it is too long.
func (j *jsonlFormat) long(piece []byte) ([]byte, error) {
	j.record = j.record[:0]
	n := 0
	for last := false; ; {
		if n += len(piece); n <= j.most {
			j.record = append(j.record, piece...)
		}
		if last {
			break
		}
		var err error
		if piece, last, err = j.lines.next(); err != nil {
			return nil, err
		}
	}
	if n > j.most {
		return nil, badRow(j.lines.number, "has %d bytes; the limit is %d", n, j.most)
	}
	return j.record, nil
}

// parse reads the wanted members of an object.
func (j *jsonlFormat) parse(record []byte, row *Row) error {
	if record[0] != '{' {
		return badRow(row.Line, `is not a JSON object, such as {"phone": "+15551234567"}`)
	}
	j.text = *bytes.NewBuffer(record)
	j.dec.Reset(&j.text)
	j.values = slices.Grow(j.values[:0], len(record)) // what is unquoted is not longer
	if _, err := j.dec.ReadToken(); err != nil {
		return j.explain(row.Line, err)
	}
	for j.dec.PeekKind() == '"' {
		name, err := j.dec.ReadValue()
		if err != nil {
			return j.explain(row.Line, err)
		}
		i, wanted := j.index(name)
		if !wanted {
			if err := j.dec.SkipValue(); err != nil {
				return j.explain(row.Line, err)
			}
			continue
		}
		value, err := j.dec.ReadValue()
		if err != nil {
			return j.explain(row.Line, err)
		}
		if row.Values[i], err = j.value(value); err != nil {
			return &RowError{Line: row.Line, Name: j.names[i], Reason: quoted(j.names[i]) + " " + err.Error()}
		}
	}
	if _, err := j.dec.ReadToken(); err != nil {
		return j.explain(row.Line, err)
	}
	if rest := record[j.dec.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return badRow(row.Line, "has something behind its JSON object; each object needs a line of its own")
	}
	return nil
}

// index is where the name, a JSON string, stands among the wanted ones.
func (j *jsonlFormat) index(name jsontext.Value) (i int, wanted bool) {
	plain := []byte(name[1 : len(name)-1])
	if bytes.IndexByte(plain, '\\') >= 0 {
		plain, _ = jsontext.AppendUnquote(nil, name) // which the decoder has found to be right
	}
	i, wanted = j.wanted[string(plain)]
	return i, wanted
}

var (
	errObject = errors.New("is an object; it has to be a string, a number or a boolean")
	errList   = errors.New("is a list; it has to be a string, a number or a boolean")
)

// value is what a message says for a value: the text of a string, and what else there is as it is written. It is nil for
// null.
func (j *jsonlFormat) value(v jsontext.Value) ([]byte, error) {
	from := len(j.values)
	switch v.Kind() {
	case '"':
		var err error
		if j.values, err = jsontext.AppendUnquote(j.values, v); err != nil {
			return nil, errors.New("cannot be read")
		}
	case '{':
		return nil, errObject
	case '[':
		return nil, errList
	case 'n':
		return nil, nil
	default:
		j.values = append(j.values, v...)
	}
	return j.values[from:len(j.values):len(j.values)], nil
}

func (j *jsonlFormat) explain(line int, err error) error {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && ok:
		return badRow(line, "has %s twice", quoted(syntactic.JSONPointer.LastToken()))
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return badRow(line, "is not complete JSON: an object has to stand on one line")
	case ok && strings.Contains(syntactic.Err.Error(), "UTF-8"):
		return badRow(line, "is not UTF-8; save the file as UTF-8")
	case ok:
		return badRow(line, "is not valid JSON (byte %d)", syntactic.ByteOffset)
	default:
		return badRow(line, "is not valid JSON")
	}
}
