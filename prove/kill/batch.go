package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	receiveWait   = 1 // second of long polling
	countReceives = "ApproximateReceiveCount"
	// refAttribute is the message attribute with the ref of what feed puts on the queue; the worker does not know it.
	refAttribute = "ref"
	// idAttribute is the one with the message's id in a record that a function has put there.
	idAttribute = "dmlysender.id"
)

// delivered is a record as SQS delivered it.
type delivered = events.SQSMessage

// ofFeed says whether a record was put on the queue by feed; the others are the functions' own.
func ofFeed(d delivered) bool { return d.MessageAttributes[refAttribute].StringValue != nil }

// refOf is the message that a record belongs to.
func refOf(d delivered) string {
	if ofFeed(d) {
		return aws.ToString(d.MessageAttributes[refAttribute].StringValue)
	}
	return refWith(aws.ToString(d.MessageAttributes[idAttribute].StringValue))
}

// receive gets at most n records.
func (s *stand) receive(ctx context.Context, n int) ([]delivered, error) {
	output, err := s.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(s.sendURL), MaxNumberOfMessages: int32(n), WaitTimeSeconds: receiveWait, //nolint:gosec // at most ten
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("receive from the queue: %w", err)
	}
	batch := make([]delivered, len(output.Messages))
	for i, m := range output.Messages {
		batch[i] = s.asDelivered(m)
	}
	return batch, nil
}

// asDelivered is a message in the form in which Lambda hands it to a function.
func (s *stand) asDelivered(m types.Message) delivered {
	d := delivered{
		MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
		Md5OfBody: aws.ToString(m.MD5OfBody), Md5OfMessageAttributes: aws.ToString(m.MD5OfMessageAttributes), Attributes: m.Attributes,
		MessageAttributes: map[string]events.SQSMessageAttribute{},
		EventSource:       "aws:sqs", EventSourceARN: s.sendARN, AWSRegion: region,
	}
	for name, a := range m.MessageAttributes {
		d.MessageAttributes[name] = events.SQSMessageAttribute{
			StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: aws.ToString(a.DataType),
			StringListValues: []string{}, BinaryListValues: [][]byte{},
		}
	}
	return d
}

// again is the record as it is delivered the next time.
func again(d delivered) delivered {
	attributes := maps.Clone(d.Attributes)
	receives, err := strconv.Atoi(attributes[countReceives])
	if err != nil {
		receives = 1
	}
	attributes[countReceives] = strconv.Itoa(receives + 1)
	d.Attributes = attributes
	return d
}

func contains(batch []delivered, messageID string) bool {
	return slices.ContainsFunc(batch, func(d delivered) bool { return d.MessageId == messageID })
}

// delete acknowledges records.
func (s *stand) delete(ctx context.Context, batch []delivered) error {
	if len(batch) == 0 {
		return nil
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(batch))
	for i, d := range batch {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(d.ReceiptHandle)}
	}
	// An entry fails if its receipt handle is an old one: the record has been received by another since.
	_, err := s.queues.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(s.sendURL), Entries: entries})
	if err != nil {
		return fmt.Errorf("delete from the queue: %w", err)
	}
	return nil
}

// handedBack reads the worker's answer: which records have to come back. It must be a list of records of the batch.
func handedBack(response []byte, batch []delivered) (map[string]bool, error) {
	var answer struct {
		BatchItemFailures *[]struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	decoder := json.NewDecoder(bytes.NewReader(response))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("it is no partial batch response: %w", err)
	}
	if answer.BatchItemFailures == nil {
		return nil, errors.New("it has no list batchItemFailures")
	}
	back := map[string]bool{}
	for _, failure := range *answer.BatchItemFailures {
		if !contains(batch, failure.ItemIdentifier) {
			return nil, fmt.Errorf("it names %q, which is no record of the batch", failure.ItemIdentifier)
		}
		back[failure.ItemIdentifier] = true
	}
	return back, nil
}
