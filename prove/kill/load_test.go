package kill

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"dmlysender/shared/dmlytest"
)

// drawn are so many messages of a seed.
func drawn(seed uint64, n int) []*message {
	l := newLoad("ref", random(seed, loadStream))
	for range n {
		l.next()
	}
	return l.messages
}

func TestASeedFixesTheMessages(t *testing.T) {
	t.Parallel()
	bodies := func(seed uint64) (all []string) {
		for _, m := range drawn(seed, 300) {
			if m.kind != expired { // it has the time in it
				all = append(all, m.bodies...)
			}
		}
		return all
	}
	if got, want := bodies(7), bodies(7); !reflect.DeepEqual(got, want) {
		t.Error("the same seed made other messages")
	}
	if reflect.DeepEqual(bodies(7), bodies(8)) {
		t.Error("another seed made the same messages")
	}
}

func TestMessagesAreOfEveryKindAndFlaw(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range drawn(1, 3000) {
		seen[string(m.kind)], seen[m.operation] = true, true
		if m.flaw != nil {
			seen[m.flaw.name] = true
			if m.flaw.lies && m.kind == fallback {
				t.Errorf("%v would be sent twice by DMLY's fault", m)
			}
		}
	}
	for _, k := range kinds {
		if !seen[string(k.kind)] {
			t.Errorf("no message is %s", k.kind)
		}
	}
	for _, f := range flaws {
		if !seen[f.name] {
			t.Errorf("no message meets the flaw %s", f.name)
		}
	}
	for _, op := range operations {
		if name := op.channel + "/send" + op.typ; !seen[name] {
			t.Errorf("no message is of %s", name)
		}
	}
}

func TestDMLYKnowsAMessageByItsRefAndItsFlaw(t *testing.T) {
	t.Parallel()
	for _, m := range drawn(2, 500) {
		if m.refused() {
			continue
		}
		for _, body := range m.bodies {
			var sent struct {
				ID          string `json:"id"`
				Passthrough json.RawMessage
				Fallback    []struct{ Passthrough json.RawMessage }
			}
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Fatal(err)
			}
			if sent.ID != m.id {
				t.Errorf("%v: got id %q, want %q", m, sent.ID, m.id)
			}
			if (m.kind == fallback) != (len(sent.Fallback) == 1) {
				t.Errorf("%v: got %d fallbacks", m, len(sent.Fallback))
			}
			steps := []json.RawMessage{sent.Passthrough}
			for _, step := range sent.Fallback {
				steps = append(steps, step.Passthrough)
			}
			for _, step := range steps {
				if refIn(step) != m.ref || !strings.Contains(string(step), m.token) {
					t.Errorf("%v: got passthrough %s", m, step)
				}
			}
		}
	}
}

func TestEveryFlawIsOneThatDMLYCanHave(t *testing.T) {
	t.Parallel()
	for _, f := range flaws {
		if f.lies && !f.rejects || f.rejects && f.ambiguous || f.weight < 1 {
			t.Errorf("%s contradicts itself", f.name)
		}
		sim := dmlytest.New(dmlytest.Options{})
		sim.Inject(f.fault) // panics if it contradicts itself
		if f.fault.Latency != "" {
			continue // it would take its time
		}
		request := httptest.NewRequest(http.MethodPost, dmlytest.BasePath+"/v1/messages/whatsapp/sendtext",
			strings.NewReader(`{"workspace": {"id": "W1"}, "contact": {"id": "C"}, "textMessage": "-"}`))
		request.Header.Set("X-Api-Key", dmlytest.DefaultKey)
		request.Header.Set("Content-Type", "application/json")
		serve(sim, request)
		if accepted := len(sim.Messages()) == 1; accepted && !f.ambiguous && !f.lies {
			t.Errorf("%s: DMLY accepted the message, and its sender cannot know", f.name)
		}
	}
}

// serve lets a fault end the connection, as it does where there is one.
func serve(sim *dmlytest.Server, request *http.Request) {
	defer func() { _ = recover() }()
	sim.ServeHTTP(httptest.NewRecorder(), request)
}
