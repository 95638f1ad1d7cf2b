package dmly

import (
	"bytes"
	"io"
	"sync/atomic"
)

// gate hands out a request's body and knows whether any of it ever left. Once
// shut, it gives none out, so "not sent" stays true even if the transport is
// still busy with the request in the background: a POST whose body never came is
// one that DMLY cannot act on.
//
// It is stricter than a trace of "headers written": those hooks run in the
// transport's own goroutine and may fire after the call has returned.
type gate struct {
	payload []byte
	state   atomic.Int32
}

const (
	gateFresh   int32 = iota // nothing was read
	gateReading              // the body, or a part of it, was handed out
	gateShut                 // nothing was read, and nothing ever will be
)

// open returns a reader of the whole body.
func (g *gate) open() io.ReadCloser {
	return &gatedBody{gate: g, reader: bytes.NewReader(g.payload)}
}

// shut closes the gate for good, and reports whether no byte of the body got out.
func (g *gate) shut() bool {
	return g.state.CompareAndSwap(gateFresh, gateShut) || g.state.Load() == gateShut
}

// gatedBody has Read and Close alone: any further method of its reader would lead
// around the gate.
type gatedBody struct {
	gate   *gate
	reader *bytes.Reader
}

// Read implements io.Reader.
func (b *gatedBody) Read(p []byte) (int, error) {
	if !b.gate.state.CompareAndSwap(gateFresh, gateReading) && b.gate.state.Load() == gateShut {
		return 0, io.ErrClosedPipe
	}
	return b.reader.Read(p)
}

// Close implements io.Closer.
func (*gatedBody) Close() error { return nil }
