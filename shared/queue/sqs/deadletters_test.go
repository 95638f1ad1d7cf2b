package sqs_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/queue/sqs"
)

const deadURL = queueURL + "-dead"

// dead is one record on the dead-letter queue.
type dead struct {
	MessageID         string `json:"MessageId"`
	ReceiptHandle     string
	Body              string
	MD5OfBody         string
	Attributes        map[string]string `json:",omitempty"`
	MessageAttributes map[string]value  `json:",omitempty"`
}

// value is a message attribute.
type value struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// sent is what was put on the main queue.
type sent struct {
	QueueURL          string `json:"QueueUrl"`
	MessageBody       string
	MessageGroupID    string           `json:"MessageGroupId"`
	MessageAttributes map[string]value `json:",omitempty"`
}

// deadLetters is as much of SQS as a dead-letter queue and its main queue need.
type deadLetters struct {
	// refuse decides about a request; nil, or a nil answer, lets it through.
	refuse func(action, body string) http.HandlerFunc
	// forgetful shows each record again at once.
	forgetful bool

	mu       sync.Mutex
	records  []dead
	hidden   map[string]bool
	receives int
	sent     []sent
	shown    []string
	// deletedEarly are records that were deleted before their copies were confirmed.
	deletedEarly []string
}

// lay puts a record with the id m-<n> on the dead-letter queue.
func (q *deadLetters) lay(body, group string, attributes map[string]value) {
	id := fmt.Sprintf("m-%d", len(q.records)+1)
	sum := md5.Sum([]byte(body))
	d := dead{MessageID: id, ReceiptHandle: "receipt of " + id, Body: body, MD5OfBody: hex.EncodeToString(sum[:]), MessageAttributes: attributes}
	if group != "" {
		d.Attributes = map[string]string{"MessageGroupId": group}
	}
	q.records = append(q.records, d)
}

func (q *deadLetters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	answer, body, err := q.answer(action, r)
	if err != nil {
		fault(http.StatusBadRequest, "UnknownOperationException", err.Error())(w, r)
		return
	}
	if q.refuse != nil {
		if refusal := q.refuse(action, body); refusal != nil {
			refusal(w, r)
			return
		}
	}
	awstest.Answer(http.StatusOK, awstest.JSON(answer()))(w, r)
}

// answer reads a request, says which body it is about, and returns what carries it out.
func (q *deadLetters) answer(action string, r *http.Request) (do func() any, body string, err error) {
	switch action {
	case "ReceiveMessage":
		var in struct {
			QueueURL                                                string `json:"QueueUrl"`
			MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout int
			MessageAttributeNames, MessageSystemAttributeNames      []string
		}
		err = awstest.Decode(r, &in)
		if in.QueueURL != deadURL || !slices.Equal(in.MessageAttributeNames, []string{"All"}) || in.VisibilityTimeout < 60 {
			err = errors.Join(err, fmt.Errorf("asked for %+v", in))
		}
		return func() any { return map[string]any{"Messages": q.receive(in.MaxNumberOfMessages)} }, "", err
	case "SendMessage":
		var in sent
		err = awstest.Decode(r, &in)
		return func() any {
			q.sent = append(q.sent, in)
			sum := md5.Sum([]byte(in.MessageBody))
			return map[string]string{"MessageId": "copy", "MD5OfMessageBody": hex.EncodeToString(sum[:])}
		}, in.MessageBody, err
	case "DeleteMessage":
		var in struct {
			QueueURL      string `json:"QueueUrl"`
			ReceiptHandle string
		}
		err = awstest.Decode(r, &in)
		i := slices.IndexFunc(q.records, func(d dead) bool { return d.ReceiptHandle == in.ReceiptHandle })
		if i < 0 || in.QueueURL != deadURL {
			return nil, "", errors.Join(err, fmt.Errorf("there is no %+v", in))
		}
		d := q.records[i]
		if !slices.ContainsFunc(q.sent, func(s sent) bool { return s.MessageBody == d.Body }) {
			q.deletedEarly = append(q.deletedEarly, d.MessageID)
		}
		return func() any { q.records = slices.Delete(q.records, i, i+1); return struct{}{} }, d.Body, err
	case "ChangeMessageVisibilityBatch":
		var in struct {
			QueueURL string `json:"QueueUrl"`
			Entries  []postponed
		}
		err = awstest.Decode(r, &in)
		return func() any {
			var done []map[string]string
			for _, e := range in.Entries {
				if e.VisibilityTimeout == 0 {
					q.shown = append(q.shown, strings.TrimPrefix(e.ReceiptHandle, "receipt of "))
				}
				done = append(done, map[string]string{"Id": e.ID})
			}
			return map[string]any{"Successful": done}
		}, "", err
	default:
		return nil, "", fmt.Errorf("the action is %q", action)
	}
}

func (q *deadLetters) receive(n int) []dead {
	q.receives++
	if q.hidden == nil {
		q.hidden = map[string]bool{}
	}
	var got []dead
	for _, d := range q.records {
		if len(got) < n && (q.forgetful || !q.hidden[d.MessageID]) {
			q.hidden[d.MessageID] = true
			got = append(got, d)
		}
	}
	return got
}

func (q *deadLetters) redrive(ctx context.Context, t *testing.T) (sqs.Redriven, error) {
	t.Helper()
	got, err := sqs.Redrive(ctx, awstest.ConfigFor(t, q), deadURL, queueURL)
	if len(q.deletedEarly) > 0 {
		t.Errorf("%q were deleted before their copies were confirmed", q.deletedEarly)
	}
	slices.Sort(q.shown)
	return got, err
}

// ids are those of the records that are on the dead-letter queue.
func (q *deadLetters) ids() []string {
	var ids []string
	for _, d := range q.records {
		ids = append(ids, d.MessageID)
	}
	return ids
}

// text is a message attribute.
func text(s string) value { return value{DataType: "String", StringValue: s} }
