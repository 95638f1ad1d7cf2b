package secrecy_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
)

// batch is an event with these records, which come for the nth time.
func batch(receives int, bodies ...string) string {
	var event events.SQSEvent
	for i, body := range bodies {
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("sqs-%d", i), Body: body, EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:eu-central-1:1:send", ReceiptHandle: receipt,
			Attributes: map[string]string{"ApproximateReceiveCount": strconv.Itoa(receives), "SentTimestamp": "1796112000000", "MessageGroupId": "W1"},
		})
	}
	return handlertest.JSON(event)
}

// everything is one record of each content.
func everything() (bodies []string) {
	for name, content := range contents {
		bodies = append(bodies, content.With(handlertest.Fields{"id": name}).JSON())
	}
	return bodies
}

// hijacked answers with what is no HTTP.
func hijacked(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(told + "\r\n\r\n"))
}

func TestTheWorkerTellsNothing(t *testing.T) {
	t.Parallel()
	quoted := map[string]string{"error": told, "id": told, "status": told}
	tomorrow := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	var unreadable []string
	for _, body := range broken {
		unreadable = append(unreadable, body)
	}
	one := contents["text"].JSON()
	for name, tt := range map[string]struct {
		answers answers
		events  []string
		want    []string
	}{
		"sent":           {answers{}, []string{batch(1, everything()...)}, []string{`"state":"sent"`, `"Sent":`, `"ColdStart":1`, `"Latency":[`, `"PaceWait":[`, `"Attempts":6`}},
		"again":          {answers{}, []string{batch(1, everything()...), batch(2, everything()...)}, []string{`"done":true`}},
		"rejected":       {answers{dmly: say(http.StatusBadRequest, quoted)}, []string{batch(1, everything()...)}, []string{`"state":"rejected"`, `"Rejected":`}},
		"unknown":        {answers{dmly: say(http.StatusBadGateway, quoted)}, []string{batch(1, everything()...)}, []string{`"state":"unknown"`, `"Unknown":`}},
		"no HTTP":        {answers{dmly: hijacked}, []string{batch(1, everything()...)}, []string{`"state":"unknown"`}},
		"no answer":      {answers{dmly: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}, []string{batch(1, everything()...)}, []string{`"state":"unknown"`}},
		"redirect":       {answers{dmly: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, media, http.StatusFound) }}, []string{batch(1, one)}, []string{`"state":"unknown"`}},
		"not sent":       {answers{dmly: wait(http.StatusServiceUnavailable, quoted)}, []string{batch(1, one)}, []string{`"state":"waiting"`}},
		"rate limited":   {answers{dmly: wait(http.StatusTooManyRequests, quoted)}, []string{batch(1, one)}, []string{`"state":"waiting"`}},
		"key refused":    {answers{dmly: say(http.StatusUnauthorized, quoted)}, []string{batch(1, one)}, []string{"DMLY refused the API key", `"KeyRefused":1`}},
		"unreadable":     {answers{}, []string{batch(1, unreadable...)}, []string{`"state":"rejected"`, `"Rejected":11`}},
		"id taken":       {answers{}, []string{batch(1, contents["text"].With(handlertest.Fields{"id": "a"}).JSON()), batch(1, contents["media"].With(handlertest.Fields{"id": "a"}).JSON())}, []string{`"conflict":true`}},
		"held":           {answers{}, []string{batch(1, contents["text"].With(handlertest.Fields{"sendAt": tomorrow, "cancelKey": "order-1"}).JSON())}, []string{`"state":"scheduled"`}},
		"not held":       {answers{down: []string{"schedules/"}}, []string{batch(1, contents["text"].With(handlertest.Fields{"sendAt": tomorrow}).JSON())}, []string{"schedule message", `"level":"ERROR"`}},
		"no ledger":      {answers{down: []string{"PutItem", "GetItem"}}, []string{batch(1, everything()...), batch(2, everything()...), batch(1, unreadable...)}, []string{"ValidationException", "look up message", "as sending", "as rejected"}},
		"no table":       {answers{down: []string{"DynamoDB"}, code: "ResourceNotFoundException"}, []string{batch(1, everything()...)}, []string{"table not found", "ResourceNotFoundException"}},
		"too fast":       {answers{down: []string{"PutItem", "GetItem"}, code: "ThrottlingException"}, []string{batch(1, everything()...)}, []string{"PutItem", "MessagesStuck"}},
		"too many held":  {answers{down: []string{"schedules/"}, code: "ServiceQuotaExceededException"}, []string{batch(1, contents["text"].With(handlertest.Fields{"sendAt": tomorrow}).JSON())}, []string{"as many schedules as it may have"}},
		"no group":       {answers{down: []string{"schedules/"}, code: "ResourceNotFoundException"}, []string{batch(1, contents["text"].With(handlertest.Fields{"sendAt": tomorrow}).JSON())}, []string{"schedule group not found"}},
		"no queue":       {answers{dmly: wait(http.StatusServiceUnavailable, quoted), down: []string{"AmazonSQS"}, code: "AWS.SimpleQueueService.NonExistentQueue"}, []string{batch(1, one)}, []string{"queue not found"}},
		"no secret":      {answers{down: []string{"secretsmanager"}, code: "ResourceNotFoundException"}, []string{batch(1, everything()...)}, []string{"create-secret"}},
		"secret deleted": {answers{down: []string{"secretsmanager"}, code: "InvalidRequestException"}, []string{batch(1, everything()...)}, []string{"restore-secret"}},
		"no KMS key":     {answers{down: []string{"secretsmanager"}, code: "DecryptionFailure"}, []string{batch(1, everything()...)}, []string{"kms:Decrypt"}},
		"no pace":        {answers{down: []string{"UpdateItem"}}, []string{batch(1, everything()...)}, []string{"ValidationException", "reserve slots"}},
		"no key":         {answers{down: []string{"secretsmanager"}}, []string{batch(1, everything()...)}, []string{"the DMLY API key could not be read", "ValidationException"}},
		"not postponed":  {answers{dmly: wait(http.StatusServiceUnavailable, quoted), down: []string{"AmazonSQS"}}, []string{batch(1, one)}, []string{"not postponed", "ValidationException"}},
		"not replaced":   {answers{dmly: wait(http.StatusServiceUnavailable, quoted), down: []string{"AmazonSQS"}}, []string{batch(901, one)}, []string{"an old record was not replaced"}},
		"entry refused":  {answers{dmly: wait(http.StatusServiceUnavailable, quoted)}, []string{batch(901, contents["text"].With(handlertest.Fields{"cancelKey": "refuse-this-entry"}).JSON())}, []string{"an old record was not replaced", "InvalidParameterValue"}},
		"replaced":       {answers{dmly: wait(http.StatusServiceUnavailable, quoted)}, []string{batch(901, one)}, []string{"replaced by a fresh copy"}},
		"no event":       {answers{}, []string{`{}`, `[]`, `"` + phone + `"`, `{"` + word + `": "` + phone + `"}`}, []string{`this is not an SQS event`}},
		"no event of it": {answers{}, []string{`{"Records": [{"body": 15557654321}]}`, `15557654321`}, []string{"not of the expected form"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, "worker", tt.answers)
			for _, event := range tt.events {
				unseen(t, "the answer", w.invoke(event))
			}
			w.want(tt.want...)
		})
	}
}

// wait has the caller wait for some minutes.
func wait(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "300")
		say(status, body)(w, r)
	}
}
