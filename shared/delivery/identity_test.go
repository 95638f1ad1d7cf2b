package delivery_test

import (
	"testing"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func TestIDOfIsTheIDUnderWhichARecordIsDelivered(t *testing.T) {
	t.Parallel()
	const body = `{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"},"textMessage":"Hello"`
	for name, tc := range map[string]struct{ body, recordID, want string }{
		"the record's id":            {body + `,"id":"a"}`, "a@2026", "a@2026"},
		"the body's id":              {body + `,"id":"a"}`, "", "a"},
		"the queue's id":             {body + `}`, "", "sqs-1"},
		"malformed, the record's id": {`{"id":"a","channel":"fax"}`, "a@2026", "a@2026"},
		"malformed, the body's id":   {`{"id":"a","channel":"fax"}`, "", "a"},
		"malformed, no id":           {`{"id":"a b","channel":"fax"}`, "", "sqs-1"},
		"not JSON":                   {`{"id":`, "", "sqs-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			record := delivery.Record{Body: []byte(tc.body), ID: tc.recordID}
			if got := delivery.IDOf(record, "sqs-1"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			result, err := w.sender.DeliverRecord(w.invocation(), record, "sqs-1", message.Defaults{})
			if err != nil || result.Item.ID != tc.want {
				t.Errorf("delivered as %q, %v, want %q", result.Item.ID, err, tc.want)
			}
		})
	}
}
