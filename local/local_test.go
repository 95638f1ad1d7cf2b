package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/queue"
	"dmlysender/shared/queue/sqs"
)

// start runs the command on free ports and returns what it printed.
func start(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"-once", "-campaigns", t.TempDir(), "-events", "../events", "-api", "127.0.0.1:0", "-dmly", "127.0.0.1:0"}, args...)
	err = run(t.Context(), args, func(name string) string { return env[name] }, &out, &errs)
	return out.String(), errs.String(), err
}

func TestOnceShowsEveryOperationArrived(t *testing.T) {
	t.Parallel()
	stdout, stderr, err := start(t, nil)
	if err != nil || stderr != "" {
		t.Fatalf("%v\n%s", err, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if got := strings.Fields(lines[0]); strings.Join(got, " ") != "TRIGGER CHANNEL TYPE STATE DMLY ID" {
		t.Errorf("headings %q", got)
	}
	seen := map[string]bool{}
	triggers := map[string]bool{}
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		if len(f) != 5 || f[3] != "sent" || !strings.HasPrefix(f[4], "sim-") {
			t.Errorf("row %q", line)
			continue
		}
		triggers[f[0]] = true
		seen[f[1]+"/send"+f[2]] = true
	}
	for _, op := range dmly.Operations() {
		if !seen[string(op)] {
			t.Errorf("%s is missing", op)
		}
	}
	if len(triggers) != 3 {
		t.Errorf("triggers %v", triggers)
	}
}

func TestMistakesGetOneClearSentence(t *testing.T) {
	t.Parallel()
	busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	refusing, base := dmlytest.Start(t, dmlytest.Options{Key: "the-right-one"})
	events := func(file, text string) []string {
		dir := t.TempDir()
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"-events", dir}
	}
	tests := map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"port in use":          {nil, []string{"-api", busy.Addr().String()}, `is in use by another program: end that one, or choose another address, as in make run ARGS="-api 127.0.0.1:9090"`},
		"simulator's port":     {nil, []string{"-dmly", busy.Addr().String()}, `ARGS="-dmly 127.0.0.1:9090"`},
		"no events":            {nil, []string{"-events", "nowhere"}, "there is no folder nowhere with samples"},
		"empty events":         {nil, []string{"-events", "relay"}, "relay has no samples"},
		"event is not JSON":    {nil, events("worker/a.json", "{"), "a.json cannot be played: unexpected end of JSON input"},
		"event has no records": {nil, events("worker/a.json", "{}"), `it has no "Records"; an SQS event is expected`},
		"event is not HTTP":    {nil, events("api/a.json", "{}"), `it has no "rawPath"`},
		"message is refused":   {nil, events("worker/a.json", `{"Records":[{"messageId":"1","body":"{\"channel\":\"fax\",\"type\":\"text\"}"}]}`), `1 of 1 messages did not arrive. The first, 1 of`},
		"no occurrence":        {nil, events("schedule/a.json", `{"messages":[]}`), "the event has no occurrence"},
		"caller's key":         {nil, events("api/a.json", `{"rawPath":"/v1/messages","requestContext":{"http":{"method":"POST"}},"body":"{}"}`), "the API answered 401"},
		"bad variable":         {map[string]string{"DMLY_RATE_PER_MINUTE": "many"}, nil, `DMLY_RATE_PER_MINUTE is "many": set it to a number`},
		"wrong key":            {map[string]string{"DMLY_API_KEY": "the-wrong-one", "DMLY_BASE_URL": base}, nil, "DMLY refused the API key (HTTP 401): check DMLY_API_KEY"},
		"key with a space":     {map[string]string{"DMLY_API_KEY": "the-wrong-one 2"}, nil, "DMLY_API_KEY: the DMLY API key has a space"},
		"base URL":             {map[string]string{"DMLY_API_KEY": "k", "DMLY_BASE_URL": "http://api.dmly.io"}, nil, "DMLY_BASE_URL: "},
		"no messages":          {nil, events("schedule/a.json", `{"occurrence":"2026-12-01T08:00:00Z","mesages":[]}`), "it has no messages"},
		"one id twice":         {nil, events("worker/a.json", `{"Records":[{"messageId":"1","body":"{}"},{"messageId":"1","body":"{}"}]}`), "both have a message with the id 1"},
		"stray argument":       {nil, []string{"once"}, `"once" is not understood`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := start(t, tc.env, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("err = %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "the-wrong-one") {
				t.Errorf("the key is in %q", err)
			}
		})
	}
	if n := len(refusing.Messages()); n != 0 {
		t.Errorf("%d messages were taken with a wrong key", n)
	}
}

