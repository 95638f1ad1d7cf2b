package sqs_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/queue/sqs"
)

// look is what is asked of SQS to tell the depth of a queue; a field that is not here makes it refuse the request.
type look struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

// counter is as much of SQS as looking at a queue needs. It keeps what it was asked.
type counter struct {
	answer http.HandlerFunc

	mu    sync.Mutex
	looks []look
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var l look
	if err := awstest.Decode(r, &l); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.GetQueueAttributes" {
		fault(http.StatusBadRequest, "UnknownOperationException", r.Header.Get("X-Amz-Target"))(w, r)
		return
	}
	c.looks = append(c.looks, l)
	c.answer(w, r)
}

// asked are the looks that came.
func (c *counter) asked() []look {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.looks)
}

func counts(attributes map[string]string) http.HandlerFunc {
	return awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"Attributes": attributes}))
}

func TestTheDepthIsWhatIsVisibleAndWhatIsHiddenInOneCall(t *testing.T) {
	t.Parallel()
	c := &counter{answer: counts(map[string]string{"ApproximateNumberOfMessages": "1200", "ApproximateNumberOfMessagesNotVisible": "34"})}
	got, err := sqs.Open(awstest.ConfigFor(t, c), queueURL).Depth(t.Context())
	if err != nil || got != 1234 {
		t.Errorf("got %d, %v, want 1234", got, err)
	}
	want := []look{{queueURL, []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}}}
	if got := c.asked(); !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v, want %+v", got, want)
	}
}

func TestTheErrorSaysWhyTheRecordsAreNotCounted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer   http.HandlerFunc
		requests int
		is       error
		want     string
	}{
		"no queue": {
			fault(http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist."), 1, sqs.ErrQueueNotFound, "AWS_REGION",
		},
		"access denied": {
			fault(http.StatusForbidden, "AccessDeniedException", "not authorized"), 1, sqs.ErrAccessDenied, "the function's role sqs:GetQueueAttributes on",
		},
		"cut":         {awstest.Cut, 3, nil, "EOF"},
		"unreadable":  {awstest.Answer(http.StatusOK, `{"Attributes": {`), 1, nil, "AWS_ENDPOINT_URL_SQS"},
		"half of it":  {counts(map[string]string{"ApproximateNumberOfMessages": "3"}), 1, nil, `"" as its ApproximateNumberOfMessagesNotVisible`},
		"not a count": {counts(map[string]string{"ApproximateNumberOfMessages": "many"}), 1, nil, `"many" as its ApproximateNumberOfMessages`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &counter{answer: tt.answer}
			_, err := sqs.Open(awstest.ConfigFor(t, c), queueURL).Depth(t.Context())
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, want := range []string{"count the records of the SQS queue dmly-send in eu-central-1: ", tt.want} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if got := len(c.asked()); got != tt.requests {
				t.Errorf("got %d requests, want %d", got, tt.requests)
			}
		})
	}
}

func TestDepthEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &counter{}
	if _, err := sqs.Open(awstest.ConfigFor(t, c), queueURL).Depth(ctx); !errors.Is(err, context.Canceled) || len(c.asked()) > 0 {
		t.Errorf("got %v and %d requests, want %v and none", err, len(c.asked()), context.Canceled)
	}
}
