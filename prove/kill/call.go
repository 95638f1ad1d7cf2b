package kill

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Of a hundred messages over HTTP so many are in DMLY's own form, which are sent before the answer, and ask so in the other form.
const dropInShare, waitShare = 60, 10

// answerIn is what a caller grants who says so; what the function's time-out leaves of it is less.
const answerIn = "wait=8"

// call is how a message comes over HTTP.
type call struct {
	// dropIn says that it is in DMLY's own form.
	dropIn bool
	path   string
	header map[string]string
	// body is its content, and other is another content under the same key.
	body, other string
	// base64 says that its body comes encoded, as that of an unknown content type does.
	base64 bool
}

// call makes a message that comes over HTTP: plain, with a fallback or with ifUnknown "resend".
func (l *load) call() *message {
	dropIn := l.random.IntN(100) < dropInShare
	of := plain
	if !dropIn {
		of = []kind{plain, plain, fallback, resend}[l.random.IntN(4)]
	}
	m := l.make(of)
	if l.random.IntN(100) < flawedShare {
		l.flaw(m, l.drawFlaw(of))
	}
	m.call = &call{dropIn: dropIn, base64: l.random.IntN(8) == 0, header: map[string]string{
		"content-type": "application/json", "x-api-key": callerKey, "idempotency-key": m.id,
	}}
	op, body := l.content(m)
	if dropIn {
		m.call.path = []string{"", "/api"}[l.random.IntN(2)] + "/v1/messages/" + m.operation
		m.call.header["idempotency-key"] = `"` + m.id + `"`
		asDMLYTakesIt(body)
	} else {
		m.call.path = "/v1/messages"
		l.vary(m, op.channel, body)
		if l.random.IntN(2) == 0 {
			delete(m.call.header, "idempotency-key") // its id is in the body
		}
	}
	if share := l.random.IntN(100); dropIn && share < 50 || share < waitShare {
		m.call.header["prefer"] = answerIn
	}
	m.call.body = encode(body)
	body["passthrough"] = fields{"ref": m.ref, "note": "other content"}
	if dropIn {
		asDMLYTakesIt(body)
	}
	m.call.other = encode(body)
	return m
}

// asDMLYTakesIt brings a message into DMLY's own form: its further fields stand beside the others, and the path says the rest.
func asDMLYTakesIt(body fields) {
	if further, ok := body["passthrough"].(fields); ok {
		maps.Copy(body, further)
	}
	for _, own := range []string{"passthrough", "channel", "type", "id"} {
		delete(body, own)
	}
}

// event is the call as API Gateway hands it to the function.
func (c *call) event(body string) string {
	now := time.Now().UTC()
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "ANY /{proxy+}", RawPath: c.path, Headers: maps.Clone(c.header), Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "ANY /{proxy+}", AccountID: "000000000000", Stage: "$default", RequestID: "prove", APIID: "prove",
			DomainName: "prove.execute-api." + region + ".amazonaws.com", DomainPrefix: "prove",
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: http.MethodPost, Path: c.path, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", UserAgent: "prove",
			},
		},
	}
	e.Headers["host"] = e.RequestContext.DomainName
	if c.base64 {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
	}
	return encode(e)
}

// answer is what a caller was told.
type answer struct {
	status int
	// state is where the message stands, as far as the answer says; dmlyID is DMLY's id of one that was sent.
	state, dmlyID string
	text          string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.text) }

// final says that nothing is left for the caller to do: the message was sent, taken over or refused.
func (a answer) final() bool {
	switch a.status {
	case http.StatusOK, http.StatusAccepted:
		return true
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return a.state == stateRejected || a.state == stateFailed
	}
	return false
}

// again says that the caller is to repeat the call: the message is being sent, or something did not answer.
func (a answer) again() bool {
	return a.status == http.StatusConflict || a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable
}

// readAnswer reads what the function answered.
func (c *call) readAnswer(response []byte) (answer, error) {
	var r events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(response, &r); err != nil {
		return answer{}, fmt.Errorf("it is no answer for API Gateway: %w", err)
	}
	text := r.Body
	if r.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return answer{}, fmt.Errorf("its body is not base64: %w", err)
		}
		text = string(decoded)
	}
	a := answer{status: r.StatusCode, text: strings.TrimSpace(text)}
	var body struct {
		ID     string `json:"id"`
		DMLYID string `json:"dmlyId"`
		State  string `json:"state"`
		Status any    `json:"status"` // a number in a problem
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return answer{}, fmt.Errorf("its body is not JSON: %w", err)
	}
	if a.state, a.dmlyID = body.State, body.DMLYID; c.dropIn {
		a.state, a.dmlyID = fmt.Sprint(body.Status), body.ID
	}
	if a.status == http.StatusOK {
		a.state = stateSent
	}
	return a, nil
}
