package plan_test

import (
	"regexp"
	"strings"
	"testing"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// An id that changes between releases would send a campaign again that is run once more.
func TestIDsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	m := message.Message{Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: "+15551234567"}}
	if got, want := plan.ID("spring", m), "c.spring.pb44udv5agsznakdjp2sjqmlwo"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnIDIsTheRecipientsAlone(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^c\.[A-Za-z0-9_-]{1,64}\.[a-z2-7]{26}$`)
	seen := map[string]message.Message{}
	for _, workspace := range []string{"W1", "W2", "W1x", ""} {
		for _, to := range []string{"+15551234567", "x", "W1", ""} {
			for _, m := range []message.Message{
				{Workspace: dmly.Workspace{ID: workspace}, Recipient: dmly.Recipient{PhoneNumber: to}},
				{Workspace: dmly.Workspace{ID: workspace}, Contact: dmly.Contact{ID: to + "c"}},
			} {
				id := plan.ID("a", m)
				if !form.MatchString(id) || !message.ValidID(id) {
					t.Errorf("%s is no id of a campaign", id)
				}
				if other, taken := seen[id]; taken {
					t.Errorf("%+v and %+v have one id", other, m)
				}
				seen[id] = m
				m.Channel, m.TextMessage, m.Priority = message.Telegram, "other", message.Normal
				if again := plan.ID("a", m); again != id {
					t.Errorf("%s became %s with what the message says", id, again)
				}
			}
		}
	}
	long := strings.Repeat("a", plan.MaxID)
	if id := plan.ID(long, message.Message{}); !form.MatchString(id) || !message.ValidID(id) {
		t.Errorf("%s is no id of a campaign", id)
	}
}
