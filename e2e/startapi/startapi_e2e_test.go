//go:build e2e

package startapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/delivery"
)

const (
	// whole is how long everything may take.
	whole = 4 * time.Minute
	// sendTime is how long a queued message may take to be sent: the stand-in starts the worker.
	sendTime = 30 * time.Second
	// recheckTime is how long the records behind what was sent at once may take: they come up to half a minute later.
	recheckTime = time.Minute
)

// The calls share one container, so the tests are made in turn.
//
//nolint:paralleltest,tparallel // see above
func TestE2EStartAPI(t *testing.T) {
	t.Parallel()
	ctx := deployed.Begin(t, whole)
	deployed.NeedDocker(ctx, t)
	s := deployed.New(ctx, t, "startapi")
	a := &api{Stack: s, url: startAPI(ctx, t, s)}
	t.Run("what is sent at once arrives once", a.sendsAtOnce)
	t.Run("what is queued arrives once", a.queues)
	t.Run("who waits is told that it was sent", a.waits)
	t.Run("a message can be read where its Location says", a.isRead)
	t.Run("the description is there for everybody", a.describesItself)
	t.Run("calls without a key send each alone", a.sendsWithoutKey)
	t.Run("a body that is not text is read", a.readsBase64)
	t.Run("what cannot be taken is refused", a.refuses)
	t.Run("DMLY's callers are refused as DMLY does", a.refusesAsDMLY)
	t.Run("what is too large is refused", a.refusesWhatIsTooLarge)
	sent := len(s.Sim.Messages())
	deployed.Eventually(t, recheckTime, "the records behind what was sent at once are taken", func() bool { return s.Queued(ctx, t, s.Output(t, "SendQueueUrl")) == 0 })
	if got := len(s.Sim.Messages()); got != sent {
		t.Errorf("the simulator accepted %d messages by the records behind what was sent at once, want none", got-sent)
	}
}

const whatsappText = `{"recipient": {"phoneNumber": "+15551234567"}, "workspace": {"id": "W1"}, "textMessage": "TEXT"}`

func saying(text string) string { return strings.Replace(whatsappText, "TEXT", text, 1) }

func (a *api) sendsAtOnce(t *testing.T) {
	const path = "/api/v1/messages/whatsapp/sendtext"
	first := a.send(t, path, "at-once-1", saying("At once"))
	n, id := a.received("At once")
	var answer struct{ ID, Status, Error string }
	decode(t, first, &answer)
	if first.status != http.StatusOK || n != 1 || answer.ID != id || answer.Status == "" || answer.Error != "" {
		t.Fatalf("got %d %s, and %d messages at DMLY, want 200, its id and one", first.status, first.body, n)
	}
	if got, want := first.header.Get("Location"), "/v1/messages/at-once-1"; got != want {
		t.Errorf("got Location %q, want %q", got, want)
	}
	if got := a.state(t.Context(), t, "at-once-1"); got != delivery.Sent {
		t.Errorf("the ledger has it as %q, want it as sent", got)
	}
	if again := a.send(t, path, "at-once-1", saying("At once")); again.status != first.status || again.body != first.body {
		t.Errorf("repeated: got %d %s, want %d %s", again.status, again.body, first.status, first.body)
	}
	if quoted := a.send(t, "/v1/messages/whatsapp/sendtext", `"at-once-1"`, saying("At once")); quoted.status != first.status || quoted.body != first.body {
		t.Errorf("repeated with the key in quotes: got %d %s, want %d %s", quoted.status, quoted.body, first.status, first.body)
	}
	if other := a.send(t, path, "at-once-1", saying("In other words")); other.status != http.StatusUnprocessableEntity {
		t.Errorf("other content under the same key: got %d %s, want 422", other.status, other.body)
	}
	if n, _ := a.received("At once"); n != 1 {
		t.Errorf("DMLY accepted it %d times, want once", n)
	}
	if n, _ := a.received("In other words"); n != 0 {
		t.Errorf("DMLY accepted other content under the same key %d times", n)
	}
}

// telegram is a message in the sender's own form.
func telegram(text string) string {
	return `{"channel": "telegram", "type": "template", "workspace": {"id": "W1"}, "contact": {"id": "C-1"}, "textMessage": "` + text + `"}`
}

