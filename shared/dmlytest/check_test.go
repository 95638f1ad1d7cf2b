package dmlytest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/dmlytest"
)

func TestServerAcceptsEveryOperation(t *testing.T) {
	t.Parallel()
	if got, want := len(bodies), 9; got != want {
		t.Fatalf("operations: got %d, want %d", got, want)
	}
	for operation, body := range bodies {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{})
			got := r.post(operation, body)
			if got.code != http.StatusOK || got.ID == "" || got.Status != dmlytest.StatusSent || got.Error != "" {
				t.Errorf("answer: got %d %s", got.code, got.text)
			}
			for _, name := range []string{`"id":`, `"status":`, `"error":`} {
				if !strings.Contains(got.text, name) {
					t.Errorf("answer %s lacks %s", got.text, name)
				}
			}
			r.wantAccepted(1)
			m := r.sim.Messages()[0]
			if m.Operation != operation || m.Path != "/api/v1/messages/"+operation || string(m.Body) != body ||
				m.ID != got.ID || !m.Time.Equal(r.clock.now()) || m.Fault != nil {
				t.Errorf("recorded: got %+v", m)
			}
		})
	}
}

func TestServerAcceptsTheReferencesExamples(t *testing.T) {
	t.Parallel()
	for file, operation := range map[string]string{
		"whatsapp-sendtext-contact.json":   sendText,
		"whatsapp-sendtext-recipient.json": sendText,
		"messenger-sendtext.json":          "messenger/sendtext",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t, dmlytest.Options{})
			if got := r.post(operation, string(body)); got.code != http.StatusOK {
				t.Errorf("answer: got %d %s", got.code, got.text)
			}
			r.wantAccepted(1)
			if got, want := string(r.sim.Messages()[0].Body), string(body); got != want {
				t.Errorf("recorded body: got %s, want %s", got, want)
			}
		})
	}
}

func TestServerRefusesBodiesAgainstTheReference(t *testing.T) {
	t.Parallel()
	const contact, workspace = `"contact":{"id":"C"}`, `"workspace":{"id":"W"}`
	tests := map[string]struct{ operation, body, want string }{
		"contact and recipient": {sendText, `{` + contact + `,"recipient":{"phoneNumber":"+1555"},` + workspace + `,"textMessage":"x"}`, "either contact or recipient, not both"},
		"both beside WhatsApp":  {"messenger/sendtext", `{` + contact + `,"recipient":{"phoneNumber":"+1555"},` + workspace + `,"textMessage":"x"}`, "either contact or recipient, not both"},
		"neither":               {sendText, `{` + workspace + `,"textMessage":"x"}`, "contact or recipient is missing"},
		"null is missing":       {sendText, `{"contact":null,` + workspace + `,"textMessage":"x"}`, "contact or recipient is missing"},
		"recipient elsewhere":   {"messenger/sendmedia", `{"recipient":{"phoneNumber":"+1555"},` + workspace + `,"mediaUrl":"u","mimeType":"m"}`, "contact.id is missing"},
		"no phone number":       {sendText, `{"recipient":{},` + workspace + `,"textMessage":"x"}`, "recipient.phoneNumber is missing"},
		"phone number a number": {sendText, `{"recipient":{"phoneNumber":1555},` + workspace + `,"textMessage":"x"}`, "recipient.phoneNumber must be a string"},
		"contact a string":      {sendText, `{"contact":"C",` + workspace + `,"textMessage":"x"}`, "contact must be an object"},
		"contact id empty":      {"telegram/sendtemplate", `{"contact":{"id":""},` + workspace + `,"textMessage":"x","buttons":[]}`, "contact.id is empty"},
		"no workspace":          {sendText, `{` + contact + `,"textMessage":"x"}`, "workspace.id is missing"},
		"no workspace id":       {sendText, `{` + contact + `,"workspace":{},"textMessage":"x"}`, "workspace.id is missing"},
		"workspace a string":    {sendText, `{` + contact + `,"workspace":"W","textMessage":"x"}`, "workspace must be an object"},
		"no text":               {sendText, `{` + contact + `,` + workspace + `}`, "textMessage is missing"},
		"text blank":            {"instagram/sendtext", `{` + contact + `,` + workspace + `,"textMessage":" "}`, "textMessage is empty"},
		"text a number":         {sendText, `{` + contact + `,` + workspace + `,"textMessage":5}`, "textMessage must be a string"},
		"text in other case":    {sendText, `{` + contact + `,` + workspace + `,"textmessage":"x"}`, "textMessage is missing"},
		"no media URL":          {"whatsapp/sendmedia", `{` + contact + `,` + workspace + `,"mimeType":"image/jpeg"}`, "mediaUrl is missing"},
		"no MIME type":          {"messenger/sendmedia", `{` + contact + `,` + workspace + `,"mediaUrl":"u"}`, "mimeType is missing"},
		"no template":           {"whatsapp/sendtemplate", `{` + contact + `,` + workspace + `}`, "template is missing"},
		"template an object":    {"whatsapp/sendtemplate", `{` + contact + `,` + workspace + `,"template":{}}`, "template must be a string"},
		"no elements":           {"messenger/sendtemplate", `{` + contact + `,` + workspace + `}`, "elements is missing"},
		"elements empty":        {"instagram/sendtemplate", `{` + contact + `,` + workspace + `,"elements":[]}`, "elements is empty"},
		"elements an object":    {"instagram/sendtemplate", `{` + contact + `,` + workspace + `,"elements":{}}`, "elements must be an array"},
		"element a string":      {"messenger/sendtemplate", `{` + contact + `,` + workspace + `,"elements":["x"]}`, "elements[0] must be an object"},
		"element without title": {"messenger/sendtemplate", `{` + contact + `,` + workspace + `,"elements":[{"title":"x"},{"buttons":[]}]}`, "elements[1].title is missing"},
		"element's buttons":     {"messenger/sendtemplate", `{` + contact + `,` + workspace + `,"elements":[{"title":"x","buttons":["y"]}]}`, "elements[0].buttons[0] must be an object"},
		"no buttons":            {"telegram/sendtemplate", `{` + contact + `,` + workspace + `,"textMessage":"x"}`, "buttons is missing"},
		"buttons a string":      {"telegram/sendtemplate", `{` + contact + `,` + workspace + `,"textMessage":"x","buttons":"y"}`, "buttons must be an array"},
		"buttons without text":  {"telegram/sendtemplate", `{` + contact + `,` + workspace + `,"buttons":[]}`, "textMessage is missing"},
		"all problems at once":  {"whatsapp/sendmedia", `{}`, "workspace.id is missing; contact or recipient is missing; mediaUrl is missing; mimeType is missing"},
		"malformed":             {sendText, `{"contact":`, "one JSON object"},
		"two objects":           {sendText, bodies[sendText] + `{}`, "one JSON object"},
		"an array":              {sendText, `[]`, "one JSON object"},
		"null":                  {sendText, `null`, "one JSON object"},
		"empty":                 {sendText, ``, "one JSON object"},
		"not UTF-8":             {sendText, `{` + contact + `,` + workspace + `,"textMessage":"` + "\xff" + `"}`, "UTF-8"},
		"schedule a number":     {sendText, `{` + contact + `,` + workspace + `,"textMessage":"x","scheduleDateTime":5}`, "scheduleDateTime must be a string"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{})
			got := r.post(test.operation, test.body)
			if got.code != http.StatusBadRequest || got.ID != "" || got.Status != dmlytest.StatusFailed || !strings.Contains(got.Error, test.want) {
				t.Errorf("answer: got %d %s, want 400 with %q", got.code, got.text, test.want)
			}
			r.wantAccepted(0)
		})
	}
}