func TestAMessageIsSentAtItsTime(t *testing.T) {
	t.Parallel()
	dir, due := t.TempDir(), time.Now().Add(time.Second)
	body := `{"channel":"telegram","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"textMessage":"Hello","sendAt":"` + due.Format(time.RFC3339Nano) + `"}`
	event, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: body}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "worker"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "worker", "later.json"), event, 0o600); err != nil {
		t.Fatal(err)
	}
	// It is waited for less long than its record would be hidden.
	_, _, err = start(t, nil, "-events", dir)
	if err == nil || !strings.HasPrefix(err.Error(), "all messages arrived, but") || time.Now().Before(due) {
		t.Errorf("%v, %v before its time", err, time.Until(due))
	}
}

func TestWhatIsScheduledIsSentAtItsMoment(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), options{files: t.TempDir(), apiAddr: "127.0.0.1:0", dmlyAddr: "127.0.0.1:0"}, func(string) string { return "" }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	body := `{"id":"order-1","channel":"telegram","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"textMessage":"Hello"}`
	due := time.Now().Add(200 * time.Millisecond)
	if err := s.scheduler.Schedule(t.Context(), delivery.BulkLane, delivery.Record{ID: "order-1", Body: []byte(body)}, due); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		item, _, err := s.ledger.Get(ctx, "order-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if item.State == delivery.Sent {
			break
		}
		if err := (delivery.SystemClock{}).Sleep(ctx, 10*time.Millisecond); err != nil {
			t.Fatalf("it stands as %+v", item)
		}
	}
	if early := time.Until(due); early > 0 {
		t.Errorf("it was sent %v before its moment", early)
	}
}

func TestARecordReachesTheWorkerAsItIs(t *testing.T) {
	t.Parallel()
	want := delivery.Record{Body: []byte("{}"), ID: "order-1", Group: "W1", Recheck: true, Generation: 2}
	m := sqsMessage("send", queue.Received{Record: want, MessageID: "m-1", Receipt: "m-1#3", Receives: 3, SentAt: time.UnixMilli(1796112000123)})
	got := sqs.Received(m.Body, func(name string) string {
		if value := m.MessageAttributes[name].StringValue; value != nil {
			return *value
		}
		return ""
	})
	got.Group = m.Attributes["MessageGroupId"]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if m.MessageId != "m-1" || m.ReceiptHandle != "m-1#3" || !strings.HasSuffix(m.EventSourceARN, ":send") ||
		m.Attributes["ApproximateReceiveCount"] != "3" || m.Attributes["SentTimestamp"] != "1796112000123" {
		t.Errorf("got %+v", m)
	}
}

func TestARealKeySendsToTheRealAddress(t *testing.T) {
	t.Parallel()
	sim, base := dmlytest.Start(t, dmlytest.Options{Key: "real"})
	stdout, _, err := start(t, map[string]string{"DMLY_API_KEY": "real", "DMLY_BASE_URL": base, "DMLY_RATE_PER_MINUTE": "6000"})
	if err != nil {
		t.Fatal(err)
	}
	if rows, got := strings.Count(stdout, "\n")-2, len(sim.Messages()); rows != got || got < 9 {
		t.Errorf("%d rows, %d messages", rows, got)
	}
}

