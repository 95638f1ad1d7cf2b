package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/queue/sqs"
)

func TestRedriveKeepsWhatARecordHasAndTheIDOfItsMessage(t *testing.T) {
	t.Parallel()
	recheck, byMessageID := text("true"), text("m-1")
	tests := map[string]struct {
		body             string
		attributes, want map[string]value
	}{
		"id in the body":            {`{"id": "order-1"}`, nil, map[string]value{"dmlysender.recheck": recheck}},
		"id in the attribute":       {`{}`, map[string]value{"dmlysender.id": text("order-1")}, map[string]value{"dmlysender.id": text("order-1"), "dmlysender.recheck": recheck}},
		"no id":                     {`{"textMessage": "„zu viele“ 𝄞"}`, nil, map[string]value{"dmlysender.id": byMessageID, "dmlysender.recheck": recheck}},
		"malformed":                 {`{"id": `, nil, map[string]value{"dmlysender.id": byMessageID, "dmlysender.recheck": recheck}},
		"an id that is none":        {`{"id": "two words"}`, map[string]value{"dmlysender.id": text("two words")}, map[string]value{"dmlysender.id": byMessageID, "dmlysender.recheck": recheck}},
		"an attribute that is none": {`{"id": "order-1"}`, map[string]value{"dmlysender.id": text("two words")}, map[string]value{"dmlysender.id": text("two words"), "dmlysender.recheck": recheck}},
		"base64": {
			"Iv8i", map[string]value{"dmlysender.encoding": text("base64")},
			map[string]value{"dmlysender.encoding": text("base64"), "dmlysender.id": byMessageID, "dmlysender.recheck": recheck},
		},
		"base64 with an id": {
			"eyJpZCI6ICJvcmRlci0xIn0=", map[string]value{"dmlysender.encoding": text("base64")},
			map[string]value{"dmlysender.encoding": text("base64"), "dmlysender.recheck": recheck},
		},
		"attributes of others": {
			`{"id": "order-1"}`,
			map[string]value{"n": {DataType: "Number.int", StringValue: "7"}, "b": {DataType: "Binary", BinaryValue: []byte{0, 255}}, "dmlysender.generation": text("2")},
			map[string]value{"n": {DataType: "Number.int", StringValue: "7"}, "b": {DataType: "Binary", BinaryValue: []byte{0, 255}}, "dmlysender.generation": text("2"), "dmlysender.recheck": recheck},
		},
		"a recheck already": {`{"id": "order-1"}`, map[string]value{"dmlysender.recheck": recheck}, map[string]value{"dmlysender.recheck": recheck}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, group := range []string{"", "W1"} {
				q := &deadLetters{}
				q.lay(tt.body, group, tt.attributes)
				if got, err := q.redrive(t.Context(), t); err != nil || got != (sqs.Redriven{Moved: 1}) || len(q.records) > 0 {
					t.Fatalf("got %+v, %v, and %q is left", got, err, q.ids())
				}
				want := []sent{{QueueURL: queueURL, MessageBody: tt.body, MessageGroupID: group, MessageAttributes: tt.want}}
				if !reflect.DeepEqual(q.sent, want) {
					t.Errorf("got %+v\nwant %+v", q.sent, want)
				}
			}
		})
	}
}

func TestRedriveMovesAllThatThereIs(t *testing.T) {
	t.Parallel()
	q := &deadLetters{}
	for i := range 25 {
		q.lay(fmt.Sprintf(`{"id": "order-%d"}`, i), "", nil)
	}
	got, err := q.redrive(t.Context(), t)
	if err != nil || got != (sqs.Redriven{Moved: 25}) || len(q.records) > 0 || len(q.sent) != 25 {
		t.Errorf("got %+v, %v; %d are left, %d sent", got, err, len(q.records), len(q.sent))
	}
	if want := 3 + 2; q.receives != want { // it ends when twice nothing came
		t.Errorf("it asked %d times for records, want %d", q.receives, want)
	}
}

