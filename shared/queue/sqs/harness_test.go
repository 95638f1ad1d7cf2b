package sqs_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/queue/sqs"
)

const queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/dmly-send"

// message is one entry of a batch, as SQS gets it.
type message struct {
	ID                string `json:"Id"`
	MessageBody       string
	DelaySeconds      int                  `json:",omitempty"`
	MessageGroupID    string               `json:"MessageGroupId,omitempty"`
	MessageAttributes map[string]attribute `json:",omitempty"`
}

type attribute struct{ DataType, StringValue string }

// refusal is why an entry of a batch was not taken.
type refusal struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

// stand is as much of SQS as sending needs. It keeps the batches that it was sent, and what it queued.
type stand struct {
	// refuse decides about an entry when it comes for the given time; nil takes all, and a Code of "forget" leaves it
	// out of the answer.
	refuse func(m message, time int) *refusal
	// faults are what happens instead of an answer, in turn.
	faults []http.HandlerFunc

	mu      sync.Mutex
	batches [][]message
	queued  []message
	seen    map[string]int
	pauses  []time.Duration
	// stop, if not nil, is called when the queue pauses.
	stop func()
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var q struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []message
	}
	if err := awstest.Decode(r, &q); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" || q.QueueURL != queueURL {
		fault(http.StatusBadRequest, "UnknownOperationException", fmt.Sprint(err))(w, r)
		return
	}
	s.batches = append(s.batches, q.Entries)
	if len(s.faults) > 0 {
		fault := s.faults[0]
		s.faults = s.faults[1:]
		fault(w, r)
		return
	}
	answer := map[string]any{}
	var successful []map[string]string
	var failed []refusal
	for _, m := range q.Entries {
		if s.seen == nil {
			s.seen = map[string]int{}
		}
		s.seen[m.MessageBody]++
		if s.refuse != nil {
			if why := s.refuse(m, s.seen[m.MessageBody]); why != nil {
				why.ID = m.ID
				if why.Code != "forget" {
					failed = append(failed, *why)
				}
				continue
			}
		}
		sum := md5.Sum([]byte(m.MessageBody))
		successful = append(successful, map[string]string{"Id": m.ID, "MessageId": "m-" + m.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
		s.queued = append(s.queued, m)
	}
	answer["Successful"], answer["Failed"] = successful, failed
	awstest.Answer(http.StatusOK, awstest.JSON(answer))(w, r)
}

// sent are the batches that came.
func (s *stand) sent() [][]message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches)
}

// taken are the messages that were queued.
func (s *stand) taken() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queued)
}

// fault answers the whole request with an error.
func fault(status int, code, text string) http.HandlerFunc {
	return awstest.Refuse(status, "com.amazonaws.sqs#"+code, text)
}

// Now implements [delivery.Clock].
func (s *stand) Now() time.Time { return time.Time{} }

// Sleep implements [delivery.Clock]: it takes no time and keeps how long it should have taken.
func (s *stand) Sleep(ctx context.Context, d time.Duration) error {
	s.pauses = append(s.pauses, d)
	if s.stop != nil {
		s.stop()
	}
	return ctx.Err()
}

// open returns a queue that is led to the stand by AWS_ENDPOINT_URL, as a function in a test stack is.
func (s *stand) open(t *testing.T) *sqs.Queue {
	t.Helper()
	return sqs.Open(awstest.ConfigFor(t, s), queueURL).WithClock(s)
}

// numbered returns n records, order-0 to order-<n-1>, each with its id as its body.
func numbered(n int) []delivery.Record {
	records := make([]delivery.Record, n)
	for i := range records {
		id := fmt.Sprintf("order-%d", i)
		records[i] = delivery.Record{Body: []byte(`"` + id + `"`), ID: id}
	}
	return records
}
