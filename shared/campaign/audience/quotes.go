package audience

import "bytes"

// quotes follows a CSV record for one question: does a line's end also end the record? It takes the record in any pieces.
type quotes struct {
	comma byte
	state quoteState
}

// quoteState is where in a cell the last piece ended.
type quoteState int

const (
	atStart quoteState = iota // of a cell
	plain                     // outside quotes, until the next comma
	quoting                   // within quotes
	closing                   // behind a quote that closes, unless another one follows
)

func (q *quotes) add(p []byte) {
	for len(p) > 0 {
		passed := 1
		switch q.state {
		case atStart, closing: // a quote opens here, or was one of two that mean one
			if p[0] == '"' {
				q.state = quoting
			} else {
				passed, q.state = 0, plain
			}
		case plain:
			i := bytes.IndexByte(p, q.comma)
			if i < 0 {
				return
			}
			passed, q.state = i+1, atStart
		case quoting:
			i := bytes.IndexByte(p, '"')
			if i < 0 {
				return
			}
			passed, q.state = i+1, closing
		}
		p = p[passed:]
	}
}
