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

// postponed is one entry of a batch of records to come back at another time.
type postponed struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout int
}

// refusal is why an entry of a batch was not taken.
type refusal struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

// stand is as much of SQS as sending and postponing need. It keeps the batches that it was sent, and what it queued.
type stand struct {
	// refuse decides about an entry when it comes for the given time; nil takes all, and a Code of "forget" leaves it
	// out of the answer.
	refuse func(m message, time int) *refusal
	// refuseReceipt is refuse for what is postponed.
	refuseReceipt func(receipt string) *refusal
	// faults are what happens instead of an answer, in turn.
	faults []http.HandlerFunc

	mu        sync.Mutex
	batches   [][]message
	postponed [][]postponed
	queued    []message
	seen      map[string]int
	pauses    []time.Duration
	// stop, if not nil, is called when the queue pauses.
	stop func()
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var successful, failed []any
	var err error
	switch target := r.Header.Get("X-Amz-Target"); target {
	case "AmazonSQS.SendMessageBatch":
		var batch []message
		if batch, err = decodeBatch[message](r); err == nil {
			s.batches = append(s.batches, batch)
			successful, failed = s.send(batch)
		}
	case "AmazonSQS.ChangeMessageVisibilityBatch":
		var batch []postponed
		if batch, err = decodeBatch[postponed](r); err == nil {
			s.postponed = append(s.postponed, batch)
			successful, failed = s.postpone(batch)
		}
	default:
		err = fmt.Errorf("the target is %q", target)
	}
	switch {
	case err != nil:
		fault(http.StatusBadRequest, "UnknownOperationException", err.Error())(w, r)
	case len(s.faults) > 0:
		fault := s.faults[0]
		s.faults = s.faults[1:]
		fault(w, r)
	default:
		awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"Successful": successful, "Failed": failed}))(w, r)
	}
}

func decodeBatch[E any](r *http.Request) ([]E, error) {
	var q struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []E
	}
	if err := awstest.Decode(r, &q); err != nil {
		return nil, err
	}
	if q.QueueURL != queueURL || len(q.Entries) == 0 {
		return nil, fmt.Errorf("%d entries for %s", len(q.Entries), q.QueueURL)
	}
	return q.Entries, nil
}

func (s *stand) send(batch []message) (successful, failed []any) {
	if len(s.faults) > 0 {
		return nil, nil
	}
	for _, m := range batch {
		if s.seen == nil {
			s.seen = map[string]int{}
		}
		s.seen[m.MessageBody]++
		if s.refuse != nil {
			if why := s.refuse(m, s.seen[m.MessageBody]); why != nil {
				failed = why.add(failed, m.ID)
				continue
			}
		}
		sum := md5.Sum([]byte(m.MessageBody))
		successful = append(successful, map[string]string{"Id": m.ID, "MessageId": "m-" + m.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
		s.queued = append(s.queued, m)
	}
	return successful, failed
}

func (s *stand) postpone(batch []postponed) (successful, failed []any) {
	for _, p := range batch {
		if s.refuseReceipt != nil {
			if why := s.refuseReceipt(p.ReceiptHandle); why != nil {
				failed = why.add(failed, p.ID)
				continue
			}
		}
		successful = append(successful, map[string]string{"Id": p.ID})
	}
	return successful, failed
}

// add says of an entry why it was not taken, unless it is to be forgotten.
func (why refusal) add(failed []any, id string) []any {
	if why.Code == "forget" {
		return failed
	}
	why.ID = id
	return append(failed, why)
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

// hidden are the batches of what was postponed.
func (s *stand) hidden() [][]postponed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.postponed)
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
