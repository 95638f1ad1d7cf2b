package message_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

func decode(t *testing.T, text string) (message.Message, error) {
	t.Helper()
	return message.Decode([]byte(text), message.Defaults{})
}

func problemsOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*message.Error](err)
	if !ok {
		t.Fatalf("err = %v, want a *message.Error", err)
	}
	lines := make([]string, len(invalid.Problems))
	for i, p := range invalid.Problems {
		lines[i] = p.String()
	}
	return lines
}

const full = `{
  "id": "order-1042-shipped",
  "channel": "whatsapp", "type": "text",
  "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"},
  "textMessage": "Your order is on its way.",
  "sendAt": "2026-12-01T09:00:00+01:00", "expiresAt": "2026-12-01T18:00:00+01:00",
  "deliverWithin": {"from": "09:00", "to": "20:00", "timezone": "Europe/Berlin"},
  "fallback": [{"channel": "whatsapp", "type": "template", "template": "order_shipped"}],
  "ifUnknown": "hold", "priority": "normal", "cancelKey": "order-1042", "passthrough": {}
}`

func TestTheWholeMessageDecodes(t *testing.T) {
	t.Parallel()
	m, err := decode(t, full)
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != "order-1042-shipped" || m.SendAt.UTC().Hour() != 8 || m.DeliverWithin.From.String() != "09:00" || m.Steps() != 2 {
		t.Errorf("decoded to %+v", m)
	}
	body, err := dmly.Encode(m.Request(1))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(body), `{"recipient":{"phoneNumber":"+15551234567"},"workspace":{"id":"W1"},"template":"order_shipped"}`; got != want {
		t.Errorf("fallback's request\n got %s\nwant %s", got, want)
	}
}