// output is a buffer that tells when a text has appeared in it.
type output struct {
	io.Writer
	found chan string
	all   []byte
	want  string
}

func (o *output) Write(p []byte) (int, error) {
	o.all = append(o.all, p...)
	if o.found != nil && bytes.Contains(o.all, []byte(o.want)) {
		o.found <- string(o.all)
		o.found = nil
	}
	return len(p), nil
}

// A file that is copied to where the README says must not become that folder itself.
func TestTheFolderOfAudiencesIsThere(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "campaigns")
	if _, stderr, err := start(t, nil, "-campaigns", folder); err != nil {
		t.Fatal(err, stderr)
	}
	if info, err := os.Stat(filepath.Join(folder, "audiences")); err != nil || !info.IsDir() {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestCallersKeysCanBeTriedOut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	found, ended := make(chan string, 1), make(chan error, 1)
	env := map[string]string{"INBOUND_KEYS": `{"shop": {"key": "k1", "scopes": ["send"]}, "ops": {"key": "k2", "scopes": ["read"]}}`}
	go func() {
		ended <- run(ctx, []string{"-campaigns", t.TempDir(), "-events", "../events", "-api", "127.0.0.1:0", "-dmly", "127.0.0.1:0"}, func(name string) string { return env[name] },
			&output{found: found, want: "Ctrl-C ends."}, io.Discard)
	}()
	var printed string
	select {
	case printed = <-found:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	api := between(t, printed, "The HTTP API is at ", " ")
	for key, want := range map[string]int{"k1": http.StatusForbidden, "k2": http.StatusNotFound, localKey: http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/v1/messages/order-1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("x-api-key", key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got HTTP %d, want %d", key, resp.StatusCode, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// The reference's three curl examples, with only host and key changed.
func TestServingAnswersTheReferencesCallers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	found := make(chan string, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-campaigns", t.TempDir(), "-events", "../events", "-api", "127.0.0.1:0", "-dmly", "127.0.0.1:0"}, func(string) string { return "" },
			&output{found: found, want: "Ctrl-C ends."}, io.Discard)
	}()
	var printed string
	select {
	case printed = <-found:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	api, sim := between(t, printed, "The HTTP API is at ", " "), between(t, printed, "What DMLY received: curl ", "/_sim")
	before := len(received(t, sim))
	for body, channel := range map[string]string{
		`{"contact": { "id": "CONTACT_ID" }, "workspace": { "id": "WORKSPACE_ID" }, "textMessage": "Hi! This is DMLY. How can I help you today?"}`:                     "whatsapp",
		`{"recipient": { "phoneNumber": "+15551234567" }, "workspace": { "id": "WORKSPACE_ID" }, "textMessage": "Hello! Your appointment is confirmed for tomorrow."}`: "whatsapp",
		`{"contact": { "id": "CONTACT_ID" }, "workspace": { "id": "WORKSPACE_ID" }, "textMessage": "Thanks for reaching out — how can we assist?"}`:                    "messenger",
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/api/v1/messages/"+channel+"/sendtext", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("x-api-key", localKey)
		var answer map[string]string
		do(t, r, &answer)
		if len(answer) != 3 || answer["id"] == "" || answer["status"] != "sent" || answer["error"] != "" {
			t.Errorf("answer %v", answer)
		}
	}
	if got := len(received(t, sim)) - before; got != 3 {
		t.Errorf("the simulator received %d, want 3", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	_, s, ok := strings.Cut(s, before)
	if !ok {
		t.Fatalf("%q is not in the output", before)
	}
	s, _, _ = strings.Cut(s, after)
	return s
}

func received(t *testing.T, sim string) []map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sim+"/_sim/messages", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	do(t, r, &all)
	return all
}

func do(t *testing.T, r *http.Request, into any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s %s: HTTP %d: %v", r.Method, r.URL, resp.StatusCode, err)
	}
}
