package latertest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// saying is the record of a message with the id and the text, as delivery makes it.
func saying(id, text string) delivery.Record {
	body, err := json.Marshal(map[string]any{
		"id": id, "channel": "whatsapp", "type": "text", "workspace": map[string]string{"id": "W1"},
		"recipient": map[string]string{"phoneNumber": "+15551234567"}, "textMessage": text,
	})
	if err != nil {
		panic(err)
	}
	return delivery.Record{Body: body, ID: id, Group: "W1"}
}

// same compares what a record says, and the id that it is delivered by.
func same(t *testing.T, got, want delivery.Record) {
	t.Helper()
	if id := delivery.IDOf(got, ""); id != want.ID {
		t.Errorf("got the record of %q, want %q", id, want.ID)
	}
	var x, y any
	if err := json.Unmarshal(got.Body, &x); err != nil {
		t.Errorf("%s: got no JSON: %v", want.ID, err)
		return
	}
	if err := json.Unmarshal(want.Body, &y); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(x, y) {
		t.Errorf("%s: got the body %.200q, want %.200q", want.ID, got.Body, want.Body)
	}
}

// tellsIDsApart schedules ids of which some differ in a little, removes one, and expects the others.
func tellsIDsApart(t *testing.T, s Subject) {
	t.Helper()
	const all = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@=+-"
	long := strings.Repeat(all, 4)[:254]
	ids := []string{
		"a", "A", "b", all, strings.ToLower(all), long, long + "x", long + "X", long + "-", "a:b", "a=b", "a@b", "a.b", "a+b", "a_b", "a-b", ".", "-",
	}
	at, left := time.Now().Add(s.minutes(3)), map[string]delivery.Record{}
	for _, id := range ids {
		if !message.ValidID(id) {
			t.Fatalf("%q is no id", id)
		}
		left[id] = saying(id, "hello, "+id)
		s.schedule(t, delivery.NormalLane, left[id], at)
	}
	for _, gone := range []string{"A", long + "X"} {
		s.unschedule(t, gone, at)
		delete(left, gone)
	}
	for len(left) > 0 {
		got := s.comes(t, delivery.NormalLane, at)
		id := delivery.IDOf(got, "")
		want, ok := left[id]
		if !ok {
			t.Fatalf("%q came, which is none of them or came before", id)
		}
		same(t, got, want)
		delete(left, id)
	}
	s.silent(t, at.Add(s.Minute))
}

func carriesTheLargestBody(t *testing.T, s Subject) {
	t.Helper()
	at := time.Now().Add(s.minutes(3))
	// Quotes and line ends grow most where JSON stands within JSON.
	r := saying("order-1", "")
	rest := message.MaxBytes - len(r.Body)
	r = saying("order-1", strings.Repeat(`"`+"\n", rest/4)+strings.Repeat("x", rest%4))
	if len(r.Body) != message.MaxBytes {
		t.Fatalf("the body has %d bytes, want %d", len(r.Body), message.MaxBytes)
	}
	s.schedule(t, delivery.NormalLane, r, at)
	same(t, s.comes(t, delivery.NormalLane, at), r)
}

func carriesAnyText(t *testing.T, s Subject) {
	t.Helper()
	at, left := time.Now().Add(s.minutes(3)), map[string]delivery.Record{}
	for id, text := range map[string]string{
		"letters":       "später – „zu viele“ 𝄞",
		"noncharacters": "\uFFFE and \uFFFF",
		"controls":      "\x00\x1b\x7f\r\n\t",
		"placeholders":  "<aws.scheduler.scheduled-time> <aws.scheduler.execution-id> <b>{{name}}</b> ${x} $.y",
		"escapes":       `\u003caws.scheduler.scheduled-time> \ud83d \\ \"`,
	} {
		left[id] = saying(id, text)
		// As delivery writes it, with the characters themselves wherever JSON lets them be.
		m, err := message.Decode(left[id].Body, message.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		body, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		left[id] = delivery.Record{Body: body, ID: id}
		s.schedule(t, delivery.NormalLane, left[id], at)
	}
	for range len(left) {
		got := s.comes(t, delivery.NormalLane, at)
		same(t, got, left[delivery.IDOf(got, "")])
	}
}

func refusesWithoutID(t *testing.T, s Subject) {
	t.Helper()
	for _, at := range []time.Time{{}, time.Now().Add(s.minutes(3))} {
		r := saying("order-1", "whose?")
		r.ID = ""
		if err := s.Scheduler.Schedule(t.Context(), delivery.NormalLane, r, at); err == nil {
			t.Errorf("it takes a record without an id for %v", at)
		}
	}
	s.silent(t, time.Now().Add(s.Minute))
}
