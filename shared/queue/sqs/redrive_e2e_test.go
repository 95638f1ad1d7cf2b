//go:build e2e

package sqs_test

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/queue/sqs"
)

// lay puts a message on the queue as any producer may, and returns its messageId.
func (b bench) lay(t *testing.T, body, group string, attributes map[string]types.MessageAttributeValue) string {
	t.Helper()
	input := &sdk.SendMessageInput{QueueUrl: aws.String(b.url), MessageBody: aws.String(body), MessageAttributes: attributes}
	if group != "" {
		input.MessageGroupId = aws.String(group)
	}
	output, err := b.client.SendMessage(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(output.MessageId)
}

func TestE2ERedriveMovesADeadLetterQueueToItsQueue(t *testing.T) {
	t.Parallel()
	dead, main := endToEnd(t), endToEnd(t)
	number := types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String("7")}
	binary := types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}}
	ten := map[string]types.MessageAttributeValue{}
	for i := range 10 {
		ten[fmt.Sprintf("a%d", i)] = number
	}

	plain, odd := `{"textMessage": "später – „zu viele“ 𝄞"}`, "\xff\x00"
	plainID := dead.lay(t, plain, "W1", map[string]types.MessageAttributeValue{"n": number, "b": binary})
	want := map[string]delivery.Record{plainID: {Body: []byte(plain), ID: plainID, Group: "W1", Recheck: true}}
	if err := dead.queue.Enqueue(t.Context(), delivery.Record{Body: []byte(odd), ID: "odd", Group: "W2", Generation: 3}); err != nil {
		t.Fatal(err)
	}
	want["odd"] = delivery.Record{Body: []byte(odd), ID: "odd", Group: "W2", Generation: 3, Recheck: true}
	for i := range 21 {
		id := fmt.Sprintf("order-%d", i)
		body := fmt.Sprintf(`{"id": %q}`, id)
		dead.lay(t, body, "", nil)
		want[id] = delivery.Record{Body: []byte(body), Recheck: true}
	}
	left := map[string]bool{
		dead.lay(t, strings.Repeat("x", 1<<20), "", nil): true,
		dead.lay(t, `{"id": "ten"}`, "", ten):            true,
	}

	redriven, err := sqs.Redrive(t.Context(), dead.cfg, dead.url, main.url)
	if redriven != (sqs.Redriven{Moved: len(want), Left: len(left)}) {
		t.Errorf("got %+v, want %d moved and %d left", redriven, len(want), len(left))
	}
	for id := range left {
		if err == nil || !strings.Contains(err.Error(), id+": it would have ") {
			t.Errorf("the error does not name %s: %v", id, err)
		}
	}

	got := map[string]delivery.Record{}
	for _, m := range main.receive(t, len(want)) {
		record := received(m)
		record.Group = m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
		id := delivery.IDOf(record, "none")
		got[id] = record
		others := maps.Clone(m.MessageAttributes)
		maps.DeleteFunc(others, func(name string, _ types.MessageAttributeValue) bool { return strings.HasPrefix(name, "dmlysender.") })
		if id == plainID && (len(others) != 2 || aws.ToString(others["n"].StringValue) != "7" || string(others["b"].BinaryValue) != "\x00\xff") {
			t.Errorf("its own attributes came as %+v", others)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("on the main queue\n got %+v\nwant %+v", got, want)
	}
	for _, m := range dead.receive(t, len(left)) { // they can be had at once
		if !left[aws.ToString(m.MessageId)] {
			t.Errorf("message %s is still on the dead-letter queue", aws.ToString(m.MessageId))
		}
	}

	if again, err := sqs.Redrive(t.Context(), dead.cfg, dead.url, main.url); err != nil || again != (sqs.Redriven{}) {
		t.Errorf("when nothing is to be had: got %+v, %v", again, err)
	}
}
