package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"dmlysender/shared/campaign/audience"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/message"
)

// planned is what came of an audience.
type planned struct {
	plan.Summary
	messages []message.Message
	problems []plan.Problem
}

// run plans a campaign, and holds what is true of each plan against it.
func run(tb testing.TB, p plan.Planner, d plan.Definition, file string) (planned, error) {
	tb.Helper()
	var lines, problems bytes.Buffer
	s, err := p.Plan(tb.Context(), d, strings.NewReader(file), &lines, &problems)
	got := planned{Summary: s}
	if err != nil {
		return got, err
	}
	if s.Rows != s.Good+s.Bad+s.Duplicates || s.Bytes != int64(lines.Len()) {
		tb.Errorf("%+v does not add up, with a plan of %d bytes", s, lines.Len())
	}
	ids := map[string]bool{}
	for line := range strings.Lines(lines.String()) {
		m, err := message.Decode([]byte(strings.TrimSuffix(line, "\n")), message.Defaults{})
		if err != nil {
			tb.Fatalf("the plan has %s: %v", line, err)
		}
		if want := plan.ID(d.ID, m); m.ID != want || ids[m.ID] {
			tb.Errorf("the plan has the id %s for %s (again: %v)", m.ID, want, ids[m.ID])
		}
		ids[m.ID] = true
		got.messages = append(got.messages, m)
	}
	for line := range strings.Lines(problems.String()) {
		var problem plan.Problem
		if err := json.Unmarshal([]byte(line), &problem); err != nil {
			tb.Fatalf("the problems have %s: %v", line, err)
		}
		got.problems = append(got.problems, problem)
	}
	if len(got.messages) != s.Good || len(got.problems) != s.Bad+s.Duplicates {
		tb.Errorf("%d messages and %d problems, want %+v", len(got.messages), len(got.problems), s)
	}
	if !slices.Equal(s.First, got.problems[:min(100, len(got.problems))]) {
		tb.Errorf("the first problems are %+v, and not %+v", s.First, got.problems)
	}
	channels := 0
	for _, n := range s.ByChannel {
		channels += n
	}
	if channels != s.Good {
		tb.Errorf("by channel there are %d, and not %d", channels, s.Good)
	}
	return got, nil
}

func TestEachRowIsAMessageOrAReason(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.csv", text)
	got, err := run(t, plan.Planner{}, d, "phone,name,order,city\n"+
		"+15550000001,Ann,1,Rome\n"+
		"+15550000002,,2,Rome\n"+
		"15550000003,Cy,3,Rome\n"+
		"+15550000001,Ann again,4,Rome\n"+
		"+15550000005,Eve\n"+
		"+15550000006,=1+1,6,Rome\n"+
		"+15550000007,"+strings.Repeat("x", 4100)+",7,Rome\n"+
		"+15550000008,Hal,8,Rome\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Problem{
		{Line: 3, Reason: "has no value for {{name}}", Pointer: "/textMessage"},
		{Line: 4, Reason: `"15550…" is not E.164 (+ and 7 to 15 digits, the first not 0)`, Pointer: "/recipient/phoneNumber"},
		{Line: 5, Reason: "has the recipient of an earlier row", Duplicate: true},
		{Line: 6, Reason: "has too few cells: 2, and the header has 4"},
		{Line: 7, Reason: `"name" has a formula, not a value; copy the column and paste its values only`, Pointer: "/textMessage"},
		{Line: 8, Reason: "has 4184 characters; the limit is 4096", Pointer: "/textMessage"},
	}
	if !slices.Equal(got.problems, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got.problems, want)
	}
	if got.Good != 2 || got.Bad != 5 || got.Duplicates != 1 || got.ByChannel["whatsapp"] != 2 {
		t.Errorf("got %+v", got.Summary)
	}
	if m := got.messages[1]; m.Recipient.PhoneNumber != "+15550000008" || m.Priority != message.Bulk || m.Workspace.ID != "W1" ||
		m.TextMessage != "Hello Hal, your order 8 is on its way to Rome. Reply STOP to hear nothing more from us." {
		t.Errorf("got %+v", m)
	}
}

