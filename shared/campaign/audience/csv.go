package audience

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// csvFormat reads CSV. Where a row ends is found here, so that no row is held that is too long; what its cells say is
// encoding/csv's to tell.
type csvFormat struct {
	lines   *lines
	most    int
	quotes  quotes
	columns int
	// wanted are the columns of the names, in their order.
	wanted []int
	record []byte
	cells  [][]byte
	// text is what the parser gets: one record at a time.
	text   bytes.Reader
	parser *csv.Reader
	values []byte
}

func newCSV(l *lines, names []string, most int) (*csvFormat, error) {
	c := &csvFormat{lines: l, most: most, quotes: quotes{comma: ','}}
	header, err := c.header()
	if err != nil {
		return nil, err
	}
	c.columns = len(header)
	for _, name := range names {
		column := slices.Index(header, name)
		if column < 0 && slices.ContainsFunc(header, isAddress) { // which is not to be repeated
			return nil, unusable("its first row has what looks like a phone number or an e-mail address, and has to be a header, such as phone,name")
		}
		if column < 0 {
			return nil, unusable("the message has a placeholder {{%s}}, and the header has no such column; it has %s", shorten(name), list(header))
		}
		c.wanted = append(c.wanted, column)
	}
	return c, nil
}

// header reads the first row, and settles what separates its cells.
func (c *csvFormat) header() ([]string, error) {
	record, line, err := c.next()
	if errors.Is(err, io.EOF) {
		return nil, unusable("it is empty; begin it with a header row, such as phone,name")
	}
	if bad, ok := errors.AsType[*RowError](err); ok {
		return nil, unusable("its header, in line %d, cannot be read: it %s", bad.Line, bad.Reason)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case !utf8.Valid(record):
		return nil, unusable("its header is not UTF-8; open it and %s", saveAs)
	case bytes.IndexByte(record, 0) >= 0:
		return nil, unusable("its header has NUL characters; open it and %s", saveAs)
	case record[0] == '{' || record[0] == '[':
		return nil, unusable("it looks like JSON; name it .jsonl if it has one JSON object a line")
	}
	if bytes.IndexByte(record, ',') < 0 && bytes.IndexByte(record, ';') >= 0 {
		c.quotes.comma = ';'
	}
	if bytes.IndexByte(record, c.quotes.comma) < 0 && bytes.IndexByte(record, '\t') >= 0 {
		return nil, unusable("its cells are separated by tabs; open it and %s", saveAs)
	}
	cells, err := c.parse(record)
	if err != nil {
		return nil, unusable("its header, in line %d, cannot be read: it %s", line, notCSV)
	}
	return names(cells)
}

// names are what the header says, without the blanks around it.
func names(cells [][]byte) ([]string, error) {
	header := make([]string, len(cells))
	for i, cell := range cells {
		name := strings.TrimSpace(string(cell))
		if first := slices.Index(header[:i], name); name != "" && first >= 0 {
			return nil, unusable("its header has %s twice, in columns %d and %d; rename or remove one", quoted(name), first+1, i+1)
		}
		header[i] = name
	}
	if !slices.ContainsFunc(header, func(name string) bool { return name != "" }) {
		return nil, unusable("its header has no names; begin it with a header row, such as phone,name")
	}
	return header, nil
}

const notCSV = `has quotes in the wrong place; a cell with quotes in it is written as "say ""hello"""`

func (c *csvFormat) read(row *Row) error {
	record, line, err := c.next()
	row.Line = line
	if err != nil {
		return err
	}
	cells, err := c.parse(record)
	if err != nil {
		return badRow(line, "%s%s", notCSV, c.upTo(line))
	}
	if n := len(cells); n != c.columns {
		amount := "few"
		if n > c.columns {
			amount = "many"
		}
		return badRow(line, "has too %s cells: %d, and the header has %d%s", amount, n, c.columns, c.upTo(line))
	}
	for i, column := range c.wanted {
		row.Values[i] = cells[column]
	}
	return nil
}