type receipt struct{ ID, State, DMLYID string }

func (a *api) queues(t *testing.T) {
	var first, again receipt
	answer := a.send(t, "/v1/messages", "queued-1", telegram("By the queue"))
	decode(t, answer, &first)
	if want := (receipt{ID: "queued-1", State: "accepted"}); answer.status != http.StatusAccepted || first != want {
		t.Fatalf("got %d %s, want 202 and %v", answer.status, answer.body, want)
	}
	answer = a.send(t, "/v1/messages", "queued-1", telegram("By the queue"))
	if decode(t, answer, &again); answer.status != http.StatusAccepted || again.ID != first.ID {
		t.Errorf("repeated: got %d %s, want 202 and the same id", answer.status, answer.body)
	}
	deployed.Eventually(t, sendTime, "the worker sends it", func() bool { return a.state(t.Context(), t, "queued-1") == delivery.Sent })
	answer = a.send(t, "/v1/messages", "queued-1", telegram("By the queue"))
	if decode(t, answer, &again); answer.status != http.StatusAccepted || again.ID != first.ID || again.State != "sent" {
		t.Errorf("repeated when it was sent: got %d %s, want 202 and its state", answer.status, answer.body)
	}
	if n, _ := a.received("By the queue"); n != 1 {
		t.Errorf("DMLY accepted it %d times, want once", n)
	}
	answer = a.send(t, "/v1/messages", "queued-1", telegram("By the queue, otherwise"))
	a.isProblem(t, "other content under the same key", answer, http.StatusUnprocessableEntity)
}

func (a *api) readsBase64(t *testing.T) {
	r := request{method: http.MethodPost, path: "/api/v1/messages/whatsapp/sendtext", key: a.Key, contentType: binaryType, prefer: "wait=5", body: saying("Grüße – 你好")}
	answer := a.do(t, r)
	if n, _ := a.received("Grüße – 你好"); answer.status != http.StatusOK || n != 1 {
		t.Errorf("got %d %s, and %d messages at DMLY, want 200 and one", answer.status, answer.body, n)
	}
	// Only in base64 does this reach the function at all.
	r.body = saying("\xff")
	answer = a.do(t, r)
	var said problem
	if decode(t, answer, &said); answer.status != http.StatusBadRequest || said.Error == "" {
		t.Errorf("what is not UTF-8: got %d %s, want 400 and an error in DMLY's form", answer.status, answer.body)
	}
}

func (a *api) refuses(t *testing.T) {
	const path = "/v1/messages"
	message := `{"channel": "whatsapp", "type": "text", ` + saying("Never")[1:]
	before := len(a.Sim.Messages())
	for name, test := range map[string]struct {
		request request
		status  int
	}{
		"no key":             {request{method: http.MethodPost, path: path, body: "{}"}, http.StatusUnauthorized},
		"another's key":      {request{method: http.MethodPost, path: path, key: "wrong", body: "{}"}, http.StatusUnauthorized},
		"no JSON":            {request{method: http.MethodPost, path: path, key: a.Key, body: `{"channel":`}, http.StatusBadRequest},
		"an invalid message": {request{method: http.MethodPost, path: path, key: a.Key, body: `{"channel": "whatsapp", "type": "text"}`}, http.StatusUnprocessableEntity},
		"a key that is none": {request{method: http.MethodPost, path: path, key: a.Key, idempotencyKey: "a b", body: message}, http.StatusUnprocessableEntity},
		"no such path":       {request{method: http.MethodGet, path: "/v2/messages", key: a.Key}, http.StatusNotFound},
		"another method":     {request{method: http.MethodPut, path: path, key: a.Key, body: "{}"}, http.StatusMethodNotAllowed},
	} {
		answer := a.do(t, test.request)
		said := a.isProblem(t, name, answer, test.status)
		if name == "an invalid message" && (len(said.Errors) == 0 || said.Errors[0].Pointer == "" || said.Errors[0].Detail == "") {
			t.Errorf("%s: got %s, want it to point at what is wrong", name, answer.body)
		}
	}
	if got := len(a.Sim.Messages()); got != before {
		t.Errorf("DMLY accepted %d messages, want none", got-before)
	}
}