// What a cell says is text: it can neither end a string nor have a placeholder.
func TestValuesComeThroughAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		`"`, `\`, `\"`, `","channel":"telegram`, "a\nb\tc", "{{phone}}", "{{ name }}", "}}", "{{", `{"a":1}`, `\u0041`, "\u2028\u0001\u007f",
		"דוד \u202eالمرح", "🎉👩‍👩‍👧", "<b>&amp;</b>", "00123", "1e3", "true", "null", " Ann ", "'", "$1 %s %!d",
	} {
		csv := "phone,name\n+15551234567,\"" + strings.ReplaceAll(value, `"`, `""`) + "\"\n"
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		jsonl := `{"name":` + string(quoted) + `,"phone":"+15551234567"}`
		for file, rows := range map[string]string{"a.csv": csv, "a.jsonl": jsonl} {
			m := strings.Replace(toPhone, "Hello", `{{name}}, Hello \"{{ name }}\"\n{{\u006eame}}`, 1)
			m = strings.Replace(m, "{", `{"passthrough":{"a{b":[{"c":"{{name}}"}]},"workspace":{"id":"W"},`, 1)
			got, err := run(t, plan.Planner{}, definition(t, file, m), rows)
			if err != nil || got.Good != 1 {
				t.Fatalf("%s: %q: %+v, %v", file, value, got.Summary, err)
			}
			if text, want := got.messages[0].TextMessage, value+`, Hello "`+value+"\"\n"+value; text != want {
				t.Errorf("%s: got %q, want %q", file, text, want)
			}
			var further []map[string]string
			if err := json.Unmarshal(got.messages[0].Passthrough["a{b"], &further); err != nil || further[0]["c"] != value {
				t.Errorf("%s: got %s, want %q (%v)", file, got.messages[0].Passthrough["a{b"], value, err)
			}
		}
	}
}

