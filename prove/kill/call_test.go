package kill

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// calls are so many messages that come over HTTP.
func calls(n int) []*message {
	l := newLoad("call-0", random(3, callerStream))
	for range n {
		l.call()
	}
	return l.messages
}

func TestACallLooksAsAPIGatewayWritesIt(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("../../events/api/drop-in-whatsapp-sendtext.json")
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	if err := json.Unmarshal(sample, &want); err != nil {
		t.Fatal(err)
	}
	for _, m := range calls(300) {
		if m.call.dropIn && !m.call.base64 && m.call.header["prefer"] == "" {
			if err := json.Unmarshal([]byte(m.call.event(m.call.body)), &got); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	// The library also writes what a request does not have.
	for _, name := range []string{"authentication"} {
		delete(got["requestContext"].(map[string]any), name)
	}
	if !reflect.DeepEqual(shape(got), shape(want)) {
		t.Errorf("got %v\nwant %v", shape(got), shape(want))
	}
}

// shape is a value with nothing but its fields.
func shape(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return ""
	}
	for name, field := range object {
		object[name] = shape(field)
	}
	return object
}

func TestCallsAreOfEveryFormAndSaySoToDMLY(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range calls(1000) {
		var body struct {
			ID, Channel string
			Passthrough json.RawMessage
		}
		if err := json.Unmarshal([]byte(m.call.body), &body); err != nil {
			t.Fatal(err)
		}
		sent, key := m.call.body, m.call.header["idempotency-key"]
		if m.call.dropIn {
			if !strings.HasSuffix(m.call.path, "/v1/messages/"+m.operation) || body.Channel != "" || body.ID != "" || key != `"`+m.id+`"` {
				t.Errorf("%v: got key %s and body %s", m, key, m.call.body)
			}
		} else {
			if sent = string(body.Passthrough); m.call.path != "/v1/messages" || body.ID != m.id || key != "" && key != m.id {
				t.Errorf("%v: got key %s and body %s", m, key, m.call.body)
			}
		}
		if refIn([]byte(sent)) != m.ref || !strings.Contains(sent, m.token) || m.call.other == m.call.body {
			t.Errorf("%v: got %s, and as other content %s", m, m.call.body, m.call.other)
		}
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal([]byte(m.call.event(m.call.body)), &e); err != nil {
			t.Fatal(err)
		}
		if decoded, err := base64.StdEncoding.DecodeString(e.Body); e.IsBase64Encoded && (err != nil || string(decoded) != m.call.body) || !e.IsBase64Encoded && e.Body != m.call.body {
			t.Errorf("%v: got %s, %v", m, e.Body, err)
		}
		form := map[bool]string{true: "drop-in", false: "own"}[m.call.dropIn]
		for feature, has := range map[string]bool{
			"flaw": m.flaw != nil, "prefer": m.call.header["prefer"] != "", "base64": e.IsBase64Encoded, "no key": key == "",
			"below /api": strings.HasPrefix(m.call.path, "/api"), "fallback": m.kind == fallback, "resend": m.kind == resend,
		} {
			seen[form+", "+feature] = seen[form+", "+feature] || has
		}
	}
	for name, has := range seen {
		want := name != "drop-in, no key" && name != "own, below /api" && name != "drop-in, fallback" && name != "drop-in, resend"
		if has != want {
			t.Errorf("%s: got %t, want %t", name, has, want)
		}
	}
}

func TestAnswersAreRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		dropIn       bool
		status       int
		body         string
		state        string
		final, again bool
	}{
		"sent, as DMLY says it":     {true, http.StatusOK, `{"id":"sim-1","status":"delivered","error":""}`, stateSent, true, false},
		"sent":                      {false, http.StatusOK, `{"id":"a","state":"sent","dmlyId":"sim-1"}`, stateSent, true, false},
		"accepted":                  {false, http.StatusAccepted, `{"id":"a","state":"accepted"}`, stateAccepted, true, false},
		"left to the queue":         {true, http.StatusAccepted, `{"id":"a","status":"waiting","error":""}`, "waiting", true, false},
		"rejected, as DMLY says it": {true, http.StatusBadRequest, `{"id":"","status":"rejected","error":"no"}`, stateRejected, true, false},
		"rejected":                  {false, http.StatusUnprocessableEntity, `{"type":"/problems#not-sent","status":422,"id":"a","state":"rejected"}`, stateRejected, true, false},
		"being sent":                {true, http.StatusConflict, `{"id":"a","status":"sending","error":"later"}`, stateSending, false, true},
		"not there":                 {false, http.StatusServiceUnavailable, `{"status":503}`, "", false, true},
		"not valid":                 {false, http.StatusUnprocessableEntity, `{"status":422}`, "", false, false},
		"no such path":              {true, http.StatusNotFound, `{"id":"","status":"failed","error":"no"}`, stateFailed, false, false},
	} {
		for _, encoded := range []bool{false, true} {
			r := events.APIGatewayV2HTTPResponse{StatusCode: test.status, Body: test.body, IsBase64Encoded: encoded}
			if encoded {
				r.Body = base64.StdEncoding.EncodeToString([]byte(r.Body))
			}
			a, err := (&call{dropIn: test.dropIn}).readAnswer([]byte(encode(r)))
			if err != nil || a.status != test.status || a.state != test.state || a.final() != test.final || a.again() != test.again || a.text != test.body {
				t.Errorf("%s: got %+v, final %t, again %t, %v", name, a, a.final(), a.again(), err)
			}
			if test.status == http.StatusOK && a.dmlyID != "sim-1" {
				t.Errorf("%s: got DMLY's id %q", name, a.dmlyID)
			}
		}
	}
	for _, wrong := range []string{``, `"fine"`, `{"statusCode":200,"body":"fine"}`, `{"statusCode":200,"body":"{}","isBase64Encoded":true}`} {
		if a, err := (&call{}).readAnswer([]byte(wrong)); err == nil {
			t.Errorf("%s was read as %v", wrong, a)
		}
	}
}
