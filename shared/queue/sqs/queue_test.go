package sqs_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/queue/sqs"
)

func TestARecordIsSentWithItsIDGroupAndDelay(t *testing.T) {
	t.Parallel()
	id := map[string]attribute{"dmlysender.id": {DataType: "String", StringValue: "order-1"}}
	tests := map[string]struct {
		record delivery.Record
		want   message
	}{
		"whole": {
			delivery.Record{Body: []byte(`{"id":"order-1"}`), ID: "order-1", Group: "W1", Delay: 15 * time.Minute},
			message{MessageBody: `{"id":"order-1"}`, MessageAttributes: id, MessageGroupID: "W1", DelaySeconds: 900},
		},
		"recheck of a generation": {
			delivery.Record{Body: []byte("{}"), ID: "order-1", Recheck: true, Generation: 12},
			message{MessageBody: "{}", MessageAttributes: map[string]attribute{
				"dmlysender.id": id["dmlysender.id"], "dmlysender.recheck": {"String", "true"}, "dmlysender.generation": {"String", "12"},
			}},
		},
		"generation that cannot be": {delivery.Record{Body: []byte("{}"), Generation: -1}, message{MessageBody: "{}"}},
		"body only":                 {delivery.Record{Body: []byte("{}")}, message{MessageBody: "{}"}},
		"part of a second": {
			delivery.Record{Body: []byte("{}"), Delay: time.Millisecond},
			message{MessageBody: "{}", DelaySeconds: 1},
		},
		"delay that is over": {delivery.Record{Body: []byte("{}"), Delay: -time.Hour}, message{MessageBody: "{}"}},
		"longest group": {
			delivery.Record{Body: []byte("{}"), Group: strings.Repeat("~", 128)},
			message{MessageBody: "{}", MessageGroupID: strings.Repeat("~", 128)},
		},
		"group with a space": {
			delivery.Record{Body: []byte("{}"), Group: "my workspace"},
			message{MessageBody: "{}", MessageGroupID: "sha256-052c7440eea985d3d694779677b2d4aea8d83be6e0f3643d3fbc1836c99cc327"},
		},
		"group that is too long": {
			delivery.Record{Body: []byte("{}"), Group: strings.Repeat("w", 129)},
			message{MessageBody: "{}", MessageGroupID: "sha256-48e5dabd1113bafa39583ee79bf35c31689dfb0883c6c6c635c3276ab46e0cc9"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			if err := s.open(t).Enqueue(t.Context(), tt.record); err != nil {
				t.Fatal(err)
			}
			tt.want.ID = "0"
			if len(s.taken()) != 1 || !reflect.DeepEqual(s.taken()[0], tt.want) {
				t.Errorf("got %+v, want %+v", s.taken(), tt.want)
			}
		})
	}
}

func TestRecordsAreSentInBatchesThatSQSTakes(t *testing.T) {
	t.Parallel()
	const mebibyte = 1 << 20
	sized := func(sizes ...int) []delivery.Record {
		records := make([]delivery.Record, len(sizes))
		for i, size := range sizes {
			records[i].Body = bytes.Repeat([]byte("x"), size)
		}
		return records
	}
	withID := sized(mebibyte-100, 94-len("dmlysender.id")-len("String")-len("order"))
	withID[1].ID = "order"
	beyond := sized(mebibyte-100, 101-len("dmlysender.id")-len("String")-len("order"))
	beyond[1].ID = "order"
	tests := map[string]struct {
		records []delivery.Record
		want    []int
	}{
		"none":                       {nil, nil},
		"one":                        {numbered(1), []int{1}},
		"ten":                        {numbered(10), []int{10}},
		"twenty-one":                 {numbered(21), []int{10, 10, 1}},
		"a mebibyte":                 {sized(mebibyte), []int{1}},
		"a mebibyte together":        {sized(mebibyte/2, mebibyte/2), []int{2}},
		"one byte more":              {sized(mebibyte/2, mebibyte/2+1), []int{1, 1}},
		"a mebibyte with attributes": {withID, []int{2}},
		"more with attributes":       {beyond, []int{1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			if err := s.open(t).Enqueue(t.Context(), tt.records...); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, batch := range s.sent() {
				got = append(got, len(batch))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got batches of %v, want %v", got, tt.want)
			}
			if len(s.taken()) != len(tt.records) {
				t.Errorf("got %d records queued, want %d", len(s.taken()), len(tt.records))
			}
		})
	}
}

func TestWhatSQSCouldNotTakeJustThenIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, why := range map[string]refusal{
		"its own fault":      {Code: "InternalError", Message: "try again"},
		"throttled":          {Code: "RequestThrottled", SenderFault: true},
		"not in the answer":  {Code: "forget"},
		"throttled by a key": {Code: "KmsThrottled", SenderFault: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{refuse: func(m message, time int) *refusal {
				if m.MessageBody == `"order-3"` && time < 4 || m.MessageBody == `"order-5"` && time < 2 {
					return &why
				}
				return nil
			}}
			if err := s.open(t).Enqueue(t.Context(), numbered(12)...); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, batch := range s.sent() {
				got = append(got, len(batch))
			}
			if want := []int{10, 2, 1, 1, 2}; !reflect.DeepEqual(got, want) {
				t.Errorf("got batches of %v, want %v", got, want)
			}
			if len(s.taken()) != 12 {
				t.Errorf("got %d records queued, want 12", len(s.taken()))
			}
			for i, least := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
				if len(s.pauses) != 3 || s.pauses[i] < least || s.pauses[i] >= 2*least {
					t.Errorf("got pauses %v", s.pauses)
				}
			}
		})
	}
}

