package plan_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/message"
)

// problems are those of an *message.Error.
func problems(t *testing.T, err error) []string {
	t.Helper()
	e, ok := errors.AsType[*message.Error](err)
	if !ok {
		t.Fatalf("err = %v, want a *message.Error", err)
	}
	var all []string
	for _, p := range e.Problems {
		all = append(all, p.String())
	}
	return all
}

const toPhone = `{"channel":"whatsapp","type":"text","recipient":{"phoneNumber":"{{phone}}"},"textMessage":"Hello"}`

func TestAWholeCampaignDecodes(t *testing.T) {
	t.Parallel()
	text := ` {"id": "spring-26_A", "audience": {"file": "2026/spring.csv.gz"}, "message": ` + toPhone + `,
		"ratePerMinute": 60, "ramp": {"canary": 50, "growth": 1.5, "maxRejectedPercent": 10, "maxUnknown": 1}} `
	d, err := plan.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Ramp{Canary: 50, Growth: 1.5, MaxRejectedPercent: 10, MaxUnknown: 1}
	if d.ID != "spring-26_A" || d.Audience.File != "2026/spring.csv.gz" || d.RatePerMinute != 60 || d.Ramp != want || string(d.Message) != toPhone {
		t.Errorf("got %+v", d)
	}
	encoded, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := plan.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := again.Encode(); err != nil || !bytes.Equal(twice, encoded) {
		t.Errorf("encoded again (%v):\n%s\n%s", err, twice, encoded)
	}
}

