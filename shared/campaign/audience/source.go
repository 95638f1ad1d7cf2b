package audience

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Limits keep a file from being more than one can mean to send. Zero fields are the defaults.
type Limits struct {
	Rows     int   // default 10,000,000
	Bytes    int64 // of the file, expanded if it is gzip; default 8 GiB
	RowBytes int   // default 64 KiB, and never more than that
}

const (
	maxRows     = 10_000_000
	maxBytes    = 8 << 30
	maxRowBytes = 64 << 10

	// What gzip expands to more than maxRatio times, once it is large, is no list of people.
	maxRatio     = 1000
	ratioMatters = 64 << 20
)

func (l Limits) withDefaults() Limits {
	if l.Rows <= 0 {
		l.Rows = maxRows
	}
	if l.Bytes <= 0 {
		l.Bytes = maxBytes
	}
	if l.RowBytes <= 0 || l.RowBytes > maxRowBytes {
		l.RowBytes = maxRowBytes
	}
	return l
}

// source is the file's text: expanded, within its limits, without a byte order mark.
type source struct {
	text     io.Reader
	file     *counted
	zipped   bool
	maxBytes int64
	expanded int64
}

// counted counts what is read of the file itself, and keeps the error that ended it: that the file could not be read is
// nothing that its user could mend.
type counted struct {
	from io.Reader
	n    int64
	err  error
}

// Read implements [io.Reader].
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// open looks at how the file begins. The error is an *[Error], or that the file could not be read.
func open(r io.Reader, limits Limits) (*source, error) {
	s := &source{file: &counted{from: r}, maxBytes: limits.Bytes}
	raw := bufio.NewReaderSize(s.file, 32<<10)
	head, err := s.peek(raw)
	if err != nil {
		return nil, err
	}
	text := raw
	if bytes.HasPrefix(head, gzipMagic) {
		s.zipped = true
		unzipped, err := gzip.NewReader(raw)
		if err != nil {
			return nil, s.explain(err)
		}
		text = bufio.NewReaderSize(unzipped, 32<<10)
		if head, err = s.peek(text); err != nil {
			return nil, err
		}
	}
	if e := recognize(head); e != nil {
		return nil, e
	}
	if bytes.HasPrefix(head, utf8Mark) {
		if _, err := text.Discard(len(utf8Mark)); err != nil {
			return nil, s.explain(err)
		}
	}
	s.text = text
	return s, nil
}

// headBytes are enough to tell what a file is.
const headBytes = 512

func (s *source) peek(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, s.explain(err)
	}
	return head, nil
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	n, err := s.text.Read(p)
	s.expanded += int64(n)
	switch {
	case s.expanded > s.maxBytes:
		return 0, unusable("it has more than %s; split it into several campaigns", size(s.maxBytes))
	case s.zipped && s.expanded > ratioMatters && s.expanded/maxRatio > s.file.n:
		return 0, unusable("its gzip data expands to more than %d times its size, which no list of recipients does; make the file anew", maxRatio)
	case err != nil && !errors.Is(err, io.EOF):
		return n, s.explain(err)
	}
	return n, err
}

// explain tells what is wrong with the file from that it could not be read.
func (s *source) explain(err error) error {
	switch {
	case s.file.err != nil:
		return fmt.Errorf("read the audience: %w", s.file.err)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return &Error{Reason: "its gzip data ends too early, so rows are missing; make the file anew, or upload it again", Err: err}
	default:
		return &Error{Reason: "its gzip data is damaged; make the file anew, or upload it again", Err: err}
	}
}

func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%d GiB", bytes>>30)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	utf8Mark  = []byte{0xef, 0xbb, 0xbf}
)

const saveAs = `save it as "CSV UTF-8", and name it .csv`

// others are what files begin with that are not text in UTF-8.
var others = []struct{ magic, reason string }{
	{"\x1f\x8b", "it is gzip within gzip; compress it once"},
	{"PK\x03\x04", "it is an Excel workbook or another zip archive, not text; open it and " + saveAs},
	{"\xd0\xcf\x11\xe0", "it is an old Excel workbook, not text; open it and " + saveAs},
	{"%PDF", "it is a PDF document, not text; " + saveAs + " where it comes from"},
	{"{\\rtf", "it is an RTF document, not text; open it and " + saveAs},
	{"<", "it is HTML or XML, not a list of rows; " + saveAs + " where it comes from"},
	{"\x28\xb5\x2f\xfd", "it is compressed with zstd; compress it with gzip, or not at all"},
	{"BZh", "it is compressed with bzip2; compress it with gzip, or not at all"},
	{"\xfd7zXZ", "it is compressed with xz; compress it with gzip, or not at all"},
	{"7z\xbc\xaf", "it is a 7-Zip archive; take the file out of it, and compress it with gzip, or not at all"},
	{"PAR1", "it is a Parquet file, not text; export it as CSV or JSONL"},
	{"\xff\xfe", "it is in UTF-16, not in UTF-8; open it and " + saveAs},
	{"\xfe\xff", "it is in UTF-16, not in UTF-8; open it and " + saveAs},
}

// recognize returns what is wrong with a text that begins so, or nil.
func recognize(head []byte) *Error {
	for _, o := range others {
		if bytes.HasPrefix(head, []byte(o.magic)) {
			return &Error{Reason: o.reason}
		}
	}
	if i := bytes.IndexByte(head, 0); i >= 0 && i < 4 { // a first letter of UTF-16 or UTF-32 without a mark
		return unusable("it looks like UTF-16, as its first letters are half zeros; open it and %s", saveAs)
	}
	return nil
}
