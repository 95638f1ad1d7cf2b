package rig

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Record is a record of a queue.
type Record = events.SQSMessage

// NewRecord is a record as SQS brings it: for the first time if it was received once.
func NewRecord(id string, receives int, body string) Record {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	return Record{MessageId: id, ReceiptHandle: "MessageReceiptHandle", Body: body, Attributes: map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(receives), "SentTimestamp": now, "SenderId": Account, "ApproximateFirstReceiveTimestamp": now,
	}}
}

// Batch is the event with which Lambda hands records of a queue to a function. Of each record the body, the ids and the attributes
// are the caller's; what else SQS says of it is added.
func Batch(queueARN string, records []Record) ([]byte, error) {
	event := events.SQSEvent{Records: make([]Record, len(records))}
	for i, r := range records {
		r.EventSource, r.EventSourceARN, r.AWSRegion = "aws:sqs", queueARN, Region
		r.Md5OfBody = "b78b3c8941985e21ed9432a97adb5b37" // Nobody looks at it.
		event.Records[i] = r
	}
	return encode(event)
}

// NotDone are the records of a batch that the function gives back, by their SQS message ids.
func NotDone(answer []byte) (map[string]bool, error) {
	var response events.SQSEventResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, fmt.Errorf("read what the worker answered: %w", err)
	}
	ids := map[string]bool{}
	for _, failure := range response.BatchItemFailures {
		ids[failure.ItemIdentifier] = true
	}
	return ids, nil
}

// Call is the event with which API Gateway hands a request to the api, in payload format 2.0.
func Call(method, path string, headers map[string]string, body string) ([]byte, error) {
	now := time.Now().UTC()
	return encode(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "ANY /{proxy+}", RawPath: path, Headers: headers, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "ANY /{proxy+}", AccountID: Account, Stage: "$default", RequestID: "bench", APIID: "bench",
			DomainName: "bench.execute-api." + Region + ".amazonaws.com", DomainPrefix: "bench",
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1"},
		},
	})
}

// Answered is what the api answered to a call.
func Answered(answer []byte) (status int, body string, err error) {
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return 0, "", fmt.Errorf("read what the api answered: %w", err)
	}
	return response.StatusCode, response.Body, nil
}

func encode(event any) ([]byte, error) {
	data, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("make an event: %w", err)
	}
	return data, nil
}
