package message_test

import (
	"errors"
	"strings"
	"testing"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// What a queue or a schedule escapes counts as it is carried: the message would be accepted, and its record be too large.
func TestTheSizeOfAMessageIsThatOfItsRecord(t *testing.T) {
	t.Parallel()
	m := message.Message{
		Channel: message.WhatsApp, Type: message.Text, Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: "+15551230001"},
	}
	for text, carried := range map[string]int{"\uFFFE": 6, "\uFFFF": 6, "<aws.": 10, "€": 3} {
		for _, over := range []bool{false, true} {
			n := (message.MaxBytes - 200) / carried
			if over {
				n = message.MaxBytes / carried
			}
			m.TextMessage = strings.Repeat(text, n)
			if encoded, err := m.Encode(); tooLarge(err) != over || !over && !strings.Contains(string(encoded), m.TextMessage) {
				t.Errorf("%d times %q: %v", n, text, err)
			}
		}
	}
}

func tooLarge(err error) bool {
	e, ok := errors.AsType[*message.Error](err)
	return ok && e.TooLarge
}
