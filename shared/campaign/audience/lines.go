package audience

import (
	"bytes"
	"errors"
	"io"
)

// bufferBytes is how much of the file is held at once. A row may not be longer.
const bufferBytes = 128 << 10

// lines splits what it reads at LF, CRLF and CR alike, in pieces that fit the buffer.
type lines struct {
	from io.Reader
	buf  []byte
	// buf[begin:end] has been read and not been given.
	begin, end int
	// lf and cr are up to where buf has none of them, so that it is looked through once.
	lf, cr int
	// number is that of the line which the last piece is of.
	number int
	// within says that the line goes on with the next piece.
	within bool
	// swallow says that an LF at begin belongs to the CR before it.
	swallow bool
	err     error
}

func newLines(from io.Reader) *lines {
	return &lines{from: from, buf: make([]byte, bufferBytes)}
}

// next returns a piece of a line without the line's end; last says that the line ends with it. The piece is good until
// next is called again. The error is io.EOF behind the last line.
func (l *lines) next() (piece []byte, last bool, err error) {
	for {
		if l.swallow && l.begin < l.end {
			l.swallow = false
			if l.buf[l.begin] == '\n' {
				l.skip(1)
			}
		}
		at := min(l.find(&l.lf, '\n'), l.find(&l.cr, '\r'))
		switch full := l.end-l.begin == len(l.buf); {
		case at < l.end:
			piece = l.buf[l.begin:at]
			l.swallow = l.buf[at] == '\r'
			l.skip(len(piece) + 1)
			return piece, l.count(true), nil
		case full, l.err != nil && l.begin < l.end:
			if l.err != nil && !errors.Is(l.err, io.EOF) {
				return nil, false, l.err // what came before it may not be whole
			}
			piece = l.buf[l.begin:l.end]
			l.skip(len(piece))
			return piece, l.count(l.err != nil), nil
		case l.err != nil && l.within:
			if !errors.Is(l.err, io.EOF) {
				return nil, false, l.err
			}
			return nil, l.count(true), nil
		case l.err != nil:
			return nil, false, l.err
		}
		l.fill()
	}
}

// count keeps the number of the line.
func (l *lines) count(last bool) bool {
	if !l.within {
		l.number++
	}
	l.within = !last
	return last
}

// find returns where c stands next, or end.
func (l *lines) find(at *int, c byte) int {
	*at = max(*at, l.begin)
	if i := bytes.IndexByte(l.buf[*at:l.end], c); i >= 0 {
		*at += i
	} else {
		*at = l.end
	}
	return *at
}

func (l *lines) skip(n int) { l.begin += n }

// fill reads more behind what is left, which is moved to the front.
func (l *lines) fill() {
	if l.begin > 0 {
		l.end = copy(l.buf, l.buf[l.begin:l.end])
		l.lf, l.cr, l.begin = l.lf-l.begin, l.cr-l.begin, 0
	}
	const patience = 100 // reads that give nothing, as io.Reader allows
	for range patience {
		n, err := l.from.Read(l.buf[l.end:])
		l.end += n
		if l.err = err; n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}