func (a *api) refusesAsDMLY(t *testing.T) {
	const path = "/api/v1/messages/whatsapp/sendtext"
	before := len(a.Sim.Messages())
	for name, test := range map[string]struct {
		request request
		status  int
	}{
		"no key":            {request{method: http.MethodPost, path: path, body: "{}"}, http.StatusUnauthorized},
		"no JSON":           {request{method: http.MethodPost, path: path, key: a.Key, body: "{"}, http.StatusBadRequest},
		"an invalid body":   {request{method: http.MethodPost, path: path, key: a.Key, body: saying(strings.Repeat("x", 4097))}, http.StatusBadRequest},
		"no such operation": {request{method: http.MethodPost, path: "/api/v1/messages/instagram/sendmedia", key: a.Key, body: "{}"}, http.StatusNotFound},
		"another method":    {request{method: http.MethodGet, path: path, key: a.Key}, http.StatusMethodNotAllowed},
	} {
		answer := a.do(t, test.request)
		var said problem
		decode(t, answer, &said)
		if got := answer.header.Get("Content-Type"); answer.status != test.status || said.Error == "" || !strings.HasPrefix(got, "application/json") {
			t.Errorf("%s: got %d %s %s, want %d and an error in DMLY's form", name, answer.status, got, answer.body, test.status)
		}
	}
	if got := len(a.Sim.Messages()); got != before {
		t.Errorf("DMLY accepted %d messages, want none", got-before)
	}
}

func (a *api) refusesWhatIsTooLarge(t *testing.T) {
	for _, path := range []string{"/v1/messages", "/v1/messages/whatsapp/sendtext"} {
		answer := a.send(t, path, "", saying(strings.Repeat("x", 2<<20)))
		if answer.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d %.200s, want 413", path, answer.status, answer.body)
		}
	}
}

func (a *api) waits(t *testing.T) {
	answer := a.do(t, request{
		method: http.MethodPost, path: "/v1/messages", key: a.Key, idempotencyKey: "waited-1", prefer: "wait=5", body: telegram("While you wait"),
	})
	n, id := a.received("While you wait")
	var said receipt
	if decode(t, answer, &said); answer.status != http.StatusOK || n != 1 || said != (receipt{"waited-1", "sent", id}) {
		t.Errorf("got %d %s, and %d messages at DMLY, want 200, its id and one", answer.status, answer.body, n)
	}
	if got := answer.header.Get("Preference-Applied"); got != "wait=5" {
		t.Errorf("got Preference-Applied %q, want wait=5", got)
	}
}

// What comes before the function decodes the path, so an id that has to be escaped in one is as it was.
func (a *api) isRead(t *testing.T) {
	const id = "order:1042@a+b=c"
	location := a.send(t, "/v1/messages", id, telegram("To be read")).header.Get("Location")
	var said receipt
	answer := a.get(t, location, a.Key)
	if decode(t, answer, &said); answer.status != http.StatusOK || said.ID != id {
		t.Errorf("%s: got %d %s, want 200 and the id", location, answer.status, answer.body)
	}
	a.isProblem(t, "a message that is not there", a.get(t, "/v1/messages/nobody", a.Key), http.StatusNotFound)
	a.isProblem(t, "without a key", a.get(t, location, ""), http.StatusUnauthorized)
}

func (a *api) describesItself(t *testing.T) {
	var document struct {
		OpenAPI string
		Paths   map[string]any
	}
	answer := a.get(t, "/openapi.json", "")
	if decode(t, answer, &document); answer.status != http.StatusOK || !strings.HasPrefix(document.OpenAPI, "3.1.") || document.Paths["/v1/messages"] == nil {
		t.Errorf("got %d %.200s, want 200 and an OpenAPI document", answer.status, answer.body)
	}
}

func (a *api) sendsWithoutKey(t *testing.T) {
	for range 2 {
		if answer := a.send(t, "/v1/messages/whatsapp/sendtext", "", saying("Again and again")); answer.status != http.StatusOK {
			t.Errorf("got %d %s, want 200", answer.status, answer.body)
		}
	}
	if n, _ := a.received("Again and again"); n != 2 {
		t.Errorf("DMLY accepted %d messages, want 2", n)
	}
}
