package secrecy_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
)

// call is a request to the API.
type call struct {
	method, path string
	header       map[string]string
	body         string
	// status is that of the answer; 0 for any.
	status int
	// quotes says that the caller is told what DMLY said, who knows the message.
	quotes bool
}

// call makes the request, and searches the answer.
func (w *world) call(c call) {
	w.t.Helper()
	event := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: c.path, Body: c.body, Headers: map[string]string{"x-api-key": callersKey, "content-type": "application/json"}}
	event.RequestContext.HTTP.Method = c.method
	for name, value := range c.header {
		event.Headers[name] = value
	}
	got := w.invoke(handlertest.JSON(event))
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		w.t.Fatalf("%v: %s", err, got)
	}
	if c.status != 0 && answer.StatusCode != c.status {
		w.t.Errorf("%s %s: got %d, want %d: %s", c.method, c.path, answer.StatusCode, c.status, got)
	}
	keysUnseen(w.t, "the answer", got)
	if !c.quotes {
		unseen(w.t, "the answer", got)
	}
}

// send is a message that is sent as the preference says.
func send(prefer, body string, status int, quotes bool) call {
	return call{http.MethodPost, "/v1/messages", map[string]string{"prefer": prefer}, body, status, quotes}
}

func post(path, body string, status int, quotes bool) call {
	return call{http.MethodPost, path, nil, body, status, quotes}
}

func get(path string, status int, quotes bool) call {
	return call{http.MethodGet, path, nil, "", status, quotes}
}

// with is the call with a header.
func (c call) with(name, value string) call {
	c.header = map[string]string{name: value}
	return c
}

const dropIn = "/api/v1/messages/whatsapp/sendtext"

