package httpapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

const sendText = "/v1/messages/whatsapp/sendtext"

func TestAPIStandsInForDMLYOnAllNineOperations(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/api"} {
		for _, op := range dmly.Operations() {
			t.Run(prefix+op.Path(), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				got := r.post(prefix+op.Path(), bodies[op], header("Idempotency-Key", "order-1"))
				r.want(got, 200, plainJSON)
				sent := r.Sim.Messages()
				if len(sent) != 1 || sent[0].Operation != string(op) {
					t.Fatalf("DMLY accepted %+v, want one %s", sent, op)
				}
				handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "`+sent[0].ID+`", "status": "sent", "error": ""}`))
				wantBody(t, sent[0].Body, bodies[op])
				r.WantState("order-1", delivery.Sent)
				if location := got.header.Get("Location"); location != "/v1/messages/order-1" {
					t.Errorf("Location: got %q", location)
				}
				// The recheck knows the message again.
				r.work(time.Minute)
				r.WantSent(1)
				if left := r.normal.Len(); left != 0 {
					t.Errorf("records left on the queue: got %d, want none", left)
				}
				if entries := len(r.Item("order-1").History); entries != 2 {
					t.Errorf("history: got %d transitions, want 2: sending and sent", entries)
				}
			})
		}
	}
}

// wantBody compares the fields one by one, with each value byte for byte but for
// white space.
func wantBody(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w map[string]json.RawMessage
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	for name, value := range w {
		if string(g[name]) != string(value) && name != "elements" { // whose fields have an order of their own
			t.Errorf("%s: got %s, want %s", name, g[name], value)
		}
	}
	handlertest.SameJSON(t, got, []byte(want))
}

func TestAPIAnswersTheReferencesCurlExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/dmlytest/testdata/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("got %q, %v, want the bodies of three examples", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			example, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			op := "whatsapp/sendtext"
			if strings.HasPrefix(filepath.Base(file), "messenger") {
				op = "messenger/sendtext"
			}
			r := newRig(t)
			got := r.post("/api/v1/messages/"+op, string(example))
			r.want(got, 200, plainJSON)
			sent := r.Sim.Messages()
			if len(sent) != 1 || sent[0].Operation != op {
				t.Fatalf("DMLY accepted %+v, want one %s", sent, op)
			}
			handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "`+sent[0].ID+`", "status": "sent", "error": ""}`))
			handlertest.SameJSON(t, sent[0].Body, example)
			r.work(time.Minute)
			r.WantSent(1)
		})
	}
}

func TestAPITakesNullForAFieldThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.post(sendText, `{"contact": null, "recipient": {"phoneNumber": "`+phone+`"}, "workspace": {"id": "W1"}, "textMessage": "hello", "scheduleDateTime": null}`), 200, plainJSON)
	handlertest.SameJSON(t, r.Sim.Messages()[0].Body, []byte(`{"recipient": {"phoneNumber": "`+phone+`"}, "workspace": {"id": "W1"}, "textMessage": "hello"}`))
}

func TestAPIWritesDMLYsScheduleInTheLongForm(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.post(sendText, request(fields{"scheduleDateTime": "2026-02-18 10:30"})), 200, plainJSON)
	handlertest.SameJSON(t, r.Sim.Messages()[0].Body, []byte(request(fields{"scheduleDateTime": "2026-02-18 10:30:00"})))
}

func TestAPIUsesTheStacksWorkspaceForDMLYsCallersToo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Defaults = message.Defaults{Workspace: "W9"}
	r.want(r.post(sendText, request(fields{"workspace": nil})), 200, plainJSON)
	handlertest.SameJSON(t, r.Sim.Messages()[0].Body, []byte(request(fields{"workspace": fields{"id": "W9"}})))
}

