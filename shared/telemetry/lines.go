package telemetry

import (
	"io"
	"sync"
)

// Lines returns a writer to w for several that write a whole line at once: no line is torn by another. It is safe for concurrent
// use.
func Lines(w io.Writer) io.Writer { return &lines{w: w} }

type lines struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements [io.Writer].
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}
