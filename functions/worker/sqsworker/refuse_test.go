package sqsworker_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func TestWorkerRecordsWhatIsNoMessageAndNeverRetriesIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, reason string }{
		"empty":              {"", "is empty"},
		"blank":              {" \n", "is empty"},
		"not JSON":           {"hello " + phone, "not valid JSON"},
		"cut off":            {body(nil)[:40], "ends too early"},
		"trailing":           {body(nil) + body(nil), "after the end"},
		"a list":             {"[" + body(nil) + "]", "must be an object"},
		"null":               {"null", "null"},
		"not UTF-8":          {strings.Replace(body(nil), "parcel", "par\xffcel", 1), "UTF-8"},
		"too deep":           {body(fields{"passthrough": handlertest.Nested(40)}), "nested"},
		"too large":          {body(fields{"passthrough": fields{"filler": strings.Repeat("x", message.MaxBytes)}}), "the limit is 65536"},
		"name twice":         {strings.Replace(body(nil), "{", `{"type":"text",`, 1), "is there twice"},
		"unknown field":      {body(fields{"recipient": nil, "recepient": fields{"phoneNumber": phone}}), `did you mean "recipient"`},
		"wrong type":         {body(fields{"textMessage": 7}), "must be a string"},
		"no such operation":  {body(fields{"channel": "telegram"}), "there is no text message on"},
		"contact and number": {body(fields{"contact": fields{"id": "C-1"}}), "not both"},
		"not a number":       {body(fields{"recipient": fields{"phoneNumber": "+1555123456789012345"}}), "E.164"},
		"too long":           {body(fields{"textMessage": strings.Repeat("x", 4097)}), "the limit is 4096"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			one := record("1", tt.body)
			r.wantBack(r.handle(one))
			got := r.Item("sqs-1")
			if got.State != delivery.Rejected || string(got.Content) != tt.body || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got %q with %d bytes: %s; want rejected with %d bytes: …%s…", got.State, len(got.Content), got.Reason, len(tt.body), tt.reason)
			}
			for _, number := range []string{phone, "+1555123456789012345"} {
				if strings.Contains(got.Reason, number) {
					t.Errorf("the reason has the whole number: %s", got.Reason)
				}
			}
			r.Clock.Advance(time.Hour)
			r.wantBack(r.handle(one))
			if again := len(r.Item("sqs-1").History); again != 1 {
				t.Errorf("history after a second delivery: got %d transitions, want 1", again)
			}
			r.WantPosts(0)
		})
	}
}

func TestWorkerDoesNotLetAMalformedRecordTouchTheMessageWhoseIDItHas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wantBack(r.handle(record("1", body(fields{"id": "order-1"}))))
	bad := body(fields{"id": "order-1", "colour": "red"})
	r.wantBack(r.handle(record("2", bad)))
	r.WantState("order-1", delivery.Sent)
	fingerprint := message.FingerprintOf([]byte(bad))
	id := "conflict:order-1:" + fingerprint[len(fingerprint)-8:]
	if got := r.Item(id); got.State != delivery.Rejected || string(got.Content) != bad {
		t.Errorf("got %q with content %q, want rejected with the malformed message", got.State, got.Content)
	}
	r.WantSent(1)
}

func TestWorkerSendsAMendedRecordUnderTheIDOfTheMalformedOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wantBack(r.handle(record("1", body(fields{"id": "order-1", "textMessage": ""}))))
	r.WantState("order-1", delivery.Rejected)
	r.wantBack(r.handle(record("2", body(fields{"id": "order-1"}))))
	r.WantState("order-1", delivery.Sent)
	r.WantSent(1)
}