func TestServerRecordsFieldsTheReferenceDoesNotShow(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	body := ` {"workspace":{"id":"W","x":1},"contact":{"id":"C"},"textMessage":"x","elements":5,"parameters":["é","<"]}` + "\n"
	if got := r.post("messenger/sendtext?trace=1", body); got.code != http.StatusOK {
		t.Fatalf("answer: got %d %s", got.code, got.text)
	}
	m := r.sim.Messages()[0]
	if got, want := string(m.Body), body; got != want {
		t.Errorf("recorded body: got %q, want %q", got, want)
	}
	if got, want := m.Path, "/api/v1/messages/messenger/sendtext?trace=1"; got != want {
		t.Errorf("recorded path: got %q, want %q", got, want)
	}
}

func TestServerHoldsScheduledMessagesUntilDue(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"2026-02-18 10:30", "2026-02-18 10:30:00"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dmlytest.Options{}) // at 10:00 UTC
			got := r.post("whatsapp/sendtemplate", `{"contact":{"id":"C"},"workspace":{"id":"W"},"template":"t","scheduleDateTime":"`+value+`"}`)
			if got.code != http.StatusOK || got.Status != dmlytest.StatusScheduled || got.ID == "" {
				t.Fatalf("answer: got %d %s", got.code, got.text)
			}
			r.clock.advance(30*time.Minute - 1)
			m := r.sim.Messages()[0]
			if want := time.Date(2026, 2, 18, 10, 30, 0, 0, time.UTC); m.Status != dmlytest.StatusScheduled || !m.DueAt.Equal(want) {
				t.Errorf("before it is due: got %s due %s, want scheduled due %s", m.Status, m.DueAt, want)
			}
			r.clock.advance(1)
			if got, want := r.sim.Messages()[0].Status, dmlytest.StatusSent; got != want {
				t.Errorf("when it is due: got %s, want %s", got, want)
			}
		})
	}
}

func TestServerSendsWhatIsScheduledInThePastAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	got := r.post("messenger/sendtext", `{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"x","scheduleDateTime":"2026-02-18 09:59:59"}`)
	if got.code != http.StatusOK || got.Status != dmlytest.StatusSent {
		t.Errorf("answer: got %d %s", got.code, got.text)
	}
}

func TestServerRefusesOtherFormsOfScheduleDateTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	for _, value := range []string{
		"", "2026-02-18", "2026-02-18T10:30:00Z", "2026-02-18 10:30:00Z", "2026-02-18 9:30", "2026-02-18 10:30:00.5",
		"2026-02-30 10:30:00", "2026-02-18 24:00:00", "18.02.2026 10:30", "2026-02-18 10:30 ",
	} {
		got := r.post("messenger/sendtext", `{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"x","scheduleDateTime":"`+value+`"}`)
		if got.code != http.StatusBadRequest || !strings.Contains(got.Error, "YYYY-MM-DD HH:mm:ss") {
			t.Errorf("%q: got %d %s, want 400", value, got.code, got.text)
		}
	}
	r.wantAccepted(0)
}
