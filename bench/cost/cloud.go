package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"dmlysender/bench/standin"
)

const (
	// sqsChunk is what one request of SQS may carry; more counts as several: https://aws.amazon.com/sqs/pricing/
	sqsChunk = 64 << 10
	// maxBody is more than any call made here has.
	maxBody = 16 << 20
	// perItem is what DynamoDB adds to each item that it stores.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
	perItem = 100
)

// cloud stands in for AWS, and counts what is called by what it costs. What the stand-in of the other measurements knows is asked there;
// what a campaign and the api need besides is here. A call that is not known, or whose price is not, makes the whole count an error. It
// is an http.Handler, safe for concurrent use.
type cloud struct {
	items  *standin.AWS
	queues queues
	files  bucket

	mu    sync.Mutex
	table table
	used  usage
	calls map[string]int
	wrong []error
}

func newCloud(secret string) *cloud {
	return &cloud{items: standin.New(standin.Options{Secret: secret}), table: table{}, calls: map[string]int{}}
}

// now is what was called until now: what it costs, with what the table holds, and how often by the name of the call.
func (a *cloud) now() (usage, map[string]int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	used := a.used
	for _, i := range a.table {
		used.keptBytes += float64(i.size + perItem)
	}
	return used, maps.Clone(a.calls), errors.Join(a.wrong...)
}

// ServeHTTP answers a call, and counts it.
func (a *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // The client is gone, or not one of ours.
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	service, operation := serviceOf(r), operationOf(r)
	status, answered, err := a.answer(w, r, service, operation, body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		err = a.count(service, operation, body, status, answered)
	}
	if err != nil {
		a.wrong = append(a.wrong, fmt.Errorf("count %s of %s: %w", operation, service, err))
	}
}

// credential is where a signature says whom it is for.
var credential = regexp.MustCompile(`Credential=[^/]+/[0-9]+/[^/]+/([a-z0-9-]+)/aws4_request`)

func serviceOf(r *http.Request) string {
	if found := credential.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		return found[1]
	}
	return ""
}

// operationOf is the operation that is called, or the method where the protocol has no name for it.
func operationOf(r *http.Request) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation
	}
	return r.Method
}

// count needs the lock.
func (a *cloud) count(service, operation string, body []byte, status int, answered []byte) error {
	a.calls[service+" "+operation]++
	switch service {
	case "dynamodb":
		return a.countTable(operation, body, status, answered)
	case "sqs":
		a.used.sqsRequests += max(1, math.Ceil(float64(len(body))/sqsChunk))
	case "s3":
		if operation == http.MethodGet {
			a.used.s3Gets++
		} else {
			a.used.s3Puts++
		}
	case "secretsmanager":
		a.used.secretReads++
	} // What is left is Scheduler: a schedule costs when it fires.
	return nil
}

func (a *cloud) countTable(operation string, body []byte, status int, answered []byte) error {
	var q dynamo
	if err := json.Unmarshal(body, &q); err != nil {
		return fmt.Errorf("read the call: %w", err)
	}
	var got dynamoAnswer
	if err := json.Unmarshal(answered, &got); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	ok := status == http.StatusOK
	if !ok && !strings.HasSuffix(got.Type, "ConditionalCheckFailedException") {
		return fmt.Errorf("it was answered %d %s", status, got.Type)
	}
	writes, reads, err := a.table.count(operation, q, got, ok)
	if err != nil {
		return err
	}
	a.used.writeUnits += writes
	a.used.readUnits += reads
	if !ok {
		a.calls["dynamodb "+operation+", lost"]++
	}
	return nil
}
