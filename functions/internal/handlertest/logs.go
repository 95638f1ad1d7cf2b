package handlertest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// What no log line may ever contain.
const (
	// Phone is the recipient of [Message].
	Phone = "+15557654321"
	// Text is what [Message] says.
	Text = "Your parcel waits at the lake house."
	// DMLYKey is the key that a [Backend]'s DMLY takes.
	DMLYKey = "dmly-key-7f3a9c"
)

// Logs gathers what is logged. It is safe for concurrent use.
type Logs struct {
	secrets []string

	mu  sync.Mutex
	buf bytes.Buffer
}

// NewLogs returns an empty log. The test fails at its end if the log contains Phone, with or without its plus, a part of
// Text, DMLYKey, or one of the secrets.
func NewLogs(t *testing.T, secrets ...string) *Logs {
	t.Helper()
	l := newLogs(secrets...)
	t.Cleanup(func() {
		for _, secret := range l.leaks() {
			t.Errorf("the log contains %q:\n%s", secret, l)
		}
	})
	return l
}

func newLogs(secrets ...string) *Logs {
	return &Logs{secrets: append([]string{Phone, strings.TrimPrefix(Phone, "+"), Text, "lake house", DMLYKey}, secrets...)}
}

// leaks are the secrets that the log contains.
func (l *Logs) leaks() []string {
	got := l.String()
	var found []string
	for _, secret := range l.secrets {
		if strings.Contains(got, secret) {
			found = append(found, secret)
		}
	}
	return found
}

// Write implements [io.Writer].
func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is all that was logged so far.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
