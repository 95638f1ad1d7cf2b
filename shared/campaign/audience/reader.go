package audience

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Format is how the rows are written.
type Format string

// The formats. Both may be gzip, which is told by the data, whatever the file is called.
const (
	// CSV has a header row, and cells separated by commas, or by semicolons if the header has no comma. Quoted cells are
	// those of [encoding/csv].
	CSV Format = "csv"
	// JSONL has one JSON object a line.
	JSONL Format = "jsonl"
)

// Extensions are how the names of audiences may end.
var Extensions = []string{".csv", ".jsonl", ".csv.gz", ".jsonl.gz"}

// FormatOf tells the format by a file's name; ok is false for a name that ends in none of [Extensions].
func FormatOf(name string) (format Format, ok bool) {
	plain := strings.TrimSuffix(name, ".gz")
	switch {
	case strings.HasSuffix(plain, ".csv"):
		return CSV, true
	case strings.HasSuffix(plain, ".jsonl"):
		return JSONL, true
	default:
		return "", false
	}
}

// Row is one row of an audience.
type Row struct {
	// Line is where it begins; the file's first line is 1.
	Line int
	// Values are those of the names that the reader was asked for, in their order; nil for what the row has not, or has
	// blank. They are good until the next row is read, and are valid UTF-8.
	Values [][]byte
}

// Reader reads the rows of one file. It is not safe for concurrent use.
type Reader struct {
	names  []string
	limits Limits
	lines  *lines
	format format
	row    Row
	rows   int
}

// format reads rows of one format.
type format interface {
	// read reads the next row's values into the row, which has none. The error is io.EOF behind the last row.
	read(row *Row) error
}

// NewReader begins to read a file of which the values of these names are wanted. The error is an *[Error] if the file
// cannot be used, also because a CSV's header lacks one of the names; otherwise the file could not be read.
func NewReader(from io.Reader, f Format, names []string, limits Limits) (*Reader, error) {
	r := &Reader{names: names, limits: limits.withDefaults(), row: Row{Values: make([][]byte, len(names))}}
	text, err := open(from, r.limits)
	if err != nil {
		return nil, err
	}
	r.lines = newLines(text)
	if f == CSV {
		r.format, err = newCSV(r.lines, names, r.limits.RowBytes)
	} else {
		r.format = newJSONL(r.lines, names, r.limits.RowBytes)
	}
	return r, err
}

// Next returns the next row, which is good until Next is called again. Lines with nothing in them are no rows. The error
// is a *[RowError] if this row cannot be used, and the next one can be asked for; io.EOF behind the last row; an *[Error] if
// the file cannot be used; and otherwise that it could not be read.
func (r *Reader) Next() (*Row, error) {
	clear(r.row.Values)
	err := r.format.read(&r.row)
	switch {
	case errors.Is(err, io.EOF) && r.rows == 0:
		return nil, unusable("it has no rows; put one recipient in each row")
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err == nil:
		err = r.check()
	}
	if _, bad := errors.AsType[*RowError](err); err != nil && !bad {
		return nil, err
	}
	if r.rows++; r.rows > r.limits.Rows {
		return nil, unusable("it has more than %d rows; split it into several campaigns", r.limits.Rows)
	}
	if err != nil {
		return nil, err
	}
	return &r.row, nil
}

// check looks at the values as such.
func (r *Reader) check() error {
	for i, v := range r.row.Values {
		var reason string
		switch {
		case v == nil:
			continue
		case isBlank(v):
			r.row.Values[i] = nil
			continue
		case !utf8.Valid(v):
			reason = "is not UTF-8; save the file as UTF-8"
		case bytes.IndexByte(v, 0) >= 0:
			reason = "has a NUL character in it; is the file really UTF-8?"
		case isFormula(v):
			reason = "has a formula, not a value; copy the column and paste its values only"
		default:
			continue
		}
		return &RowError{Line: r.row.Line, Name: r.names[i], Reason: quoted(r.names[i]) + " " + reason}
	}
	return nil
}

func isBlank(v []byte) bool {
	return len(v) == 0 || v[0] <= ' ' && len(bytes.TrimSpace(v)) == 0 || v[0] >= utf8.RuneSelf && len(bytes.TrimSpace(v)) == 0
}

// formulaErrors are what spreadsheets show for a formula that went wrong.
var formulaErrors = []string{"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}

// isFormula says whether a cell has what a spreadsheet calculates with, or failed to.
func isFormula(v []byte) bool {
	if v[0] == '=' {
		return true
	}
	if v[0] != '#' {
		return false
	}
	for _, e := range formulaErrors {
		if string(v) == e {
			return true
		}
	}
	return false
}

// quoted writes a name for a sentence, shortened.
func quoted(name string) string { return `"` + shorten(name) + `"` }

func shorten(name string) string {
	const most = 40
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most]) + "…"
}
