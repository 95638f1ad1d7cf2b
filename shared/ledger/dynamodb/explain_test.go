package dynamodb_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
)

// private is what a message says; no error may repeat it.
const private = "See you at ten, Mrs Example"

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault http.HandlerFunc
		is    error
		want  []string
	}{
		"no table": {
			refuse(http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found"),
			dynamodb.ErrTableNotFound, []string{"deploy", "LEDGER"},
		},
		"access denied": {
			refuse(http.StatusBadRequest, "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/worker is not authorized"),
			dynamodb.ErrAccessDenied, []string{"dynamodb:PutItem", "dynamodb:Query", "assumed-role/worker"},
		},
		"throttled": {
			refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded"), delivery.ErrThrottled, []string{"raise the limits", "ThrottlingException"},
		},
		"too much for the table": {
			refuse(http.StatusBadRequest, "ProvisionedThroughputExceededException", "Rate exceeded"), delivery.ErrThrottled, []string{"ProvisionedThroughputExceededException"},
		},
		"too much for the account": {
			refuse(http.StatusBadRequest, "RequestLimitExceeded", "Rate exceeded"), delivery.ErrThrottled, []string{"RequestLimitExceeded"},
		},
		"other": {
			refuse(http.StatusBadRequest, "ValidationException", "Item size has exceeded the maximum allowed size"),
			nil, []string{"ValidationException"},
		},
		"unreadable": {
			awstest.Answer(http.StatusOK, `{"Item": {"content": {"S": "`+private+`"`), nil, []string{"AWS_ENDPOINT_URL_DYNAMODB"},
		},
		"unreadable refusal": {
			awstest.Answer(http.StatusBadRequest, `{"__type": "ConditionalCheckFailedException", "Item": {"content": {"S": ["`+private+`"]}}}`), nil, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := (&stand{faults: slices.Repeat([]http.HandlerFunc{tt.fault}, 9)}).open(t) // three calls, each tried three times
			_, ok, putErr := l.Put(t.Context(), sent("order-1", "r1"), "", noon)
			_, found, getErr := l.Get(t.Context(), "order-1", noon)
			items, next, listErr := l.Problems(t.Context(), delivery.Failed, 1, "", noon)
			if ok || found || len(items) > 0 || next != "" {
				t.Errorf("written %v, found %v, listed %d, next %q", ok, found, len(items), next)
			}
			for about, err := range map[string]error{"write message order-1": putErr, "read message order-1": getErr, "list the failed messages": listErr} {
				if err == nil {
					t.Fatal("got no error")
				}
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("got %v, want %v", err, tt.is)
				}
				for _, want := range append(tt.want, about, table, "eu-central-1") {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("got %q, want it to contain %q", err, want)
					}
				}
				if told := fmt.Sprintf("%v %#v", err, errors.Unwrap(err)); strings.Contains(told, private) {
					t.Errorf("the error tells what the message says: %s", told)
				}
			}
		})
	}
}

func TestBriefFaultsAreRetriedAndLastingOnesAreErrors(t *testing.T) {
	t.Parallel()
	throttled := refuse(http.StatusBadRequest, "ProvisionedThroughputExceededException", "Rate exceeded")
	broken := refuse(http.StatusInternalServerError, "InternalServerError", "Internal server error")
	tests := map[string]struct {
		faults   []http.HandlerFunc
		requests int
		ok       bool
	}{
		"throttled once":       {[]http.HandlerFunc{throttled}, 2, true},
		"broken twice":         {[]http.HandlerFunc{broken, broken}, 3, true},
		"cut once":             {[]http.HandlerFunc{awstest.Cut}, 2, true},
		"throttled throughout": {[]http.HandlerFunc{throttled, throttled, throttled}, 3, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{faults: tt.faults}
			_, ok, err := s.open(t).Put(t.Context(), sent("order-1", "r1"), "", noon)
			if ok != tt.ok || (err == nil) != tt.ok {
				t.Errorf("got %v, %v, want %v", ok, err, tt.ok)
			}
			if got := len(s.asked()); got != tt.requests {
				t.Errorf("got %d requests, want %d", got, tt.requests)
			}
			if _, isThrottling := errors.AsType[*types.ProvisionedThroughputExceededException](err); !tt.ok && (!isThrottling || !errors.Is(err, delivery.ErrThrottled)) {
				t.Errorf("got %v, want it to be recognised as throttling", err)
			}
		})
	}
}

func TestDamagedItemsAreErrorsThatNameTheAttribute(t *testing.T) {
	t.Parallel()
	for attribute, value := range map[string]string{
		"pk":          `{"S": "c#campaign"}`,
		"forgetAt":    `{"S": "tomorrow"}`,
		"state":       `{"N": "1"}`,
		"generation":  `{"N": "1.5"}`,
		"lease":       `{"BOOL": true}`,
		"resent":      `{"S": "yes"}`,
		"content":     `{"L": []}`,
		"refused":     `{"S": "1:5f2b"}`,
		"history":     `{"L": [{"S": "` + private + `"}]}`,
		"fingerprint": `{"M": {}}`,
		"workspace":   `{"L": []}`,
	} {
		t.Run(attribute, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			l := s.open(t)
			if _, _, err := l.Put(t.Context(), sent("order-1", "r1"), "", noon); err != nil {
				t.Fatal(err)
			}
			item := s.damage(attribute, parse(t, `{"x": `+value+`}`)["x"])
			// The second answer is made by hand: the stand's own conditions cannot read such an item either.
			s.next(false, nil, awstest.Answer(http.StatusBadRequest, awstest.JSON(map[string]any{"__type": "ConditionalCheckFailedException", "Item": item})))
			_, found, getErr := l.Get(t.Context(), "order-1", noon)
			standing, ok, putErr := l.Put(t.Context(), sent("order-1", "r2"), "r1", noon)
			if found || ok || standing.ID != "" {
				t.Errorf("found %v, written %v, standing %+v", found, ok, standing)
			}
			for _, err := range []error{getErr, putErr} {
				if err == nil || !strings.Contains(err.Error(), attribute) || strings.Contains(err.Error(), private) {
					t.Errorf("got %v, want it to name %s", err, attribute)
				}
			}
		})
	}
}
