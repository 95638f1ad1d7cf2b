package main

import (
	"crypto/md5" //nolint:gosec // SQS answers with it, and its client compares.
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// visibility is the template's visibility time-out.
const visibility = 180 * time.Second

// queues are those of SQS, in memory, with delays and visibility time-outs. They are safe for concurrent use.
type queues struct {
	mu   sync.Mutex
	made int
	of   map[string][]*queued // By the queue's name.
}

type queued struct {
	events.SQSMessage
	receives int
	from     time.Time // when it can be received
}

// sqsCall is as much of a call as is asked here.
type sqsCall struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []struct {
		ID                string `json:"Id"`
		MessageBody       string
		DelaySeconds      int
		MessageAttributes map[string]events.SQSMessageAttribute
		ReceiptHandle     string
		VisibilityTimeout int
	}
}

// name is the queue's.
func (c sqsCall) name() string { return c.QueueURL[strings.LastIndexByte(c.QueueURL, '/')+1:] }

type done struct {
	ID               string `json:"Id"`
	MessageID        string `json:"MessageId,omitempty"`
	MD5OfMessageBody string `json:",omitempty"`
}

// answer answers a function's call; an operation that is not known here is an error.
func (q *queues) answer(operation string, body []byte, now time.Time) (any, error) {
	var in sqsCall
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read a %s: %w", operation, err)
	}
	var all struct{ Successful []done }
	switch operation {
	case "SendMessageBatch":
		for _, e := range in.Entries {
			id := q.put(in.name(), e.MessageBody, e.MessageAttributes, now.Add(time.Duration(e.DelaySeconds)*time.Second))
			sum := md5.Sum([]byte(e.MessageBody)) //nolint:gosec // See above.
			all.Successful = append(all.Successful, done{e.ID, id, hex.EncodeToString(sum[:])})
		}
		return all, nil
	case "ChangeMessageVisibilityBatch":
		for _, e := range in.Entries {
			q.hide(in.name(), e.ReceiptHandle, now.Add(time.Duration(e.VisibilityTimeout)*time.Second))
			all.Successful = append(all.Successful, done{ID: e.ID})
		}
		return all, nil
	case "GetQueueAttributes":
		return map[string]any{"Attributes": map[string]string{
			"ApproximateNumberOfMessages": strconv.Itoa(q.visible(in.name(), now)), "ApproximateNumberOfMessagesNotVisible": "0",
		}}, nil
	}
	return nil, fmt.Errorf("these queues do not know %s", operation)
}

func (q *queues) put(queue, body string, attributes map[string]events.SQSMessageAttribute, from time.Time) (id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.of == nil {
		q.of = map[string][]*queued{}
	}
	q.made++
	id = "record-" + strconv.Itoa(q.made)
	q.of[queue] = append(q.of[queue], &queued{from: from, SQSMessage: events.SQSMessage{
		MessageId: id, ReceiptHandle: id, Body: body, MessageAttributes: attributes,
	}})
	return id
}

func (q *queues) hide(queue, id string, from time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.of[queue] {
		if r.MessageId == id {
			r.from = from
		}
	}
}

func (q *queues) visible(queue string, now time.Time) (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.of[queue] {
		if !r.from.After(now) {
			n++
		}
	}
	return n
}

// receive are up to n records, which are hidden then.
func (q *queues) receive(queue string, n int, now time.Time) (received []events.SQSMessage) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.of[queue] {
		if len(received) == n {
			break
		}
		if r.from.After(now) {
			continue
		}
		r.receives++
		r.from = now.Add(visibility)
		r.Attributes = map[string]string{"ApproximateReceiveCount": strconv.Itoa(r.receives), "SentTimestamp": strconv.FormatInt(now.UnixMilli(), 10)}
		received = append(received, r.SQSMessage)
	}
	return received
}

// remove takes records from a queue for good.
func (q *queues) remove(queue string, gone []events.SQSMessage) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.of[queue] = slices.DeleteFunc(q.of[queue], func(r *queued) bool {
		return slices.ContainsFunc(gone, func(g events.SQSMessage) bool { return g.MessageId == r.MessageId })
	})
}

// empty takes all.
func (q *queues) empty(queue string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.of[queue] = nil
}