func TestWhatSQSThrottlesToTheEndIsToldFromWhatItRefuses(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"RequestThrottled": true, "KmsThrottled": true, "ThrottlingException": true, "OverLimit": true, "InternalError": false, "KmsDisabled": false} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := &stand{refuse: func(message, int) *refusal { return &refusal{Code: code, SenderFault: true} }}
			err := s.open(t).Enqueue(t.Context(), numbered(1)...)
			if err == nil || errors.Is(err, delivery.ErrThrottled) != want || !strings.Contains(err.Error(), code) {
				t.Errorf("got %v, want it to be throttling: %v", err, want)
			}
		})
	}
}

func TestTheErrorNamesWhatIsNotQueued(t *testing.T) {
	t.Parallel()
	s := &stand{refuse: func(m message, _ int) *refusal {
		switch m.MessageBody {
		case `"order-2"`:
			return &refusal{Code: "InternalError", Message: "try again"}
		case `"order-11"`, `"order-12"`:
			return &refusal{Code: "InvalidMessageContents", SenderFault: true, Message: "no"}
		}
		return nil
	}}
	err := s.open(t).Enqueue(t.Context(), numbered(25)...)
	const want = "put records on the SQS queue dmly-send in eu-central-1: 3 of 25 are not known to be queued: " +
		"order-2: SQS refused it: InternalError; order-11, order-12: SQS refused it: InvalidMessageContents"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if got, want := len(s.taken()), 22; got != want {
		t.Errorf("got %d records queued, want %d", got, want)
	}
	if got, want := len(s.pauses), 3; got != want {
		t.Errorf("got %d pauses, want %d: only what may help is repeated", got, want)
	}
}

func TestARecordThatSQSCannotTakeDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		record delivery.Record
		want   string
	}{
		"no body":      {delivery.Record{ID: "bad"}, "its body is empty"},
		"too long":     {delivery.Record{ID: "bad", Body: bytes.Repeat([]byte("x"), 1<<20)}, "it has 1048598 bytes with its attributes; SQS takes 1048576"},
		"too late":     {delivery.Record{ID: "bad", Body: []byte("{}"), Delay: 15*time.Minute + 1}, "its delay is 15m0.000000001s; SQS holds a record back for at most 15m0s"},
		"strange name": {delivery.Record{ID: "bad\x00", Body: []byte("{}")}, "its id has characters that SQS does not carry"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			records := numbered(3)
			records[1] = tt.record
			err := s.open(t).Enqueue(t.Context(), records...)
			if err == nil || !strings.Contains(err.Error(), "1 of 3 are not known to be queued: "+tt.record.ID+": "+tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if got, want := len(s.taken()), 2; got != want {
				t.Errorf("got %d records queued, want %d", got, want)
			}
		})
	}
}

func TestNothingIsSentAfterARequestThatFailed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    http.HandlerFunc
		requests int
		is       error
		want     []string
	}{
		"no queue": {
			fault(http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist."),
			1, sqs.ErrQueueNotFound, []string{"deploy", "AWS_REGION"},
		},
		"access denied": {
			fault(http.StatusForbidden, "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/api is not authorized"),
			1, sqs.ErrAccessDenied, []string{"sqs:SendMessage", "assumed-role/api"},
		},
		"out of order": {
			fault(http.StatusServiceUnavailable, "ServiceUnavailable", "later"), 3, nil, []string{"ServiceUnavailable"},
		},
		"throttled": {
			fault(http.StatusBadRequest, "ThrottlingException", "Rate exceeded"), 3, delivery.ErrThrottled, []string{"ThrottlingException"},
		},
		"throttled by SQS": {
			fault(http.StatusForbidden, "RequestThrottled", "slower"), 3, delivery.ErrThrottled, []string{"RequestThrottled"},
		},
		"over a limit": {
			fault(http.StatusForbidden, "OverLimit", "too many"), 1, delivery.ErrThrottled, []string{"too many"},
		},
		"cut": {
			awstest.Cut, 3, nil, nil,
		},
		"unreadable": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"Successful": [`)) },
			1, nil, []string{"AWS_ENDPOINT_URL_SQS"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{faults: []http.HandlerFunc{tt.fault, tt.fault, tt.fault}}
			err := s.open(t).Enqueue(t.Context(), numbered(25)...)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, want := range append(tt.want, "dmly-send", "25 of 25", "order-0, order-1, ", "order-9 and 15 more: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if got := len(s.sent()); got != tt.requests {
				t.Errorf("got %d requests, want %d", got, tt.requests)
			}
		})
	}
}

func TestEnqueueEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &stand{stop: cancel, refuse: func(m message, _ int) *refusal {
		if m.MessageBody == `"order-1"` {
			return &refusal{Code: "InternalError"}
		}
		return nil
	}}
	err := s.open(t).Enqueue(ctx, numbered(12)...)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "3 of 12") {
		t.Errorf("got %v, want order-1, order-10 and order-11 with %v", err, context.Canceled)
	}
	if got, want := len(s.sent()), 1; got != want {
		t.Errorf("got %d requests, want %d", got, want)
	}
}
