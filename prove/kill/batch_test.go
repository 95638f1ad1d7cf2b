package kill

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// received is a message as SQS gives it to whoever receives it.
func received() types.Message {
	return types.Message{
		MessageId: aws.String("m-1"), ReceiptHandle: aws.String("handle"), Body: aws.String("{}"), MD5OfBody: aws.String("md5"),
		Attributes: map[string]string{countReceives: "1", "SentTimestamp": "1796022000000"},
		MessageAttributes: map[string]types.MessageAttributeValue{
			refAttribute: {DataType: aws.String("String"), StringValue: aws.String("ref-000001")},
		},
	}
}

func TestARecordLooksAsLambdaWritesIt(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("../../events/worker/whatsapp-text.json")
	if err != nil {
		t.Fatal(err)
	}
	keys := func(event []byte) []string {
		var e struct{ Records []map[string]any }
		if err := json.Unmarshal(event, &e); err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range e.Records[0] {
			names = append(names, name)
		}
		slices.Sort(names)
		return slices.DeleteFunc(names, func(name string) bool { return name == "md5OfMessageAttributes" })
	}
	s := &stand{sendARN: "arn:aws:sqs:eu-central-1:000000000000:send"}
	d := s.asDelivered(received())
	if got, want := keys([]byte(encode(events.SQSEvent{Records: []delivered{d}}))), keys(sample); !reflect.DeepEqual(got, want) {
		t.Errorf("got fields %q, want %q", got, want)
	}
	if got, want := refOf(d), "ref-000001"; got != want {
		t.Errorf("got ref %q, want %q", got, want)
	}
}

func TestARecordThatComesAgainSaysSo(t *testing.T) {
	t.Parallel()
	first := (&stand{}).asDelivered(received())
	second := again(first)
	if got, want := second.Attributes[countReceives], "2"; got != want {
		t.Errorf("got %s receives, want %s", got, want)
	}
	if got, want := first.Attributes[countReceives], "1"; got != want {
		t.Errorf("the first: got %s receives, want %s", got, want)
	}
	if second.MessageId != first.MessageId || second.Body != first.Body {
		t.Error("it is another record")
	}
}

func TestTheAnswerMustNameRecordsOfTheBatch(t *testing.T) {
	t.Parallel()
	batch := []delivered{{MessageId: "m-1"}, {MessageId: "m-2"}}
	for response, want := range map[string]string{
		`{"batchItemFailures": []}`:                          "",
		`{"batchItemFailures": [{"itemIdentifier": "m-2"}]}`: "",
		`{"batchItemFailures": null}`:                        "has no list",
		`{}`:                                                 "has no list",
		`null`:                                               "has no list",
		`{"batchItemFailures": [{"itemIdentifier": ""}]}`:    "no record of the batch",
		`{"batchItemFailures": [{"itemIdentifier": "m-3"}]}`: "no record of the batch",
		`{"batchItemFailures": [], "errors": 1}`:             "no partial batch response",
		`"fine"`:                                             "no partial batch response",
	} {
		_, err := handedBack([]byte(response), batch)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: got %v", response, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want it to say %q", response, err, want)
		}
	}
	back, err := handedBack([]byte(`{"batchItemFailures": [{"itemIdentifier": "m-2"}]}`), batch)
	if want := map[string]bool{"m-2": true}; err != nil || !reflect.DeepEqual(back, want) {
		t.Errorf("got %v, %v, want %v", back, err, want)
	}
}
