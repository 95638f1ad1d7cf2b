package runtimeapi

import "sync"

// outputLimit keeps a chatty function from filling the memory of whoever drives it for hours.
const outputLimit = 1 << 20

// tail is a writer that remembers the last outputLimit bytes. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	data []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	// Cutting at twice the limit moves each byte once on average.
	if len(t.data) > 2*outputLimit {
		t.data = append(t.data[:0], t.data[len(t.data)-outputLimit:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data[max(0, len(t.data)-outputLimit):])
}