func TestACampaignHasDefaults(t *testing.T) {
	t.Parallel()
	d, err := plan.Decode([]byte(`{"id":"a","audience":{"rows":[ {"phone": "+1", "phone": 2} , {"phone":1e3} ]},"message":` + toPhone + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (plan.Ramp{Growth: 2, MaxRejectedPercent: 20, MaxUnknown: 5}); d.Ramp != want || d.RatePerMinute != 0 {
		t.Errorf("got %+v", d)
	}
	var rows bytes.Buffer
	if err := d.Audience.WriteRows(&rows); err != nil {
		t.Fatal(err)
	}
	if got, want := rows.String(), "{\"phone\":\"+1\",\"phone\":2}\n{\"phone\":1e3}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProblemsOfACampaignAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	campaign := func(more string) string {
		return `{"id":"a","audience":{"file":"a.csv"},"message":` + toPhone + more + `}`
	}
	withMessage := func(m string) string { return `{"id":"a","audience":{"file":"a.csv"},"message":` + m + `}` }
	withText := func(text string) string { return withMessage(strings.Replace(toPhone, "Hello", text, 1)) }
	audience := func(a string) string { return `{"id":"a","audience":` + a + `,"message":` + toPhone + `}` }
	const neither = `/audience: has to be either {"file": "spring.csv"} or {"rows": [{"phone": "+15551234567"}, …]}`
	tests := map[string]struct {
		text string
		want []string
	}{
		"empty":             {"", []string{"the body is not complete JSON: it ends too early"}},
		"no object":         {"[]", []string{`the body is not a JSON object, such as {"id": …, "audience": …, "message": …}`}},
		"cut off":           {`{"id":"a"`, []string{"the body is not complete JSON: it ends too early"}},
		"something behind":  {campaign("") + "x", []string{"the body is not valid JSON (byte 147)"}},
		"nothing":           {"{}", []string{"/id: is required", "/audience: is required", "/message: is required"}},
		"wrong types":       {`{"id":1,"audience":"a.csv","message":[],"ratePerMinute":"1","ramp":2}`, []string{"/id: is a number; it must be a string", "/audience: is a string; it must be an object", "/message: is a list; it must be an object", "/ratePerMinute: is a string; it must be a number from 1 to 1000000", "/ramp: is a number; it must be an object"}},
		"unknown":           {campaign(`,"name":"x"`), []string{"/name: unknown field; there is audience, id, message, ramp, ratePerMinute"}},
		"twice":             {campaign(`,"id":"b"`), []string{"/id: is there twice"}},
		"id":                {strings.Replace(campaign(""), `"id":"a"`, `"id":"a.b"`, 1), []string{"/id: is not a campaign's id: 1 to 64 of A-Z a-z 0-9 _ -"}},
		"long id":           {strings.Replace(campaign(""), `"id":"a"`, `"id":"`+strings.Repeat("a", 65)+`"`, 1), []string{"/id: is not a campaign's id: 1 to 64 of A-Z a-z 0-9 _ -"}},
		"rate":              {campaign(`,"ratePerMinute":0`), []string{"/ratePerMinute: has to be a whole number from 1 to 1000000"}},
		"half a rate":       {campaign(`,"ratePerMinute":1.5`), []string{"/ratePerMinute: has to be a whole number from 1 to 1000000"}},
		"ramp":              {campaign(`,"ramp":{"canary":-1,"growth":0.5,"maxRejectedPercent":101,"maxUnknown":0,"x":1}`), []string{"/ramp/canary: has to be a whole number from 0 to 1000000", "/ramp/growth: has to be a number from 1 to 100", "/ramp/maxRejectedPercent: has to be a whole number from 1 to 100", "/ramp/maxUnknown: has to be a whole number from 1 to 100", "/ramp/x: unknown field; there is canary, growth, maxRejectedPercent, maxUnknown"}},
		"no audience":       {audience(`{}`), []string{neither}},
		"both":              {audience(`{"file":"a.csv","rows":[{}]}`), []string{neither}},
		"no rows":           {audience(`{"rows":[]}`), []string{"/audience/rows: has no rows; put one recipient in each"}},
		"rows are no list":  {audience(`{"rows":{}}`), []string{"/audience/rows: is an object; it must be a list"}},
		"another kind":      {audience(`{"file":"a.xlsx"}`), []string{"/audience/file: does not end in .csv, .jsonl, .csv.gz, .jsonl.gz"}},
		"out of the folder": {audience(`{"file":"../a.csv"}`), []string{"/audience/file: is not a name below the folder of the audiences, such as 2026/spring.csv"}},
		"from the root":     {audience(`{"file":"/a.csv"}`), []string{"/audience/file: is not a name below the folder of the audiences, such as 2026/spring.csv"}},
		"through another":   {audience(`{"file":"a/../../b.csv"}`), []string{"/audience/file: is not a name below the folder of the audiences, such as 2026/spring.csv"}},
		"of another system": {audience(`{"file":"..\\a.csv"}`), []string{"/audience/file: is not a name below the folder of the audiences, such as 2026/spring.csv"}},
		"a URL":             {audience(`{"file":"s3://bucket/a.csv"}`), []string{"/audience/file: is not a name below the folder of the audiences, such as 2026/spring.csv"}},

		"message with an id":         {withMessage(strings.Replace(toPhone, "{", `{"id":"x",`, 1)), []string{"/message/id: leave it out: each message gets its own, from the campaign and its recipient"}},
		"message with a name twice":  {withMessage(strings.Replace(toPhone, "{", `{"type":"text",`, 1)), []string{"/message/type: is there twice"}},
		"message for one":            {withMessage(strings.Replace(toPhone, "{{phone}}", "+15551234567", 1)), []string{`/message/recipient: has no placeholder, so that each row would send to the same recipient; write it as {"phoneNumber": "{{phone}}"}, or contact as {"id": "{{contact}}"}`}},
		"message with a slip":        {withMessage(strings.Replace(toPhone, `"textMessage"`, `"text"`, 1)), []string{`/message/text: unknown field; did you mean "textMessage"?`}},
		"slip with a placeholder":    {withMessage(strings.Replace(toPhone, `"textMessage":"Hello"`, `"text":"Hello {{name}}"`, 1)), []string{`/message/text: unknown field; did you mean "textMessage"?`}},
		"slip and open channel":      {withMessage(`{"channel":"{{c}}","type":"text","recipient":{"phone":"{{phone}}"},"textMessage":"x"}`), []string{`/message/recipient/phone: unknown field; there is phoneNumber`}},
		"message without a text":     {withMessage(strings.Replace(toPhone, `"Hello"`, `""`, 1)), []string{"/message/textMessage: is required and may not be blank"}},
		"message of no operation":    {withMessage(strings.Replace(toPhone, `whatsapp`, `fax`, 1)), []string{`/message/channel: there is no channel "fax"; there is whatsapp (text, media, template), messenger (text, media, template), instagram (text, template), telegram (template)`}},
		"message with a wrong time":  {withMessage(strings.Replace(toPhone, "{", `{"sendAt":"tomorrow","expiresAt":"{{until}}",`, 1)), []string{`/message/sendAt: "tomorrow" is not a time as in RFC 3339: write it as 2026-12-01T09:00:00+01:00 or 2026-12-01T08:00:00Z`}},
		"unclosed placeholder":       {withText("Hello {{name"), []string{"/message/textMessage: has {{ without }} behind it; write a placeholder as {{name}}"}},
		"unclosed behind a closed":   {withText("{{a}} {{b} }"), []string{"/message/textMessage: has {{ without }} behind it; write a placeholder as {{name}}"}},
		"nameless placeholder":       {withText("Hello {{ }}"), []string{"/message/textMessage: has a placeholder without a name; write it as {{name}}"}},
		"three braces":               {withText("Hello {{{name}}}"), []string{"/message/textMessage: has a placeholder with a brace in its name; write it as {{name}}"}},
		"one within another":         {withText("Hello {{a {{b}} }}"), []string{"/message/textMessage: has a placeholder with a brace in its name; write it as {{name}}"}},
		"escaped and unclosed":       {withText(`Hello \u007b{name`), []string{"/message/textMessage: has {{ without }} behind it; write a placeholder as {{name}}"}},
		"placeholder in a name":      {withMessage(strings.Replace(toPhone, "{", `{"passthrough":{"{{x}}":1},`, 1)), []string{"/message/passthrough/{{x}}: has a placeholder in its name; a placeholder can only be in a value"}},
		"placeholder as a JSON text": {withMessage(strings.Replace(toPhone, `"Hello"`, `{{text}}`, 1)), []string{"/message/textMessage: is not valid JSON (byte 139)"}},
		"large message":              {withText(strings.Repeat("x", 64<<10)), []string{"/message: has 65629 bytes; the limit is 65536"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := plan.Decode([]byte(tt.text))
			if got := problems(t, err); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestWhatARowDecidesIsNotTheCampaignsProblem(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]string{
		"channel":   `{"channel":"{{channel}}","type":"text","contact":{"id":"{{c}}"},"textMessage":"x"}`,
		"type":      `{"channel":"whatsapp","type":"{{ type }}","contact":{"id":"{{c}}"},"textMessage":"x"}`,
		"times":     `{"channel":"whatsapp","type":"text","contact":{"id":"{{c}}"},"textMessage":"x","sendAt":"{{day}}T09:00:00Z","expiresAt":"{{day}}T08:00:00Z"}`,
		"hours":     `{"channel":"whatsapp","type":"text","contact":{"id":"{{c}}"},"textMessage":"x","deliverWithin":{"from":"{{from}}","to":"09:00","timezone":"{{zone}}"}}`,
		"workspace": `{"channel":"whatsapp","type":"text","contact":{"id":"{{c}}"},"workspace":{"id":"{{w}}"},"textMessage":"x"}`,
		"picture":   `{"channel":"whatsapp","type":"media","contact":{"id":"{{c}}"},"mediaUrl":"https://example.com/{{c}}.png","mimeType":"{{mime}}"}`,
		"fallback":  `{"channel":"whatsapp","type":"text","contact":{"id":"{{c}}"},"textMessage":"x","fallback":[{"channel":"{{other}}","type":"text","textMessage":"y"}]}`,
		"elements":  `{"channel":"messenger","type":"template","contact":{"id":"{{c}}"},"elements":[{"title":"{{t}}","buttons":[{"title":"{{b}}"}]}]}`,
		"lane":      `{"channel":"whatsapp","type":"text","contact":{"id":"{{c}}"},"textMessage":"x","priority":"{{lane}}","cancelKey":"a {{c}}"}`,
	} {
		if _, err := plan.Decode([]byte(`{"id":"a","audience":{"file":"a.csv"},"message":` + m + `}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALargeCampaignIsRefused(t *testing.T) {
	t.Parallel()
	_, err := plan.Decode(bytes.Repeat([]byte(" "), plan.MaxBytes+1))
	if e, ok := errors.AsType[*message.Error](err); !ok || !e.TooLarge {
		t.Errorf("err = %#v, want one that is TooLarge", err)
	}
}
