package dmlytest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/dmlytest"
)

func TestOwnPathsShowAndForgetMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	if got := r.own(http.MethodGet, "messages", ""); got.code != http.StatusOK || got.text != "[]\n" {
		t.Errorf("no messages: got %d %q, want an empty array", got.code, got.text)
	}
	r.sim.Inject(dmlytest.Fault{Status: 500, Accept: new(true)})
	r.post(sendText, bodies[sendText])
	r.post("messenger/sendtext", `{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"x","scheduleDateTime":"2026-02-18 10:30"}`)
	r.clock.advance(time.Second)

	key := dmlytest.KeyLabel(dmlytest.DefaultKey)
	want := `[{"id":"sim-000001","operation":"whatsapp/sendtext","path":"/api/v1/messages/whatsapp/sendtext","body":` + bodies[sendText] +
		`,"key":"` + key + `","time":"2026-02-18T10:00:00Z","status":"sent","fault":{"times":1,"status":500,"accept":true}},` +
		`{"id":"sim-000002","operation":"messenger/sendtext","path":"/api/v1/messages/messenger/sendtext",` +
		`"body":{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"x","scheduleDateTime":"2026-02-18 10:30"},` +
		`"key":"` + key + `","time":"2026-02-18T10:00:00Z","dueAt":"2026-02-18T10:30:00Z","status":"scheduled"}]` + "\n"
	if got := r.own(http.MethodGet, "messages", ""); got.text != want {
		t.Errorf("messages:\n got %s\nwant %s", got.text, want)
	}
	if got := r.own(http.MethodDelete, "messages", ""); got.code != http.StatusNoContent {
		t.Errorf("delete: got %d, want 204", got.code)
	}
	r.wantAccepted(0)
	if got := len(r.sim.Fired()); got != 1 {
		t.Errorf("faults after the messages were forgotten: got %d, want 1", got)
	}
}

func TestOwnPathsShowBodiesAsTheyCame(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	body := strings.TrimSuffix(bodies[sendText], "}") + `,"further":["<b>&amp;</b>","\u003c","` + "\u2028" + `",1e9999,1.50]}`
	if got := r.post(sendText, body); got.code != http.StatusOK {
		t.Fatalf("got %d %s", got.code, got.text)
	}
	if got := r.own(http.MethodGet, "messages", ""); !strings.Contains(got.text, `"body":`+body+`,`) {
		t.Errorf("messages: got %s, want the body %s in it", got.text, body)
	}
}

func TestOwnPathsPlanFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	one := r.own(http.MethodPost, "faults", `{"operation":"whatsapp/sendtext","status":503,"retryAfter":"2"}`)
	if want := `[{"fault":{"operation":"whatsapp/sendtext","times":1,"status":503,"retryAfter":"2"},"fired":0}]` + "\n"; one.code != http.StatusOK || one.text != want {
		t.Errorf("one fault: got %d %s, want %s", one.code, one.text, want)
	}
	more := r.own(http.MethodPost, "faults", ` [{"cut":"after","match":"hello"},{"latency":"1ms","error":"slow","times":-1}]`)
	if more.code != http.StatusOK {
		t.Errorf("an array of faults: got %d %s", more.code, more.text)
	}

	if got := r.post(sendText, bodies[sendText]); got.code != 503 || got.header.Get("Retry-After") != "2" {
		t.Errorf("first: got %d %s, want 503", got.code, got.text)
	}
	if got, err := r.try(t.Context(), sendText, bodies[sendText]); err == nil {
		t.Errorf("second: got %d %s, want no answer", got.code, got.text)
	}
	for range 3 {
		if got := r.post(sendText, bodies[sendText]); got.code != 200 || got.Error != "slow" {
			t.Errorf("later: got %d %s, want 200 with the error", got.code, got.text)
		}
	}

	var planned []dmlytest.PlannedFault
	if err := json.Unmarshal([]byte(r.own(http.MethodGet, "faults", "").text), &planned); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 1, 3} {
		if got := planned[i].Fired; got != want {
			t.Errorf("fault %d fired: got %d, want %d", i, got, want)
		}
	}
	if got := r.own(http.MethodDelete, "faults", ""); got.code != http.StatusNoContent {
		t.Errorf("delete: got %d, want 204", got.code)
	}
	if got := r.own(http.MethodGet, "faults", ""); got.text != "[]\n" {
		t.Errorf("after delete: got %s, want an empty array", got.text)
	}
	if got := r.post(sendText, bodies[sendText]); got.Error != "" {
		t.Errorf("after delete: got %d %s", got.code, got.text)
	}
}

func TestOwnPathsRefuseFaultsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	for body, want := range map[string]string{
		``:                              "decode JSON",
		`{"status":500`:                 "decode JSON",
		`{"status":500} {"status":500}`: "something follows",
		`{"status":"500"}`:              "cannot unmarshal string",
		`{"stauts":500}`:                `unknown field "stauts"`,
		`null`:                          "no effect",
		`{}`:                            "no effect",
		`{"times":3}`:                   "no effect",
		`{"operation":"telegram/sendtext","status":500}`: "is none of instagram/sendtemplate",
		`{"status":500,"times":-2}`:                      "times is -2",
		`{"status":99}`:                                  "status is 99",
		`{"status":600}`:                                 "status is 600",
		`{"retryAfter":"2"}`:                             "retryAfter needs a status",
		`{"status":200,"retryAfter":"2"}`:                "retryAfter needs a status",
		`{"status":500,"redirect":"/x"}`:                 "redirect needs a status of 3xx",
		`{"unreadable":true,"error":"x"}`:                "unreadable answer has neither",
		`{"cut":"sometimes"}`:                            `cut is "sometimes"`,
		`{"cut":"after","status":500}`:                   "cut goes with latency and accept only",
		`{"cut":"before","accept":true}`:                 "accepts nothing",
		`{"latency":"1"}`:                                `latency "1" is not`,
		`{"latency":"-1s"}`:                              `latency "-1s" is not`,
		`{"latency":"1s","accept":false}`:                "accept false needs an effect",
		`{"status":201,"accept":false}`:                  "accept false needs an effect",
		`{"messageStatus":"failed"}`:                     "messageStatus needs accept",
		`[{"status":500},{"status":500,"cut":"after"}]`:  "fault 2: cut goes with",
		`[{"status":500},5]`:                             "cannot unmarshal number",
		`{"error":"` + strings.Repeat("x", 1<<20) + `"}`: "read faults: http: request body too large",
	} {
		got := r.own(http.MethodPost, "faults", body)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(got.text), &answer); err != nil || got.code != http.StatusBadRequest || !strings.Contains(answer.Error, want) {
			t.Errorf("%.60s: got %d %s, want 400 with %q", body, got.code, got.text, want)
		}
	}
	if got := len(r.sim.Fired()); got != 0 {
		t.Errorf("planned faults: got %d, want 0", got)
	}
}

func TestOwnPathsSetTheRate(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	for _, step := range []struct {
		method, body string
		code         int
		want         string
	}{
		{http.MethodGet, "", 200, `{"perMinute":0}`},
		{http.MethodPut, `{"perMinute":1}`, 200, `{"perMinute":1}`},
		{http.MethodPut, `{"perMinute":-1}`, 400, `want {\"perMinute\": N}`},
		{http.MethodPut, `{}`, 400, `want {\"perMinute\": N}`},
		{http.MethodPut, `{"rate":1}`, 400, `unknown field`},
		{http.MethodGet, "", 200, `{"perMinute":1}`},
	} {
		if got := r.own(step.method, "rate", step.body); got.code != step.code || !strings.Contains(got.text, step.want) {
			t.Errorf("%s %s: got %d %s, want %d %s", step.method, step.body, got.code, got.text, step.code, step.want)
		}
	}
	r.post(sendText, bodies[sendText])
	if got := r.post(sendText, bodies[sendText]); got.code != http.StatusTooManyRequests || got.header.Get("Retry-After") != "60" {
		t.Errorf("over the rate: got %d, Retry-After %q", got.code, got.header.Get("Retry-After"))
	}
}

func TestOwnPathsAreOnlyTheseMethods(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPost, "messages", http.StatusMethodNotAllowed},
		{http.MethodPut, "faults", http.StatusMethodNotAllowed},
		{http.MethodGet, "nothing", http.StatusNotFound},
	} {
		if got := r.own(test.method, test.path, "").code; got != test.want {
			t.Errorf("%s %s: got %d, want %d", test.method, test.path, got, test.want)
		}
	}
}