// upTo tells that a bad row has several lines: a quote that was not closed may have taken other rows in.
func (c *csvFormat) upTo(line int) string {
	if c.lines.number <= line {
		return ""
	}
	return fmt.Sprintf("; lines %d to %d were read as this one row, as a quoted cell goes over them", line, c.lines.number)
}

// next returns a record without its end, and the line that it begins at. Lines with nothing in them are skipped.
func (c *csvFormat) next() (record []byte, line int, err error) {
	for {
		piece, last, err := c.lines.next()
		if err != nil {
			return nil, c.lines.number, err
		}
		switch {
		case last && len(piece) == 0:
		case last && len(piece) <= c.most && !hasQuotes(piece): // nearly all rows: not copied
			return piece, c.lines.number, nil
		default:
			return c.long(piece, last)
		}
	}
}

// long puts a record together that begins with this piece.
func (c *csvFormat) long(piece []byte, last bool) (record []byte, line int, err error) {
	line, c.record, c.quotes.state = c.lines.number, c.record[:0], atStart
	n := 0
	for {
		c.quotes.add(piece)
		if n += len(piece); n <= c.most {
			c.record = append(c.record, piece...)
		}
		switch {
		case last && c.quotes.state == quoting:
			if n++; n <= c.most {
				c.record = append(c.record, '\n')
			}
		case last && n > c.most:
			return nil, line, badRow(line, "has %d bytes; the limit is %d%s", n, c.most, c.upTo(line))
		case last:
			return c.record, line, nil
		}
		piece, last, err = c.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, line, unusable("a quote that opens in the row at line %d is never closed, so that all that follows would be one cell; close it there, or write it twice if it is meant as a quote", line)
		case err != nil:
			return nil, line, err
		}
	}
}

// parse splits a record into its cells, which are good until the next one is read.
func (c *csvFormat) parse(record []byte) ([][]byte, error) {
	c.cells = c.cells[:0]
	if hasQuotes(record) {
		return c.parseQuoted(record)
	}
	for {
		i := bytes.IndexByte(record, c.quotes.comma)
		if i < 0 {
			c.cells = append(c.cells, record)
			return c.cells, nil
		}
		c.cells = append(c.cells, record[:i])
		record = record[i+1:]
	}
}

func (c *csvFormat) parseQuoted(record []byte) ([][]byte, error) {
	if c.parser == nil {
		c.parser = csv.NewReader(&c.text)
		c.parser.Comma, c.parser.FieldsPerRecord, c.parser.ReuseRecord = rune(c.quotes.comma), -1, true
	}
	c.text.Reset(record)
	before := c.parser.InputOffset()
	cells, err := c.parser.Read()
	if err == nil && c.parser.InputOffset()-before != int64(len(record)) {
		err = csv.ErrQuote // it found the record's end within it
	}
	if err != nil {
		c.parser = nil // which may hold what is left of this record
		return nil, err
	}
	c.values = c.values[:0]
	for _, cell := range cells {
		c.values = append(c.values, cell...)
	}
	rest := c.values
	for _, cell := range cells {
		c.cells = append(c.cells, rest[:len(cell):len(cell)])
		rest = rest[len(cell):]
	}
	return c.cells, nil
}

func hasQuotes(text []byte) bool { return bytes.IndexByte(text, '"') >= 0 }

// isAddress says whether there are as many digits as a phone number has, or an "@".
func isAddress(name string) bool {
	if strings.Contains(name, "@") {
		return true
	}
	digits := 0
	for _, r := range name {
		if '0' <= r && r <= '9' {
			digits++
		}
	}
	return digits >= 7
}

// list writes the header's names for a sentence, the first ones of many.
func list(header []string) string {
	const most = 20
	var b strings.Builder
	for i, name := range header[:min(len(header), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted(name))
	}
	if len(header) > most {
		fmt.Fprintf(&b, " and %d more", len(header)-most)
	}
	return b.String()
}
