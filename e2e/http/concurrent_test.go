//go:build e2e

package http_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// callers is how many call at once. As many as the client has connections are under way together, whichever they are.
const callers = 1000

// together makes all the calls at once, and counts the answers by their status.
func (s *stack) together(path string, body, key func(i int) string) map[int]int {
	s.t.Helper()
	var (
		gate    = make(chan struct{})
		calls   sync.WaitGroup
		mu      sync.Mutex
		answers = map[int]int{}
	)
	for i := range callers {
		calls.Go(func() {
			<-gate
			got, err := s.send(http.MethodPost, path, body(i), http.Header{"Idempotency-Key": {key(i)}})
			mu.Lock()
			defer mu.Unlock()
			answers[got.status]++
			if err != nil {
				s.t.Errorf("call %d: %v", i, err)
			}
			if got.status >= 500 {
				s.t.Errorf("call %d: %v", i, got)
			}
		})
	}
	close(gate)
	calls.Wait()
	s.t.Logf("%d calls of %s: %v", callers, path, answers)
	return answers
}

// only reports answers of any other status.
func only(t *testing.T, answers map[int]int, statuses ...int) {
	t.Helper()
	for status := range maps.Keys(answers) {
		if !slices.Contains(statuses, status) {
			t.Errorf("%d calls were answered %d, want only %v", answers[status], status, statuses)
		}
	}
}

func always(text string) func(int) string { return func(int) string { return text } }

func numbered(format string) func(int) string {
	return func(i int) string { return fmt.Sprintf(format, i) }
}

func TestE2EConcurrentCallsWithOneKeyAreOneMessage(t *testing.T) {
	t.Parallel()
	s := start(t)
	only(t, s.together("/v1/messages", always(ownText("one of many")), always("order-1")), http.StatusAccepted)
	if got := s.arrived(1); len(got) != 1 {
		t.Errorf("the simulator has %d messages, want 1", len(got))
	}
	s.clear()
	answers := s.together("/v1/messages/whatsapp/sendtext", always(dropInText("one of many")), always("order-2"))
	only(t, answers, http.StatusOK, http.StatusAccepted, http.StatusConflict)
	if got := s.arrived(1); len(got) != 1 {
		t.Errorf("the simulator has %d messages, want 1", len(got))
	}
	if answers[http.StatusOK] == 0 {
		t.Error("nobody was told that it was sent")
	}
	// Each of these calls has put a recheck on the queue, which comes after half a minute.
	select {
	case <-time.After(35 * time.Second):
	case <-t.Context().Done():
	}
	if got := s.messages(); len(got) != 1 {
		t.Errorf("after the rechecks the simulator has %d messages, want 1", len(got))
	}
}

func TestE2EConcurrentCallsWithKeysOfTheirOwnAreAMessageEach(t *testing.T) {
	t.Parallel()
	s := start(t)
	for path, body := range map[string]func(int) string{
		"/v1/messages":                   func(i int) string { return ownText(fmt.Sprintf("number %d", i)) },
		"/v1/messages/whatsapp/sendtext": func(i int) string { return dropInText(fmt.Sprintf("number %d", i)) },
	} {
		s.clear()
		key := numbered(strings.Trim(strings.ReplaceAll(path, "/", "."), ".") + "-%d")
		only(t, s.together(path, body, key), http.StatusOK, http.StatusAccepted)
		texts := map[string]int{}
		for _, m := range s.arrived(callers) {
			texts[string(m.field("textMessage"))]++
		}
		for i := range callers {
			if text := fmt.Sprintf(`"number %d"`, i); texts[text] != 1 {
				t.Errorf("%s: %s arrived %d times, want once", path, text, texts[text])
			}
		}
		if len(texts) != callers {
			t.Errorf("%s: %d texts arrived, want %d", path, len(texts), callers)
		}
	}
}