func TestRedriveLeavesWhatCannotBeCopiedAndSaysWhich(t *testing.T) {
	t.Parallel()
	const mebibyte, secret = 1 << 20, "Your parcel waits."
	many := func(n int) map[string]value {
		attributes := map[string]value{}
		for i := range n {
			attributes[fmt.Sprintf("a%d", i)] = text("x")
		}
		return attributes
	}
	added := len("dmlysender.id") + len("String") + len("m-1") + len("dmlysender.recheck") + len("String") + len("true")
	q := &deadLetters{forgetful: true, refuse: func(action, body string) http.HandlerFunc {
		if action == "SendMessage" && body == secret {
			return fault(http.StatusBadRequest, "InvalidMessageContents", "no")
		}
		return nil
	}}
	q.lay(strings.Repeat("x", mebibyte-added), "", nil)   // m-1 just fits
	q.lay(strings.Repeat("y", mebibyte-added+1), "", nil) // m-2
	q.lay(`{"id": "order-3"}`, "", many(9))               // m-3 just fits
	q.lay(`{"id": "order-4"}`, "", many(10))              // m-4
	q.lay(secret, "", nil)                                // m-5
	q.lay(strings.Repeat("z", mebibyte), "", nil)         // m-6
	q.lay(`{"id": "order-7"}`, "", nil)                   // m-7
	got, err := q.redrive(t.Context(), t)
	if want := (sqs.Redriven{Moved: 3, Left: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	const want = "m-2: it would have 1048577 bytes with the attributes that it needs to be moved; SQS takes 1048576; " +
		"m-4: it would have 11 attributes with those that it needs to be moved; SQS takes 10; " +
		"m-5: SQS refused it: InvalidMessageContents; " +
		"m-6: it would have 1048626 bytes with the attributes that it needs to be moved; SQS takes 1048576"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	left := []string{"m-2", "m-4", "m-5", "m-6"}
	if !slices.Equal(q.ids(), left) || !slices.Equal(q.shown, left) {
		t.Errorf("%q are left and %q shown again, want %q", q.ids(), q.shown, left)
	}
	if want := 1 + 2; q.receives != want { // what it has left already counts as nothing
		t.Errorf("it asked %d times for records, want %d", q.receives, want)
	}
}

func TestRedriveEndsWithWhatWouldMeetEveryRecord(t *testing.T) {
	t.Parallel()
	denied := fault(http.StatusForbidden, "AccessDeniedException", "not authorized")
	tests := map[string]struct {
		action  string
		refusal http.HandlerFunc
		left    int
		sent    int
		is      error
		says    []string
	}{
		"may not receive": {"ReceiveMessage", denied, 0, 0, sqs.ErrAccessDenied, []string{"receive from the SQS queue dmly-send-dead in eu-central-1", "allow these credentials sqs:ReceiveMessage"}},
		"may not send":    {"SendMessage", denied, 10, 0, sqs.ErrAccessDenied, []string{"put it on the SQS queue dmly-send: ", "m-1, m-2, ", "it ended before all were looked at"}},
		"no main queue":   {"SendMessage", fault(http.StatusBadRequest, "QueueDoesNotExist", "none"), 10, 0, sqs.ErrQueueNotFound, []string{"AWS_REGION"}},
		"out of order":    {"SendMessage", fault(http.StatusServiceUnavailable, "ServiceUnavailable", "later"), 10, 0, nil, []string{"ServiceUnavailable"}},
		"answers are cut": {"SendMessage", awstest.Cut, 10, 0, nil, []string{"EOF"}},
		"may not delete":  {"DeleteMessage", denied, 10, 10, sqs.ErrAccessDenied, []string{"its copy is on the queue, but it could not be deleted, so it will be moved once more, which is harmless"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &deadLetters{refuse: func(action, _ string) http.HandlerFunc {
				if action == tt.action {
					return tt.refusal
				}
				return nil
			}}
			for i := range 25 {
				q.lay(fmt.Sprintf(`{"id": "order-%d"}`, i), "", nil)
			}
			got, err := q.redrive(t.Context(), t)
			if want := (sqs.Redriven{Left: tt.left}); got != want || len(q.records) != 25 || len(q.sent) != tt.sent || len(q.shown) != tt.left {
				t.Errorf("got %+v, %d records, %d sent and %d shown again; want %+v, 25, %d and %d", got, len(q.records), len(q.sent), len(q.shown), want, tt.sent, tt.left)
			}
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
		})
	}
}

func TestRedriveEndsWithItsContextAndShowsWhatWasInHand(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q := &deadLetters{refuse: func(action, _ string) http.HandlerFunc {
		if action == "SendMessage" {
			cancel()
			return awstest.Cut
		}
		return nil
	}}
	q.lay(`{"id": "order-1"}`, "", nil)
	got, err := q.redrive(ctx, t)
	if got != (sqs.Redriven{Left: 1}) || !errors.Is(err, context.Canceled) || !slices.Equal(q.shown, []string{"m-1"}) {
		t.Errorf("got %+v, %v, and %q shown again", got, err, q.shown)
	}
}