func TestTheAPITellsNothing(t *testing.T) {
	t.Parallel()
	quoted := map[string]string{"error": told, "id": told, "status": told}
	tomorrow := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	named := func(id string) string { return message(handlertest.Fields{"id": id}).JSON() }
	one, direct, later := message(nil).JSON(), message(handlertest.Fields{"channel": nil, "type": nil}).JSON(), message(handlertest.Fields{"sendAt": tomorrow, "id": "later"}).JSON()
	var accepted, refused, campaigns []call
	for _, content := range contents {
		accepted = append(accepted, send("respond-async", content.JSON(), http.StatusAccepted, false))
	}
	for what, body := range broken {
		status := http.StatusUnprocessableEntity
		switch what {
		case "no JSON", "not an object", "a number", "no UTF-8", "a name twice":
			status = 0 // one or the other
		case "too much":
			status = http.StatusRequestEntityTooLarge
		}
		refused = append(refused, send("wait=5", body, status, false))
	}
	for _, definition := range badCampaigns {
		campaigns = append(campaigns, post("/v1/campaigns", definition.JSON(), 0, false))
	}
	for name, tt := range map[string]struct {
		answers answers
		calls   []call
		want    []string
	}{
		"accepted":      {answers{}, accepted, []string{`"caller":"` + callersName + `"`, `"operation":"`, `"Function":"api"`}},
		"array":         {answers{}, []call{post("/v1/messages", "["+one+","+broken["wrong values"]+","+one+"]", http.StatusMultiStatus, false)}, []string{`"status":207`}},
		"refused":       {answers{}, refused, []string{`"status":422`, `"status":413`}},
		"sent":          {answers{}, []call{send("wait=5", named("a"), http.StatusOK, true), get("/v1/messages/a", http.StatusOK, true)}, []string{`"state":"sent"`, `"Sent":1`, `"Channel":"whatsapp"`}},
		"rejected":      {answers{dmly: say(http.StatusBadRequest, quoted)}, []call{send("wait=5", named("a"), http.StatusUnprocessableEntity, true), get("/v1/messages/a", http.StatusOK, true)}, []string{`"state":"rejected"`, `"Rejected":1`}},
		"unknown":       {answers{dmly: say(http.StatusBadGateway, quoted)}, []call{send("wait=5", one, http.StatusAccepted, true)}, []string{`"state":"unknown"`, `"Unknown":1`}},
		"no HTTP":       {answers{dmly: hijacked}, []call{send("wait=5", one, http.StatusAccepted, true)}, []string{`"state":"unknown"`}},
		"key refused":   {answers{dmly: say(http.StatusUnauthorized, quoted)}, []call{send("wait=1", one, http.StatusAccepted, true)}, []string{"DMLY refused the API key", `"KeyRefused":1`}},
		"in its place":  {answers{}, []call{post(dropIn, direct, http.StatusOK, true)}, []string{`"state":"sent"`}},
		"not in it":     {answers{dmly: say(http.StatusBadRequest, quoted)}, []call{post(dropIn, direct, http.StatusBadRequest, true), post(dropIn, broken["wrong types"], http.StatusBadRequest, true)}, []string{`"state":"rejected"`}},
		"unauthorised":  {answers{}, []call{post(dropIn, direct, 401, false).with("x-api-key", wrongKey), post("/v1/messages", one, 401, false).with("x-api-key", wrongKey), post("/v1/messages", one, 401, false).with("x-api-key", "")}, []string{`"status":401`, `"caller":""`}},
		"headers":       {answers{}, []call{post("/v1/messages", one, 415, false).with("content-type", word), post("/v1/messages", one, 422, false).with("idempotency-key", phone+" "+word), post("/v1/messages", one, 0, false).with("prefer", "wait="+phone+word)}, []string{`"status":415`}},
		"nothing there": {answers{}, []call{get("/v1/messages/x/y/"+word+phone, 404, false), get("/"+word, 404, false), {http.MethodPut, "/v1/messages", nil, one, 405, false}}, []string{`"status":404`, `"status":405`}},
		"later":         {answers{}, []call{send("", later, 202, false), {http.MethodDelete, "/v1/messages/later", nil, "", 200, false}}, []string{`"status":202`}},
		"not later":     {answers{down: []string{"schedules/"}}, []call{send("", later, 503, false), {http.MethodDelete, "/v1/messages/later", nil, "", 200, false}}, []string{"refuses the schedule", "stays scheduled"}},
		"no ledger":     {answers{down: []string{"DynamoDB"}}, []call{send("", one, 503, false), send("wait=1", one, 202, false), get("/v1/messages/a", 503, false), get("/v1/health", 503, false), post("/v1/campaigns", campaign(nil).JSON(), 503, false)}, []string{"ValidationException"}},
		"no queue":      {answers{down: []string{"AmazonSQS"}}, []call{send("", one, 503, false), send("wait=1", one, 503, false), post("/v1/messages", "["+one+"]", 0, false), post(dropIn, direct, 503, false)}, []string{"ValidationException"}},
		"no forecast":   {answers{down: []string{"GetQueueAttributes"}}, []call{send("", one, 202, false)}, []string{"it cannot be said when", "ValidationException"}},
		"entry refused": {answers{}, []call{send("", message(handlertest.Fields{"cancelKey": "refuse-this-entry"}).JSON(), 503, false)}, []string{"InvalidParameterValue"}},
		"no keys":       {answers{down: []string{"secretsmanager"}}, []call{send("", one, 503, false)}, []string{"the callers' keys could not be read"}},
		"bad campaigns": {answers{}, campaigns, []string{`"operation":"startCampaign"`}},
		"no files":      {answers{down: []string{"audiences/"}}, []call{post("/v1/campaigns", campaign(nil).JSON(), 503, false)}, []string{"ValidationException"}},
		"no event":      {answers{}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, "api", tt.answers)
			for _, c := range tt.calls {
				w.call(c)
			}
			if tt.calls == nil {
				unseen(t, "the answer", w.invoke(`{"body": 15557654321}`))
				unseen(t, "the answer", w.invoke(`"`+phone+word+`"`))
			}
			w.want(tt.want...)
		})
	}
}
