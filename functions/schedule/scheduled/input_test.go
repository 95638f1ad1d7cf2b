package scheduled_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dmlysender/functions/internal/handlertest"
)

func TestScheduleSaysWhatIsWrongWithAnEvent(t *testing.T) {
	t.Parallel()
	const (
		unread       = "the event cannot be read"
		noOccurrence = "the event has no occurrence"
		noTime       = "the occurrence is not a time"
		list         = `, "messages": [{"textMessage": "` + text + `", "recipient": {"phoneNumber": "` + phone + `"}}]}`
	)
	for name, tt := range map[string]struct{ event, want string }{
		"empty":                       {"", unread},
		"not JSON":                    {"occurrence=now " + phone, unread},
		"cut off":                     {`{"occurrence": "2026-12-01T08:00:00Z"` + list[:40], unread},
		"a list":                      {`[{"occurrence": "2026-12-01T08:00:00Z"}]`, unread},
		"a string":                    {`"2026-12-01T08:00:00Z"`, unread},
		"messages are no list":        {`{"occurrence": "2026-12-01T08:00:00Z", "messages": {"id": "1"}}`, unread},
		"occurrence is a number":      {`{"occurrence": 1796112000` + list, unread},
		"null":                        {`null`, noOccurrence},
		"an empty object":             {`{}`, noOccurrence},
		"no occurrence":               {`{"note": ""` + list, noOccurrence},
		"occurrence is null":          {`{"occurrence": null` + list, noOccurrence},
		"a bare message":              {handlertest.JSON(msg(nil)), noOccurrence},
		"an SQS event":                {`{"Records": [{"messageId": "1", "body": "{}"}]}`, noOccurrence},
		"the placeholder as it was":   {`{"occurrence": "<aws.scheduler.scheduled-time>"` + list, noTime},
		"an empty occurrence":         {`{"occurrence": ""` + list, noTime},
		"a time without a zone":       {`{"occurrence": "2026-12-01T08:00:00"` + list, noTime},
		"a day":                       {`{"occurrence": "2026-12-01"` + list, noTime},
		"a rule's event with no time": {`{"detail-type": "Scheduled Event", "detail": {}}`, noTime},
		"someone else's rule":         {`{"detail-type": "EC2 Instance State-change", "time": "2026-12-01T08:00:00Z", "detail": "` + phone + `"}`, unread},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			_, err := r.handler.Handle(t.Context(), json.RawMessage(tt.event))
			if err == nil {
				t.Fatal("got no error")
			}
			got := err.Error()
			if !strings.HasPrefix(got, tt.want) || !strings.Contains(got, `{"occurrence": "<aws.scheduler.scheduled-time>", "messages": [...]}`) {
				t.Errorf("got %q, want %q and how to write it", got, tt.want)
			}
			// Lambda logs the error.
			if strings.Contains(got, phone) || strings.Contains(got, text) || strings.Contains(got, "\n") {
				t.Errorf("the error quotes the event, or has several lines: %q", got)
			}
			r.normal.WantEnqueued(t)
			r.bulk.WantEnqueued(t)
		})
	}
}