func TestAPISendsADropInRequestOncePerIdempotencyKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bare, quoted := header("Idempotency-Key", "order-1"), header("Idempotency-Key", `"order-1"`)
	first, again := r.post(sendText, request(nil), bare), r.post("/api"+sendText, request(nil), quoted)
	if r.want(again, 200, plainJSON); first.body != again.body {
		t.Errorf("repeat: got %s, want %s", again.body, first.body)
	}
	r.WantSent(1)
	other := r.post(sendText, request(fields{"textMessage": "Something else."}), bare)
	r.want(other, 422, plainJSON)
	if !strings.Contains(other.Error, "another message with this id") {
		t.Errorf("error: got %q", other.Error)
	}
	bad := r.post(sendText, request(nil), header("Idempotency-Key", "order-1", "order-2"))
	if r.want(bad, 422, plainJSON); !strings.Contains(bad.Error, "Idempotency-Key") {
		t.Errorf("error: got %q", bad.Error)
	}
	r.WantSent(1)
	r.post(sendText, request(nil))
	r.post(sendText, request(nil)) // without a key each is a message of its own
	r.WantSent(3)
}

func TestAPIRefusesADropInRequestThatDMLYWouldRefuse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body, says string
		code       int
	}{
		"empty":                {"", "is empty", 400},
		"not JSON":             {"hello", "not valid JSON", 400},
		"contact and phone":    {request(fields{"contact": fields{"id": "C"}}), "not both", 400},
		"no text":              {request(fields{"textMessage": nil}), "/textMessage", 400},
		"not a phone number":   {request(fields{"recipient": fields{"phoneNumber": phone + "123456"}}), "E.164", 400},
		"no workspace":         {request(fields{"workspace": nil}), "/workspace", 400},
		"a bad time":           {request(fields{"scheduleDateTime": "tomorrow"}), "/scheduleDateTime", 400},
		"too large":            {request(fields{"filler": strings.Repeat("x", message.MaxBytes)}), "65536", 413},
		"too large for its id": {request(fields{"filler": strings.Repeat("x", message.MaxBytes-len(request(fields{"filler": ""})))}), "65536", 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			got := r.post(sendText, tt.body)
			r.want(got, tt.code, plainJSON)
			if !strings.Contains(got.Error, tt.says) || got.Status != "error" || strings.Contains(got.body, phone) {
				t.Errorf("got status %q and error %q, want error: …%s…, without the whole number", got.Status, got.Error, tt.says)
			}
			r.wantUntouched()
		})
	}
}

// A caller of DMLY may send fields of which the reference says nothing, at every level.
func TestAPIPassesOnFurtherFieldsOfEachObject(t *testing.T) {
	t.Parallel()
	const sent = `{"recipient":{"phoneNumber":"` + phone + `","name":"Ada <\u0041>","tags":[1.50,{"id":null}]},"workspace":{"id":"W1","region":12345678901234567890},"textMessage":"hello","preview":true}`
	const want = `{"recipient":{"phoneNumber":"` + phone + `","name":"Ada <\u0041>","tags":[1.50,{"id":null}]},"workspace":{"id":"W1","region":12345678901234567890},"textMessage":"hello","preview":true}`
	for name, hinder := range map[string]func(*rig, error){"at once": func(*rig, error) {}, "by the recheck": func(r *rig, err error) { r.Ledger.Fail(err) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			hinder(r, errDown)
			if got := r.post(sendText, sent, header("Idempotency-Key", "order-1")); got.code/100 != 2 {
				t.Fatalf("got HTTP %d: %s", got.code, got.body)
			}
			hinder(r, nil)
			r.work(time.Minute)
			all := r.Sim.Messages()
			if len(all) != 1 || string(all[0].Body) != want {
				t.Errorf("DMLY accepted %s, want %s", all[0].Body, want)
			}
			other := strings.Replace(sent, "Ada", "Bob", 1)
			r.want(r.post(sendText, other, header("Idempotency-Key", "order-1")), 422, plainJSON)
		})
	}
}
