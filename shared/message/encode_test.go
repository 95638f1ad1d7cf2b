package message_test

import (
	"errors"
	"strings"
	"testing"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// What a queue or a schedule would escape, or not take, is escaped before the size is looked at.
func TestAMessageIsEncodedAsItIsCarried(t *testing.T) {
	t.Parallel()
	const text = "\uFFFE\uFFFF <aws.scheduler.execution-id>"
	m := message.Message{
		Channel: message.WhatsApp, Type: message.Text, Body: message.Body{TextMessage: text},
		Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: "+15551230001"},
	}
	encoded, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if want := `"textMessage":"\uFFFE\uFFFF \u003caws.scheduler.execution-id>"`; !strings.Contains(string(encoded), want) {
		t.Errorf("got %s, want %s", encoded, want)
	}
	if again, err := message.Decode(encoded, message.Defaults{}); again.TextMessage != text {
		t.Errorf("it is read as %q, %v", again.TextMessage, err)
	}
	m.TextMessage = strings.Repeat("\uFFFF", message.MaxBytes/4)
	if _, err := m.Encode(); !tooLarge(err) {
		t.Errorf("%d bytes, twice as many when they are carried: %v", len(m.TextMessage), err)
	}
}

func tooLarge(err error) bool {
	e, ok := errors.AsType[*message.Error](err)
	return ok && e.TooLarge
}