func TestColumnsMayHaveAnyName(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.csv", strings.Replace(toPhone, "{", `{"workspace":{"id":"W"},`, 1))
	d.Message = json.RawMessage(strings.Replace(string(d.Message), "Hello", `{{first name}}, {{a\"b\\}}, {{ \u00fcber }}, {{\t$1\n}}`, 1))
	got, err := run(t, plan.Planner{}, d, "phone,first name,\"a\"\"b\\\",über,$1\n+15551234567,1,2,3,4\n")
	if err != nil || got.Good != 1 || got.messages[0].TextMessage != "1, 2, 3, 4" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNumbersAreKeptAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.jsonl", strings.Replace(toPhone, "Hello", "{{n}} {{b}}", 1))
	got, err := run(t, plan.Planner{Defaults: message.Defaults{Workspace: "W"}}, d,
		`{"phone":"+15551234567","n":123456789012345678901234567890.10,"b":true}`+"\n"+`{"phone":15551234568,"n":1e3,"b":"00123"}`)
	if err != nil || got.Good != 1 || got.messages[0].TextMessage != "123456789012345678901234567890.10 true" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if len(got.problems) != 1 || got.problems[0].Pointer != "/recipient/phoneNumber" {
		t.Errorf("got %+v, want that a number is no phone number", got.problems)
	}
}

func TestAnythingInAMessageCanComeFromARow(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.csv", `{"channel":"{{channel}}","type":"{{type}}","workspace":{"id":"{{ws}}"},"contact":{"id":"{{contact}}"},"textMessage":"x","priority":"{{lane}}"}`)
	got, err := run(t, plan.Planner{}, d, "channel,type,ws,contact,lane\nwhatsapp,text,W1,a,normal\nmessenger,text,W1,b,bulk\nmessenger,text,W2,b,bulk\nfax,text,W1,c,bulk\ninstagram,media,W1,d,bulk\nwhatsapp,text,W1,e,fast\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.Good != 3 || got.ByChannel["whatsapp"] != 1 || got.ByChannel["messenger"] != 2 || got.messages[0].Priority != message.Normal {
		t.Errorf("got %+v", got)
	}
	for i, want := range []string{"/channel", "/type", "/priority"} {
		if p := got.problems[i]; p.Pointer != want {
			t.Errorf("got %+v, want %s", p, want)
		}
	}
}

func TestAnAudienceThatDoesNotFitTheMessageIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		planner          plan.Planner
		file, rows, want string
	}{
		"a column is missing": {plan.Planner{}, "a.csv", "Phone,name\n+15551234567,Ann\n", `the audience cannot be used: the message has a placeholder {{phone}}, and the header has no such column; it has "Phone", "name"`},
		"no rows":             {plan.Planner{}, "a.jsonl", "", "the audience cannot be used: it has no rows; "},
		"another kind":        {plan.Planner{}, "a.csv.gz", "PK\x03\x04", "the audience cannot be used: it is an Excel workbook "},
		"too many":            {plan.Planner{Limits: audience.Limits{Rows: 1}}, "a.jsonl", "{}\n{}\n", "the audience cannot be used: it has more than 1 rows; "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.planner.Defaults.Workspace = "W1"
			_, err := run(t, tt.planner, definition(t, tt.file, toPhone), tt.rows)
			if _, ok := errors.AsType[*plan.AudienceError](err); !ok || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAMessageThatIsWrongInEachRowIsTheCampaigns(t *testing.T) {
	t.Parallel()
	_, err := run(t, plan.Planner{}, plan.Definition{ID: "a", Message: json.RawMessage(`{"textMessage":"{{a}}"}`)}, "{}")
	if got := problems(t, err); got[0] != `/message/channel: is required; there is whatsapp (text, media, template), messenger (text, media, template), instagram (text, template), telegram (template)` {
		t.Errorf("got %q", got)
	}
	_, err = run(t, plan.Planner{}, plan.Definition{ID: "a.b", Message: json.RawMessage(toPhone)}, "{}")
	if got := problems(t, err); got[0] != "/id: is not a campaign's id: 1 to 64 of A-Z a-z 0-9 _ -" {
		t.Errorf("got %q", got)
	}
}

func TestAMissingWorkspaceIsTheCampaigns(t *testing.T) {
	t.Parallel()
	_, err := run(t, plan.Planner{}, definition(t, "a.csv", toPhone), "phone\n+15551234567\n")
	want := "the audience cannot be used: "
	if e, ok := errors.AsType[*plan.AudienceError](err); !ok || !strings.HasPrefix(err.Error(), want) || !strings.Contains(e.Reason, "workspace") {
		t.Errorf("err = %v, want %q and the workspace", err, want)
	}
	_, err = run(t, plan.Planner{Defaults: message.Defaults{Workspace: "\xff"}}, definition(t, "a.csv", toPhone), "phone\n+15551234567\n")
	if e, ok := errors.AsType[*plan.AudienceError](err); !ok || !strings.Contains(e.Reason, "not valid UTF-8") {
		t.Errorf("err = %v, want that the workspace is no text", err)
	}
	const theStacks = `W"{{9}}` // which no placeholder is looked for in
	got, err := run(t, plan.Planner{Defaults: message.Defaults{Workspace: theStacks}}, definition(t, "a.csv", toPhone), "phone\n+15551234567\n")
	if err != nil || got.messages[0].Workspace.ID != theStacks || got.messages[0].Priority != message.Bulk {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Whatever a workspace is called, one that the message has is not added to it.
func TestAWorkspaceOfTheMessageIsKept(t *testing.T) {
	t.Parallel()
	for _, own := range []string{"W1", "the stack's"} {
		m := strings.Replace(toPhone, "{", `{"workspace":{"id":"`+own+`"},"priority":"normal",`, 1)
		got, err := run(t, plan.Planner{Defaults: message.Defaults{Workspace: "W9"}}, definition(t, "a.csv", m), "phone\n+15551234567\n")
		if err != nil || got.Good != 1 || got.messages[0].Workspace.ID != own || got.messages[0].Priority != message.Normal {
			t.Errorf("%s: got %+v, %v", own, got, err)
		}
	}
}

// A line separator has three bytes in an audience, and six where its message is encoded anew.
func TestAMessageThatIsTooLongOnceItIsEncodedIsARowsProblem(t *testing.T) {
	t.Parallel()
	step := `{"channel":"whatsapp","type":"text","textMessage":"{{a}}"}`
	m := strings.Replace(toPhone, "{", `{"workspace":{"id":"W"},"fallback":[`+strings.Repeat(step+",", 4)+step+`],`, 1)
	long := func(of string) string { return "x" + strings.Repeat(of, 4000) }
	got, err := run(t, plan.Planner{}, definition(t, "a.csv", m), "phone,a\n+15551234567,"+long("\u2028")+"\n+15551234568,"+long("\u2030")+"\n")
	if err != nil || got.Good != 1 || got.Bad != 1 || got.problems[0].Line != 2 || !strings.Contains(got.problems[0].Reason, "bytes; the limit is 65536") {
		t.Fatalf("got %+v, %v", got.Summary, err)
	}
	if _, err := got.messages[0].Encode(); err != nil {
		t.Errorf("planned, and cannot be sent: %v", err)
	}
}

func TestARowCannotMakeAMessageGrowWithoutEnd(t *testing.T) {
	t.Parallel()
	m := strings.Replace(toPhone, "{", `{"workspace":{"id":"W"},"passthrough":{"x":"`+strings.Repeat("{{a}}", 10_000)+`"},`, 1)
	got, err := run(t, plan.Planner{}, definition(t, "a.csv", m), "phone,a\n+15551234567,"+strings.Repeat("x", 60_000)+"\n+15551234568,y\n")
	if err != nil || got.Good != 1 || got.Bad != 1 || got.problems[0].Reason != "makes a message of more than 65536 bytes, which is the limit" {
		t.Errorf("got %+v, %v", got.Summary, err)
	}
}

func TestOnlyTheFirstHundredProblemsAreShown(t *testing.T) {
	t.Parallel()
	got, err := run(t, plan.Planner{}, definition(t, "a.csv", text), "phone,name,city,order\n"+strings.Repeat("+1\n", 250))
	if err != nil || got.Bad != 250 || len(got.First) != 100 || got.First[99].Line != 101 {
		t.Errorf("got %+v, %v", got.Summary, err)
	}
}

func TestWhatCannotBeWrittenOrReadIsAnError(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.csv", text)
	full := errors.New("the disk is full")
	rows := func() io.Reader {
		return strings.NewReader("phone,name,city,order\n" + strings.Repeat("+15551234567,Ann,Rome,1\n", 5000))
	}
	for name, tt := range map[string]struct{ plan, problems io.Writer }{
		"the plan":     {broken{full}, io.Discard},
		"the problems": {io.Discard, broken{full}},
	} {
		if _, err := (plan.Planner{}).Plan(t.Context(), d, rows(), tt.plan, tt.problems); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "write "+name+" of campaign spring: ") {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (plan.Planner{}).Plan(ctx, d, rows(), io.Discard, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want %v", err, context.Canceled)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func FuzzPlan(f *testing.F) {
	for _, seed := range []string{
		"phone,name,city,order\n+15551234567,Ann,Rome,1\n+15551234567,Bob,Rome,2\n", "order;city;name;phone\r\n1;\"a;\"\"b\";\"x\ny\";+15551234567\r\n",
		`{"phone":"+15551234567","name":"{{phone}}","city":"\"","order":1e3}` + "\n[]\n{", "phone,name,city,order\n\"+15551234567,a,b,c", "\xff\xfea\x00",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, file string, csv bool) {
		name := "a.jsonl"
		if csv {
			name = "a.csv"
		}
		if _, err := run(t, plan.Planner{Limits: audience.Limits{Bytes: 1 << 20}}, definition(t, name, text), file); err != nil {
			if _, ok := errors.AsType[*plan.AudienceError](err); !ok {
				t.Errorf("err = %v, want an *AudienceError", err)
			}
		}
	})
}

func ExamplePlanner_Plan() {
	d, err := plan.Decode([]byte(`{
		"id": "spring",
		"audience": {"file": "spring.csv"},
		"message": {
			"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"},
			"recipient": {"phoneNumber": "{{phone}}"}, "textMessage": "Hello {{name}}!"
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var messages, problems strings.Builder
	audience := strings.NewReader("phone,name\n+15551234567,Ann\n+15551234568,\n")
	summary, err := plan.Planner{}.Plan(context.Background(), d, audience, &messages, &problems)
	fmt.Println(summary.Good, summary.Bad, summary.Duplicates, err)
	fmt.Print(messages.String(), problems.String())
	// Output:
	// 1 1 0 <nil>
	// {"id":"c.spring.pb44udv5agsznakdjp2sjqmlwo","channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"},"textMessage":"Hello Ann!","priority":"bulk"}
	// {"line":3,"reason":"has no value for {{name}}","pointer":"/textMessage"}
}
