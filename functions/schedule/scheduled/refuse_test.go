package scheduled_test

import (
	"slices"
	"strings"
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func TestScheduleQueuesTheGoodMessagesAndHasTheWorkerRecordTheOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bad := msg(fields{"id": "bad", "textMessage": "", "colour": "red"})
	response := r.schedule(input(occurrence, msg(fields{"id": "good-1"}), bad, msg(fields{"id": "good-2", "priority": "bulk"})))
	if want := []string{"good-1" + atUTC, "good-2" + atUTC}; !slices.Equal(response.Queued, want) {
		t.Errorf("queued: got %q, want %q", response.Queued, want)
	}
	if len(response.Refused) != 1 || response.Refused[0].ID != "bad"+atUTC {
		t.Fatalf("refused: got %+v, want bad%s", response.Refused, atUTC)
	}
	var pointers []string
	for _, p := range response.Refused[0].Problems {
		pointers = append(pointers, p.Pointer)
	}
	slices.Sort(pointers)
	if want := []string{"/colour", "/textMessage"}; !slices.Equal(pointers, want) {
		t.Errorf("problems: got %q, want %q", pointers, want)
	}
	r.work()
	r.WantSent(2)
	r.WantState("good-1"+atUTC, delivery.Sent)
	r.WantState("good-2"+atUTC, delivery.Sent)
	got := r.Item("bad" + atUTC)
	if got.State != delivery.Rejected || string(got.Content) != handlertest.JSON(bad) || !strings.Contains(got.Reason, "/colour") {
		t.Errorf("got %q with content %q and reason %q, want rejected with the message as it was", got.State, got.Content, got.Reason)
	}
}

func TestScheduleRefusesWhatTheWorkerRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message any
		reason  string
	}{
		"null":                {nil, "null"},
		"a string":            {phone, "must be an object"},
		"an empty object":     {fields{}, "/channel"},
		"an id that is none":  {msg(fields{"id": "two words"}), "/id"},
		"a wrong type":        {msg(fields{"id": 7}), "/id"},
		"too deep":            {msg(fields{"passthrough": handlertest.Nested(40)}), "nested"},
		"no such operation":   {msg(fields{"channel": "telegram"}), "/type"},
		"too large":           {msg(fields{"passthrough": fields{"filler": strings.Repeat("x", message.MaxBytes)}}), "the limit is 65536"},
		"not a phone number":  {msg(fields{"recipient": fields{"phoneNumber": "0" + phone[1:]}}), "E.164"},
		"contact and a phone": {msg(fields{"contact": fields{"id": "C-1"}}), "not both"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for range 2 { // delivered twice, it is recorded once
				response := r.schedule(input(occurrence, tt.message))
				if len(response.Refused) != 1 || len(response.Queued) != 0 {
					t.Fatalf("got %+v, want one refusal", response)
				}
				id := response.Refused[0].ID
				if !message.ValidID(id) || !strings.HasSuffix(id, atUTC) {
					t.Errorf("got id %q, want one that ends in %s", id, atUTC)
				}
				r.work()
				got := r.Item(id)
				if got.State != delivery.Rejected || string(got.Content) != handlertest.JSON(tt.message) || !strings.Contains(got.Reason, tt.reason) {
					t.Errorf("got %q: %s, want rejected: …%s…, with the content", got.State, got.Reason, tt.reason)
				}
				if len(got.History) != 1 {
					t.Errorf("history: got %d transitions, want 1", len(got.History))
				}
			}
			r.WantSent(0)
		})
	}
}

func TestScheduleRefusesAnIDThatIsTooLongWithTheOccurrence(t *testing.T) {
	t.Parallel()
	const most = 255 - len(atUTC)
	for name, tt := range map[string]struct {
		length int
		want   delivery.State
	}{
		"just fits":        {most, delivery.Sent},
		"one too many":     {most + 1, delivery.Rejected},
		"valid without it": {255, delivery.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			response := r.schedule(input(occurrence, msg(fields{"id": strings.Repeat("x", tt.length)})))
			r.work()
			if tt.want == delivery.Sent {
				r.WantState(strings.Repeat("x", tt.length)+atUTC, delivery.Sent)
				return
			}
			if len(response.Refused) != 1 || response.Refused[0].Problems[0].Pointer != "/id" {
				t.Fatalf("got %+v, want one refusal because of /id", response)
			}
			// What is called refused must not be sent after all.
			r.WantState(response.Refused[0].ID, delivery.Rejected)
			r.WantSent(0)
		})
	}
}
