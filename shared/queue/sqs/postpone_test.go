package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/queue/sqs"
)

// receipts are n postponements by a minute, of the receipts r1 to r<n>.
func receipts(n int) []delivery.Postponement {
	all := make([]delivery.Postponement, n)
	for i := range all {
		all[i] = delivery.Postponement{Receipt: fmt.Sprintf("r%d", i+1), After: time.Minute}
	}
	return all
}

func TestPostponedRecordsStayHiddenForWholeSeconds(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]int{
		-time.Hour:                    0,
		0:                             0,
		time.Nanosecond:               1,
		1500 * time.Millisecond:       2,
		time.Minute:                   60,
		11*time.Hour + 55*time.Minute: 42900,
		12 * time.Hour:                42900,
		1 << 62:                       42900,
	} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			if err := s.open(t).Postpone(t.Context(), delivery.Postponement{Receipt: "r1", After: after}); err != nil {
				t.Fatal(err)
			}
			if got, want := s.hidden(), [][]postponed{{{ID: "0", ReceiptHandle: "r1", VisibilityTimeout: want}}}; !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestRecordsArePostponedInBatchesThatSQSTakes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][]int{0: nil, 1: {1}, 10: {10}, 23: {10, 10, 3}} {
		s := &stand{}
		if err := s.open(t).Postpone(t.Context(), receipts(n)...); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, batch := range s.hidden() {
			got = append(got, len(batch))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d records: got batches of %v, want %v", n, got, want)
		}
	}
}

func TestTheErrorSaysWhatWasNotPostponed(t *testing.T) {
	t.Parallel()
	s := &stand{refuseReceipt: func(receipt string) *refusal {
		switch receipt {
		case "r2":
			return &refusal{Code: "InternalError", Message: "try again"}
		case "r11", "r12":
			return &refusal{Code: "ReceiptHandleIsInvalid", SenderFault: true, Message: "The receipt handle " + receipt + " has expired."}
		case "r13":
			return &refusal{Code: "forget"}
		}
		return nil
	}}
	records := receipts(14)
	records[2].Receipt = ""
	err := s.open(t).Postpone(t.Context(), records...)
	const want = "postpone records of the SQS queue dmly-send in eu-central-1: 5 of 14 come back with the queue's visibility time-out: " +
		"record 3: it has no receipt; record 2: SQS refused it: InternalError; " +
		"record 11, record 12: SQS refused it: ReceiptHandleIsInvalid " +
		"(its receipt has most likely expired: to repeat this would not help); record 13: SQS did not confirm it"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if got, want := len(s.hidden()), 2; got != want || len(s.pauses) > 0 {
		t.Errorf("got %d requests and %d pauses, want %d and none: nothing is repeated", got, len(s.pauses), want)
	}
}

func TestNothingIsPostponedAfterARequestThatFailed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    http.HandlerFunc
		requests int
		is       error
		want     string
	}{
		"no queue": {
			fault(http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist."), 1, sqs.ErrQueueNotFound, "AWS_REGION",
		},
		"access denied": {
			fault(http.StatusForbidden, "AccessDeniedException", "not authorized"), 1, sqs.ErrAccessDenied, "the function's role sqs:ChangeMessageVisibility on",
		},
		"cut":        {awstest.Cut, 3, nil, "EOF"},
		"unreadable": {awstest.Answer(http.StatusOK, `{"Successful": [`), 1, nil, "AWS_ENDPOINT_URL_SQS"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{faults: []http.HandlerFunc{tt.fault, tt.fault, tt.fault}}
			err := s.open(t).Postpone(t.Context(), receipts(25)...)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, want := range []string{"dmly-send", "25 of 25 come back", "record 1, record 2, ", "record 10 and 15 more: ", tt.want} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if got := len(s.hidden()); got != tt.requests {
				t.Errorf("got %d requests, want %d", got, tt.requests)
			}
		})
	}
}

func TestPostponeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &stand{}
	if err := s.open(t).Postpone(ctx, receipts(1)...); !errors.Is(err, context.Canceled) || len(s.hidden()) > 0 {
		t.Errorf("got %v and %d requests, want %v and none", err, len(s.hidden()), context.Canceled)
	}
}

func TestAQueueIsNamedByItsURL(t *testing.T) {
	t.Parallel()
	if got, want := (&stand{}).open(t).Name(), "dmly-send"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
