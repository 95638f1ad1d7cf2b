//go:build e2e

package stack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"dmlysender/shared/delivery"
)

// answerLimit is how much of an answer is read: as much as Lambda hands over.
const answerLimit = 6 << 20

// status is a message as the api shows it, in receipts, too.
type status struct {
	ID              string
	State           delivery.State
	DMLYID          string
	NextAttemptAt   time.Time
	EstimatedSendAt time.Time
	History         []struct {
		At     time.Time
		State  delivery.State
		Reason string
	}
}

// states are those that the message has been in, in their order.
func (s status) states() (all []delivery.State) {
	for _, transition := range s.History {
		all = append(all, transition.State)
	}
	return all
}

// request makes a call of the api, as its gateway would hand it over, decodes the answer into the value, unless that is nil, and returns the
// answer's headers. It is the function that is called, as the stand-in's gateway does not route the events of SAM's HttpApi as AWS does; package startapi has the way through one.
func (r *rig) request(t *testing.T, method, target, body string, want int, into any) (headers map[string]string) {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "ANY /{proxy+}", RawPath: path, RawQueryString: query, Body: body,
		Headers: map[string]string{"content-type": "application/json", "host": "stack.example", "x-api-key": r.Key},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "stack-e2e", Stage: "$default", DomainName: "stack.example",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: "127.0.0.1"},
		},
	}
	var answer events.APIGatewayV2HTTPResponse
	r.invoke(t, r.apiFunction, event, &answer)
	if answer.StatusCode != want {
		t.Fatalf("%s %s: got %d %s, want %d", method, target, answer.StatusCode, answer.Body, want)
	}
	if into == nil {
		return answer.Headers
	}
	if err := json.Unmarshal([]byte(answer.Body), into); err != nil {
		t.Fatalf("%s %s: %s is not what was expected: %v", method, target, answer.Body, err)
	}
	return answer.Headers
}

// invoke calls a function and waits for its answer.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (r *rig) invoke(t *testing.T, function string, event, into any) {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	at := os.Getenv("AWS_ENDPOINT_URL") + "/2015-03-31/functions/" + url.PathEscape(function) + "/invocations"
	call, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	// The stand-in does not check the signature, but it takes the account and the Region from it.
	credentials, err := r.Config.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(payload)
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, call, hex.EncodeToString(hash[:]), "lambda", r.Config.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(call)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Amz-Function-Error") != "" {
		t.Fatalf("the function %s: %s %s", function, answer.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("the function %s answered %s: %v", function, text, err)
	}
}

// isAccepted sends a message to the api, and returns its receipt.
func (r *rig) isAccepted(t *testing.T, body string) (receipt status) {
	t.Helper()
	r.request(t, http.MethodPost, "/v1/messages", body, http.StatusAccepted, &receipt)
	return receipt
}

// read is where the api says that the message stands.
func (r *rig) read(t *testing.T, id string) (said status) {
	t.Helper()
	r.request(t, http.MethodGet, "/v1/messages/"+id, "", http.StatusOK, &said)
	return said
}

// wasIn checks the way that a message has come, as the api tells it.
func (r *rig) wasIn(t *testing.T, id string, want ...delivery.State) {
	t.Helper()
	said := r.read(t, id)
	if said.ID != id || said.State != want[len(want)-1] || !slices.Equal(said.states(), want) {
		t.Errorf("the api has %s as %s after %v, want %v", id, said.State, said.states(), want)
	}
	if said.State == delivery.Sent && said.DMLYID == "" {
		t.Errorf("the api does not say what DMLY calls %s", id)
	}
}
