//go:build e2e

package invoke_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/dmlytest"
)

// takes has a function take its event, and checks what DMLY got and what the function answered.
func (s *sam) takes(ctx context.Context, t *testing.T, c call) {
	t.Helper()
	answer, accepted := s.invoke(ctx, t, c)
	switch c.function {
	case "worker":
		isWorked(t, c.event, answer, accepted)
	case "schedule":
		isScheduled(t, c.event, answer, accepted)
	case "api":
		isAnswered(t, c.event, answer, accepted)
	}
}

// isWorked checks what became of a batch of records.
func isWorked(t *testing.T, text, answer []byte, accepted []dmlytest.Message) {
	t.Helper()
	var batch events.SQSEvent
	decode(t, text, &batch)
	var want []deployed.Sent
	for _, record := range batch.Records {
		want = append(want, deployed.Wanted(t, []byte(record.Body)))
	}
	areSent(t, accepted, want)
	if want := map[string]any{"batchItemFailures": []any{}}; !reflect.DeepEqual(object(t, answer), want) {
		t.Errorf("the function answered %s, want %v", answer, want)
	}
}

// areSent compares what DMLY accepted with what it should have, in whatever order.
func areSent(t *testing.T, accepted []dmlytest.Message, want []deployed.Sent) {
	t.Helper()
	var got []deployed.Sent
	for _, m := range accepted {
		got = append(got, deployed.Got(t, m))
	}
	order := func(a, b deployed.Sent) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("DMLY accepted %v, want %v", got, want)
	}
}

// isScheduled checks what became of an event of EventBridge Scheduler, or of a rule.
func isScheduled(t *testing.T, text, answer []byte, accepted []dmlytest.Message) {
	t.Helper()
	var of struct {
		Occurrence, Time string
		Messages         []json.RawMessage
		Detail           struct{ Messages []json.RawMessage }
	}
	decode(t, text, &of)
	type said struct {
		Occurrence time.Time
		Queued     []string
		Refused    []any
	}
	want := said{Queued: []string{}}
	occurrence, messages := of.Occurrence, of.Messages
	if occurrence == "" {
		occurrence, messages = of.Time, of.Detail.Messages
	}
	var sent []deployed.Sent
	for _, message := range messages {
		var own struct{ ID string }
		decode(t, message, &own)
		want.Queued = append(want.Queued, own.ID+"@"+occurrence)
		sent = append(sent, deployed.Wanted(t, message))
	}
	areSent(t, accepted, sent)
	var err error
	if want.Occurrence, err = time.Parse(time.RFC3339, occurrence); err != nil {
		t.Fatal(err)
	}
	var got said
	if decode(t, answer, &got); !reflect.DeepEqual(got, want) {
		t.Errorf("the function answered %s, want %+v", answer, want)
	}
}

// isAnswered checks what became of a call of the API.
func isAnswered(t *testing.T, text, answer []byte, accepted []dmlytest.Message) {
	t.Helper()
	var in events.APIGatewayV2HTTPRequest
	decode(t, text, &in)
	body := []byte(in.Body)
	if in.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(in.Body); err != nil {
			t.Fatal(err)
		}
	}
	var got events.APIGatewayV2HTTPResponse
	decode(t, answer, &got)
	if in.Headers["x-api-key"] == "" {
		if got.StatusCode != http.StatusUnauthorized || got.Headers["Content-Type"] != "application/problem+json" || len(accepted) != 0 {
			t.Errorf("the function answered %s, and DMLY accepted %d messages, want a problem with status 401, and none", answer, len(accepted))
		}
		return
	}
	var said struct{ ID, State, Status, Error string }
	decode(t, []byte(got.Body), &said)
	if _, operation, asDMLY := strings.Cut(in.RawPath, "/v1/messages/"); asDMLY {
		areSent(t, accepted, []deployed.Sent{{Operation: operation, Body: object(t, body)}})
		if got.StatusCode != http.StatusOK || len(accepted) != 1 || said.ID != accepted[0].ID || said.Status == "" || said.Error != "" {
			t.Errorf("the function answered %s, want 200 and what DMLY calls it", answer)
		}
		return
	}
	areSent(t, accepted, []deployed.Sent{deployed.Wanted(t, body)})
	if id := object(t, body)["id"]; got.StatusCode != http.StatusAccepted || said.ID != id || said.State != "accepted" {
		t.Errorf("the function answered %s, want 202 and %s accepted", answer, id)
	}
}

func object(t *testing.T, text []byte) (of map[string]any) {
	t.Helper()
	decode(t, text, &of)
	return of
}
