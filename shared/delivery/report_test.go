package delivery_test

import (
	"strings"
	"testing"
)

// A log costs by its bytes: what holds of nearly all messages is not said of each.
func TestTheLineOfAMessageThatWasSentSaysNothingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(nil, errNotSent)
	w.deliver(text(t, "a", "Hello", ""))
	w.deliver(text(t, "b", "Hello", ""))
	sent, waiting, _ := strings.Cut(w.logs.String(), "\n")
	for _, left := range []string{`"generation"`, `"attempt"`, `"step"`, `"retryAt"`, `"conflict"`, `"dmlyId"`} {
		if strings.Contains(sent, left) {
			t.Errorf("%s is said of a message that was sent: %s", left, sent)
		}
	}
	if !strings.Contains(sent, `"state":"sent"`) || !strings.Contains(sent, `"done":true`) {
		t.Errorf("it is not said what became of it: %s", sent)
	}
	if !strings.Contains(waiting, `"retryAt":"20`) {
		t.Errorf("it is not said when it comes back: %s", waiting)
	}
}
