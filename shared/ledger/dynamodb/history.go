package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dmlysender/shared/delivery"
)

// timeForm has a fixed width, so that its order as text is its order in time.
const timeForm = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeForm) }

// formatHistory writes each transition as one line, "2026-12-01T08:00:00.123Z waiting 1 not sent: …": time, state,
// attempt, reason. In the console that reads like a log. It takes half of what JSON would take in the table, and half of
// what a map would take in the request, which is to be built, signed and sent with each write.
func formatHistory(history []delivery.Transition) []string {
	lines := make([]string, len(history))
	for i, t := range history {
		lines[i] = formatTime(t.At) + " " + string(t.State) + " " + strconv.Itoa(t.Attempt)
		if t.Reason != "" {
			lines[i] += " " + t.Reason
		}
	}
	return lines
}

func (r *reader) history(name string) []delivery.Transition {
	lines := r.texts(name)
	if len(lines) == 0 {
		return nil
	}
	history := make([]delivery.Transition, len(lines))
	for i, line := range lines {
		t, err := parseTransition(line)
		if err != nil {
			r.damaged(name, fmt.Sprintf("has an entry %d that cannot be read", i))
			return nil
		}
		history[i] = t
	}
	return history
}

func parseTransition(line string) (delivery.Transition, error) {
	at, rest, _ := strings.Cut(line, " ")
	state, rest, _ := strings.Cut(rest, " ")
	attempt, reason, _ := strings.Cut(rest, " ")
	t := delivery.Transition{State: delivery.State(state), Reason: reason}
	var err error
	if t.At, err = time.Parse(timeForm, at); err != nil {
		return t, err
	}
	t.Attempt, err = strconv.Atoi(attempt)
	return t, err
}
