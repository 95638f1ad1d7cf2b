// Package standin stands in for the services of AWS that a function calls, so that its binary can be timed on a machine without a cloud.
//
// It is for timing alone: one latency for every call, no throttling, no limits, no capacity, no signatures, nothing kept beyond the
// process. What it says about an item is right as far as it goes, and the suite of package ledgertest holds that; an expression or a
// parameter that it does not know is refused, never passed over. Whether a package works with AWS, the end-to-end tests say.
//
// It answers PutItem, GetItem, UpdateItem and DeleteItem of DynamoDB, GetSecretValue of Secrets Manager, and
// ChangeMessageVisibilityBatch of SQS, all at one endpoint: AWS_ENDPOINT_URL.
package standin

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// maxBody is more than any call made here has.
const maxBody = 1 << 20

// Options configure an AWS.
type Options struct {
	// Latency is how long every answer is held back, on top of what it takes; none if 0. It is good to a millisecond, as timers are.
	Latency time.Duration
	// Secret is the value of every secret.
	Secret string
}

// AWS is the stand-in: an http.Handler, safe for concurrent use. Its items stay in memory for as long as it does.
type AWS struct {
	opts   Options
	tables tables

	mu    sync.Mutex
	calls map[string]int
}

// New returns a stand-in whose tables are all empty. A table is there as soon as it is named; its keys are "pk" and "sk".
func New(opts Options) *AWS {
	return &AWS{opts: opts, calls: map[string]int{}}
}

// Calls returns how often each operation was called, such as "DynamoDB_20120810.PutItem". Those that were refused count.
func (a *AWS) Calls() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.calls)
}

// refusal is an error as AWS answers it.
type refusal struct {
	Type    string     `json:"__type"`
	Message string     `json:"message"`
	Item    attributes `json:"Item,omitempty"`
}

func (r *refusal) Error() string { return r.Type + ": " + r.Message }

// ServeHTTP answers a call in the JSON protocol, whichever version of it was asked in.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	a.mu.Lock()
	a.calls[target]++
	a.mu.Unlock()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone, or not one of ours
	}
	status := http.StatusOK
	answer, err := a.call(target, body)
	if err != nil {
		status, answer = http.StatusBadRequest, err
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		panic(err) // there is nothing in an answer but JSON that was read, and text
	}
	if wait(r.Context(), a.opts.Latency) != nil {
		panic(http.ErrAbortHandler) // nobody is there to be answered
	}
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}

// call carries out an operation. Its errors are refusals.
func (a *AWS) call(target string, body []byte) (any, error) {
	switch target {
	case "DynamoDB_20120810.PutItem":
		return answer(body, a.tables.put)
	case "DynamoDB_20120810.GetItem":
		return answer(body, a.tables.get)
	case "DynamoDB_20120810.UpdateItem":
		return answer(body, a.tables.update)
	case "DynamoDB_20120810.DeleteItem":
		return answer(body, a.tables.delete)
	case "secretsmanager.GetSecretValue":
		return answer(body, a.secret)
	case "AmazonSQS.ChangeMessageVisibilityBatch":
		return answer(body, changeVisibility)
	}
	return nil, &refusal{Type: "UnknownOperationException", Message: "this stand-in does not know " + target}
}

// answer decodes a request strictly: a parameter that would be passed over makes the answer wrong.
func answer[In, Out any](body []byte, operation func(In) (Out, error)) (any, error) {
	var in In
	if err := decodeStrict(body, &in); err != nil {
		return nil, &refusal{Type: "SerializationException", Message: err.Error()}
	}
	return operation(in)
}

type secretRequest struct {
	SecretID     string `json:"SecretId"`
	VersionStage string
}

type secretAnswer struct{ Name, SecretString string }

func (a *AWS) secret(in secretRequest) (secretAnswer, error) {
	return secretAnswer{Name: in.SecretID, SecretString: a.opts.Secret}, nil
}

type visibilityRequest struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []struct {
		visibilityResult
		ReceiptHandle     string
		VisibilityTimeout int
	}
}

type visibilityAnswer struct {
	Successful []visibilityResult
	Failed     []visibilityResult
}

type visibilityResult struct {
	ID string `json:"Id"`
}

// changeVisibility succeeds, and changes nothing: there is no queue behind it.
func changeVisibility(in visibilityRequest) (visibilityAnswer, error) {
	out := visibilityAnswer{Successful: []visibilityResult{}, Failed: []visibilityResult{}}
	for _, entry := range in.Entries {
		out.Successful = append(out.Successful, entry.visibilityResult)
	}
	return out, nil
}

// wait holds an answer back. It ends early when the client goes away.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
