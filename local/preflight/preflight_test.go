package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	sampleAudience = "../../examples/campaign/audience.csv"
	sampleMessage  = "../../examples/campaign/message.json"
)

// written is a file with this name and text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func start(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, func(string) string { return "" }, &out, &errs)
	return status, out.String(), errs.String()
}

func TestTheSampleIsReported(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := start(t, "-audience", sampleAudience, "-message", sampleMessage)
	const want = sampleAudience + ` with ` + sampleMessage + `

rows        7
good        3  whatsapp 3
bad         3
duplicates  1

These rows get no message of their own:
  line 5: /recipient/phoneNumber: "55512…" is not E.164 (+ and 7 to 15 digits, the first not 0)
  line 6: /textMessage: "order" has a formula, not a value; copy the column and paste its values only
  line 7: has the recipient of an earlier row
  line 8: /textMessage: has no value for {{name}}

Sending takes 2 s: 96 messages a minute go out.
That is within their hours, 11 h 0 min a day, from their opening on.

AWS charges about less than a cent, by its prices of 2026-11-30:
  DynamoDB         less than a cent
  SQS              less than a cent
  Lambda           less than a cent
  CloudWatch Logs  less than a cent
Not in it: what DMLY and WhatsApp charge, taxes, what is stored, and what a stack costs without messages.
`
	if status != 0 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s\nwant\n%s", status, stdout, stderr, want)
	}
}

func TestALargeAudienceTakesItsTime(t *testing.T) {
	t.Parallel()
	var rows bytes.Buffer
	zip := gzip.NewWriter(&rows)
	for i := range 30_000 {
		fmt.Fprintf(zip, `{"phone":"+1555%07d","name":"Ann","order":%d,"city":"Rome"}`+"\n", i, i)
	}
	fmt.Fprint(zip, strings.Repeat("{}\n", 25))
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := start(t, "-audience", written(t, "people.jsonl.gz", rows.String()), "-message", sampleMessage, "-rate", "25")
	for _, want := range []string{
		"good        30000  whatsapp 30000\n", "bad         25\n", "line 30001: /recipient/phoneNumber: has no value for {{phone}}\n", "  and 5 more\n",
		"Sending takes 1 d 9 h: 24 messages a minute go out.\n", "AWS charges about $0.33 to $0.71, by its prices of ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is missing in\n%s", want, stdout)
		}
	}
	if status != 0 || stderr != "" {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func TestWhatCannotBeUsedEndsWithASentence(t *testing.T) {
	t.Parallel()
	of := func(audience, message string) []string { return []string{"-audience", audience, "-message", message} }
	people := func(text string) []string { return of(written(t, "people.csv", text), sampleMessage) }
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"nothing said":       {nil, 2, "say what to look at: make preflight AUDIENCE="},
		"stray argument":     {append(of(sampleAudience, sampleMessage), "x"), 2, "say what to look at: "},
		"no rate":            {append(of(sampleAudience, sampleMessage), "-rate", "0"), 2, "RATE is 0: "},
		"no audience":        {of("nowhere.csv", sampleMessage), 1, "open the audience: open nowhere.csv: "},
		"no message":         {of(sampleAudience, "nowhere.json"), 1, "open the message: open nowhere.json: "},
		"another kind":       {of("people.xlsx", sampleMessage), 1, "people.xlsx does not end in .csv, .jsonl, .csv.gz, .jsonl.gz: "},
		"a message no JSON":  {of(sampleAudience, sampleAudience), 1, "audience.csv is not JSON: "},
		"a large message":    {of(sampleAudience, written(t, "m.json", strings.Repeat(" ", 64<<10+1))), 1, "m.json has more than 65536 bytes"},
		"a wrong message":    {of(sampleAudience, written(t, "m.json", `{"text":"{{name}}"}`)), 1, "m.json cannot be used:\n  /text: unknown field; did you mean \"textMessage\"?\n  /channel: is required; "},
		"a message with two": {of(sampleAudience, written(t, "m.json", `{}, "id": {}`)), 1, "m.json is not JSON: "},
		"no workspace":       {of(sampleAudience, written(t, "m.json", `{"channel":"whatsapp","type":"text","recipient":{"phoneNumber":"{{phone}}"},"textMessage":"x"}`)), 1, "the message has no workspace"},
		"no rows":            {people("phone,name,order,city\n"), 1, "people.csv cannot be used: it has no rows; "},
		"a missing column":   {people("phone,name\n+15551234567,Ann\n"), 1, `people.csv cannot be used: the message has a placeholder {{order}}, and the header has no such column; it has "phone", "name"`},
		"no good row":        {people("phone,name,order,city\n1,Ann,2,Rome\n"), 1, "no row is good, so there is nothing to send: see above why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, stderr := start(t, tt.args...)
			if status != tt.status || !strings.HasPrefix(stderr, "preflight: ") || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q; want %d, %q", status, stderr, tt.status, tt.want)
			}
		})
	}
}