func TestProblemsAreNamedAllAtOnceAndWithHints(t *testing.T) {
	t.Parallel()
	const wa = `"channel":"whatsapp","type":"text","workspace":{"id":"W1"}`
	const there = "there is whatsapp (text, media, template), messenger (text, media, template), instagram (text, template), telegram (template)"
	const (
		noWorkspace = "/workspace/id: is required and may not be blank"
		noRecipient = `/recipient: contact or recipient is required: {"contact": {"id": …}} or {"recipient": {"phoneNumber": "+…"}}`
	)
	tests := map[string]struct {
		text string
		want []string
	}{
		"empty id":      {`{` + wa + `,"id":"","cancelKey":"","contact":{"id":"C"},"textMessage":"x"}`, []string{"/id: is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -", "/cancelKey: is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -"}},
		"slash in id":   {`{` + wa + `,"id":"a/b","contact":{"id":"C"},"textMessage":"x"}`, []string{"/id: is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -"}},
		"last year":     {`{` + wa + `,"expiresAt":"9999-12-31T23:59:59Z","contact":{"id":"C"},"textMessage":"x"}`, []string{"/expiresAt: is too far ahead; an expiresAt that never comes can be left out"}},
		"year one":      {`{` + wa + `,"expiresAt":"0001-01-01T00:00:00Z","scheduleDateTime":"0001-01-01 00:00:00","contact":{"id":"C"},"textMessage":"x"}`, []string{"/expiresAt: is no time that a message can have", `/scheduleDateTime: "0001-…" is not a date and time as DMLY takes it, for example "2026-02-18 10:30:00"`}},
		"negative zone": {`{` + wa + `,"sendAt":"2026-12-01T09:00-05:00","contact":{"id":"C"},"textMessage":"x"}`, []string{`/sendAt: "2026-12-01T09:00-05:00" is not a time as in RFC 3339: write it as 2026-12-01T09:00:00+01:00 or 2026-12-01T08:00:00Z`}},
		"siblings":      {`{"channel":"messenger","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"elements":[{"title":7},{"title":"x"},{"title":""}]}`, []string{"/elements/0/title: is a number; it must be a string", "/elements/2/title: is required and may not be blank"}},
		"six fallbacks": {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","fallback":[{},{},{},{},{},{}]}`, []string{"/fallback: has 6 entries; at most 5 are allowed", "/fallback/0/channel: is required; " + there, "/fallback/0/type: is required", "/fallback/1/channel: is required; " + there, "/fallback/1/type: is required", "/fallback/2/channel: is required; " + there, "/fallback/2/type: is required", "/fallback/3/channel: is required; " + there, "/fallback/3/type: is required", "/fallback/4/channel: is required; " + there, "/fallback/4/type: is required"}},
		"several at once": {`{"channel":"whatsapp","type":"text","recepient":{"phoneNumber":"+1"},"textMessage":7,"ifUnknown":"retry"}`, []string{
			`/recepient: unknown field; did you mean "recipient" as {"recipient": {"phoneNumber": "+15551234567"}}?`,
			`/textMessage: is a number; it must be a string`,
			`/ifUnknown: "retry" is not one of hold, resend`,
			`/workspace/id: is required and may not be blank`,
		}},
		"nothing":           {`{}`, []string{"/channel: is required; " + there, "/type: is required", noWorkspace, noRecipient}},
		"no such channel":   {`{"channel":"WhatsApp","type":"text","workspace":{"id":"W1"},"contact":{"id":"C"}}`, []string{`/channel: there is no channel "WhatsApp"; ` + there}},
		"neither":           {`{"channel":"sms","workspace":{"id":"W1"},"contact":{"id":"C"}}`, []string{`/channel: there is no channel "sms"; ` + there, "/type: is required"}},
		"no such pair":      {`{"channel":"telegram","type":"text"}`, []string{`/type: there is no text message on "telegram"; ` + there, noWorkspace, noRecipient}},
		"both":              {`{` + wa + `,"contact":{"id":"C"},"recipient":{"phoneNumber":"+15551234567"},"textMessage":"x"}`, []string{"/recipient: send either contact or recipient, not both: DMLY rejects a request that has both"}},
		"phone":             {`{` + wa + `,"recipient":{"phoneNumber":"555-1234567"},"textMessage":"x"}`, []string{`/recipient/phoneNumber: "555-1…" is not E.164 (+ and 7 to 15 digits, the first not 0)`}},
		"empty contact":     {`{` + wa + `,"contact":{},"textMessage":"x"}`, []string{"/contact/id: is required and may not be blank"}},
		"null":              {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","sendAt":null}`, []string{"/sendAt: is null; leave the field out instead"}},
		"no zone":           {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","sendAt":"2026-12-01T09:00:00"}`, []string{`/sendAt: "2026-12-01T09:00:00" is not a time as in RFC 3339: it has no time zone; write it as 2026-12-01T09:00:00+01:00 or 2026-12-01T08:00:00Z`}},
		"expires first":     {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","sendAt":"2026-12-01T09:00:00Z","expiresAt":"2026-12-01T10:00:00+01:00"}`, []string{"/expiresAt: must be later than sendAt"}},
		"window":            {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","deliverWithin":{"from":"9:00","to":"20:00"}}`, []string{`/deliverWithin/from: "9:00" is not a time of day; write it as 09:00`, "/deliverWithin/timezone: is required and may not be blank"}},
		"window zone":       {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","deliverWithin":{"from":"09:00","to":"09:00","timezone":"Berlin"}}`, []string{`/deliverWithin/timezone: "Berlin" is not a time zone of the IANA database; write it as Europe/Berlin or UTC`}},
		"foreign field":     {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","mediaUrl":"https://example.com"}`, []string{"/mediaUrl: does not belong to a whatsapp text message; what only DMLY knows goes into passthrough"}},
		"wrong target":      {`{"channel":"messenger","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"},"textMessage":"x"}`, []string{"/recipient: messenger takes a contact, not a phone number"}},
		"fallback":          {`{` + wa + `,"recipient":{"phoneNumber":"+15551234567"},"textMessage":"x","fallback":[{"channel":"messenger","type":"text","textMessage":"x"},{"channel":"whatsapp","type":"template"},{"chanel":"whatsapp"}]}`, []string{`/fallback/2/chanel: unknown field; did you mean "channel"?`, "/fallback/0/channel: messenger needs a contact, and the message has a phone number", "/fallback/1/template: is required and may not be blank", "/fallback/2/type: is required"}},
		"two titles":        {`{"channel":"messenger","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"elements":[{"title":""},{"titel":"x"}]}`, []string{`/elements/1/titel: unknown field; did you mean "title"?`, "/elements/0/title: is required and may not be blank"}},
		"no element":        {`{"channel":"messenger","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"elements":[{"title":"x","subtitle":1},"x"]}`, []string{"/elements/1: is a string; it must be an object"}},
		"passthrough":       {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","passthrough":{"textMessage":"y"}}`, []string{`/passthrough/textMessage: may not replace the request's own field "textMessage"`}},
		"id":                {`{` + wa + `,"id":"a b","contact":{"id":"C"},"textMessage":"x"}`, []string{"/id: is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -"}},
		"own name":          {`{` + wa + `,"to":"+15551234567","text":"x"}`, []string{`/to: unknown field; did you mean "recipient" as {"recipient": {"phoneNumber": "+15551234567"}}?`, `/text: unknown field; did you mean "textMessage"?`}},
		"within":            {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","passthrough":{"contact":{"Id":1},"recipient":{},"workspace":7}}`, []string{`/passthrough/contact/Id: may not replace the request's own field "id"`, `/passthrough/recipient: may not replace the request's own field "recipient"`, `/passthrough/workspace: may not replace the request's own field "workspace"`}},
		"within a fallback": {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","fallback":[{"channel":"whatsapp","type":"template","template":"t","passthrough":{"contact":{"a":1}}}]}`, []string{"/fallback/0/passthrough/contact: is not possible in a fallback, which has the message's as it is"}},
		"nonsense field":    {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","zzzzzz":1}`, []string{"/zzzzzz: unknown field; what only DMLY knows goes into passthrough"}},
		"case":              {`{` + wa + `,"contact":{"ID":"C"},"textMessage":"x"}`, []string{`/contact/ID: unknown field; did you mean "id"?`}},
		"twice":             {`{` + wa + `,"contact":{"id":"C","id":"D"},"textMessage":"x","textMessage":"y"}`, []string{"/contact/id: is there twice", "/textMessage: is there twice"}},
		"pointer":           {`{` + wa + `,"contact":{"id":"C"},"textMessage":"x","a/b~c":1}`, []string{"/a~1b~0c: unknown field; what only DMLY knows goes into passthrough"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(t, tc.text)
			if got := problemsOf(t, err); !slices.Equal(got, tc.want) {
				t.Errorf("problems\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(tc.want, "\n     "))
			}
		})
	}
}

func TestWhatIsNotOneJSONObjectIsRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	for text, want := range map[string]string{
		"":                             "the body is empty; a JSON object is expected",
		" \n":                          "the body is empty; a JSON object is expected",
		"hello":                        "the body is not valid JSON (byte 0)",
		`{"id":"a"`:                    "the body is not complete JSON: it ends too early",
		`[]`:                           "the body is a list; it must be an object",
		`null`:                         "the body is null; it must be an object",
		`{} {}`:                        "the body has something after the end of the JSON object",
		`{}x`:                          "the body has something after the end of the JSON object",
		"{\"id\":\"a\xff\"}":           "/id: is not valid UTF-8 (byte 8)",
		`{"id":"\ud800"}`:              "/id: is not valid JSON (byte 7)",
		`{"id":01}`:                    "the body is not valid JSON (byte 7)",
		`{"passthrough":` + deep + `}`: "the body is nested more than 32 levels deep",
		`{"id":"` + strings.Repeat("a", 64<<10) + `"}`: "the body has 65545 bytes; the limit is 65536",
	} {
		_, err := decode(t, text)
		got := problemsOf(t, err)
		if len(got) == 0 || got[0] != want {
			t.Errorf("%.40q: %q, want %q", text, got, want)
		}
	}
}

func TestARefusedMessageStillTellsItsID(t *testing.T) {
	t.Parallel()
	_, err := decode(t, `{"id":"order-1","channel":"fax"}`)
	if invalid, ok := errors.AsType[*message.Error](err); !ok || invalid.ID != "order-1" {
		t.Errorf("err = %#v, want the id order-1", err)
	}
	_, err = decode(t, `{"id":"order 1","channel":"fax"}`)
	if invalid, ok := errors.AsType[*message.Error](err); !ok || invalid.ID != "" {
		t.Errorf("err = %#v, want no id: it has a space", err)
	}
}

func TestTheListOfProblemsIsBounded(t *testing.T) {
	t.Parallel()
	text := `{"` + strings.Repeat(`":1,"`, 5000) + `":1}`
	got := problemsOf(t, func() error { _, err := decode(t, text); return err }())
	if len(got) != 101 || !strings.Contains(got[100], "more problems") {
		t.Errorf("%d problems, the last %q", len(got), got[len(got)-1])
	}
}

// Comparing all problems with all others would take longer for these than a test may.
func TestAMessageThatIsWrongEverywhereIsRefusedSoon(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"fallback":[` + strings.Repeat("1,", 30000) + `1]}`,
		`{"elements":[` + strings.Repeat("1,", 30000) + `1]}`,
		`{"buttons":[` + strings.Repeat(`{"a":1,"a":2},`, 4000) + `1]}`,
		`{"channel":"messenger","type":"template","elements":[` + strings.Repeat(`{},`, 20000) + `{}]}`,
	} {
		_, err := decode(t, text)
		if n := len(problemsOf(t, err)); n < 1 || n > 101 {
			t.Errorf("%.30s: %d problems", text, n)
		}
	}
}

// The decoder, the lists that hints are made from, and the type are three places that
// name the fields.
func TestEveryFieldOfAMessageIsReadAndHintedAt(t *testing.T) {
	t.Parallel()
	names := fieldsOf(reflect.TypeFor[message.Message]())
	if len(names) != 21 {
		t.Fatalf("%d fields: %q", len(names), names)
	}
	for _, name := range names {
		_, err := decode(t, `{"`+name+`":null}`)
		if got := problemsOf(t, err)[0]; strings.Contains(got, "unknown") {
			t.Errorf("%s is not read: %s", name, got)
		}
		if name == "id" {
			continue // too short to be misspelled and recognized
		}
		_, err = decode(t, `{"`+name+`x":null}`)
		if got, want := problemsOf(t, err)[0], fmt.Sprintf("did you mean %q", name); !strings.Contains(got, want) {
			t.Errorf("%sx: %s, want %s", name, got, want)
		}
	}
}

// fieldsOf are the JSON names of a struct's fields, embedded ones included.
func fieldsOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			names = append(names, fieldsOf(t.Field(i).Type)...)
			continue
		}
		names = append(names, name)
	}
	return names
}

func TestTheDefaultWorkspaceFillsOnlyAGap(t *testing.T) {
	t.Parallel()
	const rest = `"channel":"telegram","type":"template","contact":{"id":"C"},"textMessage":"x"}`
	for text, want := range map[string]string{`{` + rest: "W9", `{"workspace":{"id":"W1"},` + rest: "W1"} {
		m, err := message.Decode([]byte(text), message.Defaults{Workspace: "W9"})
		if err != nil || m.Workspace.ID != want {
			t.Errorf("%s: workspace %q (%v), want %q", text, m.Workspace.ID, err, want)
		}
	}
	if _, err := message.Decode([]byte(`{"workspace":{"id":7},`+rest), message.Defaults{Workspace: "W9"}); err == nil {
		t.Error("a workspace that cannot be read was replaced by the default")
	}
}

func TestDropInBodiesPassOnWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	m, err := message.DecodeRequest(dmly.OpWhatsAppTemplate, []byte(`{"contact":{"id":"C1"},"recipient":null,"workspace":{"id":"W1"},"template":"hello","scheduleDateTime":"2026-02-18 10:30","language":"de","params":[1.50,{"a":null}]}`), message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := dmly.Encode(m.Request(0))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"template":"hello","scheduleDateTime":"2026-02-18 10:30:00","language":"de","params":[1.50,{"a":null}]}`
	if string(body) != want {
		t.Errorf("request\n got %s\nwant %s", body, want)
	}
	m, err = message.DecodeRequest(dmly.OpWhatsAppText, []byte(`{"contact":{"note": [1.50] ,"id":"C1","a/b":null},"workspace":{"id":"W1","x":{"id":"y"}},"textMessage":"hello","z":1}`), message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	// It is the same after it went through the queue.
	queued, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := message.Decode(queued, message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []message.Message{m, again} {
		body, err = dmly.Encode(one.Request(0))
		if err != nil {
			t.Fatal(err)
		}
		want = `{"contact":{"id":"C1","note":[1.50],"a/b":null},"workspace":{"id":"W1","x":{"id":"y"}},"textMessage":"hello","z":1}`
		if got := strings.ReplaceAll(string(body), " ", ""); got != want {
			t.Errorf("request\n got %s\nwant %s", got, want)
		}
	}
	for text, want := range map[string]string{
		`{"contact":{"id":"C1","ID":"C2"},"workspace":{"id":"W1"},"textMessage":"x"}`:                              `/contact/ID: may not replace the request's own field "id"`,
		`{"contact":{"x":1},"recipient":{"phoneNumber":"+15551234567"},"workspace":{"id":"W1"},"textMessage":"x"}`: "/contact/id: is required and may not be blank",
	} {
		if _, err := message.DecodeRequest(dmly.OpWhatsAppText, []byte(text), message.Defaults{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	_, err = message.DecodeRequest(dmly.OpMessengerText, []byte(`{"recipient":{"phoneNumber":"+15551234567"},"textMessage":1}`), message.Defaults{})
	want = "/textMessage: is a number; it must be a string; /workspace/id: is required and may not be blank; /contact/id: is required and may not be blank"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v\nwant %s", err, want)
	}
}

// time.Time's own reading is wider than the RFC.
func TestTimesAreThoseOfRFC3339(t *testing.T) {
	t.Parallel()
	const rest = `"channel":"telegram","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"textMessage":"x"}`
	for text, want := range map[string]bool{
		"2026-12-01T09:00:00Z": true, "2026-12-01T09:00:00.123456789012Z": true, "2026-12-01T09:00:00+23:59": true, "2026-12-01T09:00:00.5-05:30": true, "2024-02-29T09:00:00Z": true,
		"2026-12-01T9:00:00Z": false, "2026-12-01T9:00:00.5Z": false, "2026-12-01T09:00:00,5Z": false, "2026-12-01T09:00:00+24:00": false, "2026-12-01T09:00:00+01:60": false,
		"2026-12-01T09:00:00": false, "2026-12-01T09:00Z": false, "2026-12-01 09:00:00Z": false, "2026-12-01t09:00:00z": false, "2026-12-01T24:00:00Z": false, "2026-12-31T23:59:60Z": false,
		"2026-02-29T09:00:00Z": false, "2026-12-01T09:00:00.Z": false, "2026-12-01T09:00:00+0100": false, "2026-12-01T09:00:00Z\\n": false,
	} {
		_, err := decode(t, `{"sendAt":"`+text+`",`+rest)
		if got := err == nil; got != want {
			t.Errorf("%s: taken %t, want %t (%v)", text, got, want, err)
		}
	}
}

// seeds are the documented message and the reference's own bodies.
func seeds(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/reference/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no seeds: %v", err)
	}
	texts := []string{full}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// Each of many repeated names stands below one that is nearly as long as the message.
func TestPointersDoNotGrowBeyondTheMessage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("~", 30_000)
	const repeated = 6_000
	for name, data := range map[string]string{
		"repeated names":  `{"` + long + `": {"":0` + strings.Repeat(`,"":0`, repeated) + `}}`,
		"an unknown name": `{"` + long + `": 0}`,
		"not JSON":        `{"` + long + `": {"a": x}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := message.Decode([]byte(data), message.Defaults{})
			invalid, ok := errors.AsType[*message.Error](err)
			if !ok || len(invalid.Problems) == 0 {
				t.Fatalf("got %v, want problems", err)
			}
			size := 0
			for _, p := range invalid.Problems {
				size += len(p.Pointer) + len(p.Detail)
			}
			if size > 8<<10 {
				t.Errorf("the problems have %d bytes", size)
			}
			last := invalid.Problems[len(invalid.Problems)-1]
			if strings.HasPrefix(name, "repeated") && !strings.Contains(last.Detail, "more problems") {
				t.Errorf("got %q at the end, want how many more there are", last)
			}
		})
	}
}
