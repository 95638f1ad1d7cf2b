package sqs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/delivery"
)

// The limits of SQS:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const (
	maxBatch = 10
	// maxBytes is for one message as for a whole batch, attributes included.
	maxBytes      = 1 << 20
	maxDelay      = 15 * time.Minute
	maxGroup      = 128
	maxAttributes = 10
)

const stringType = "String"

// entry is a record in the form in which SQS takes it.
type entry struct {
	id      string
	request types.SendMessageBatchRequestEntry
	// bytes is its size.
	bytes int
}

func newEntry(r delivery.Record) (entry, error) {
	body, encoding := encodeBody(r.Body)
	var attributes map[string]types.MessageAttributeValue
	for name, value := range Attributes(r) {
		attributes = withAttribute(attributes, name, value)
	}
	if encoding != "" {
		attributes = withAttribute(attributes, EncodingAttribute, encoding)
	}
	e := entry{id: r.ID, bytes: size(body, attributes), request: types.SendMessageBatchRequestEntry{
		MessageBody:       aws.String(body),
		MessageAttributes: attributes,
		MessageGroupId:    group(r.Group),
		DelaySeconds:      int32(math.Ceil(min(max(r.Delay, 0), maxDelay).Seconds())),
	}}
	switch {
	case body == "":
		return e, errors.New("its body is empty")
	case !carried(r.ID):
		return e, errors.New("its id has characters that SQS does not carry")
	case e.bytes > maxBytes:
		return e, fmt.Errorf("it has %d bytes with its attributes; SQS takes %d", e.bytes, maxBytes)
	case r.Delay > maxDelay:
		return e, fmt.Errorf("its delay is %v; SQS holds a record back for at most %v", r.Delay, maxDelay)
	}
	return e, nil
}

// withAttribute sets one of the attributes, which may be nil for none, to a text.
func withAttribute(attributes map[string]types.MessageAttributeValue, name, value string) map[string]types.MessageAttributeValue {
	if attributes == nil {
		attributes = map[string]types.MessageAttributeValue{}
	}
	attributes[name] = types.MessageAttributeValue{DataType: aws.String(stringType), StringValue: aws.String(value)}
	return attributes
}

// size is what counts against maxBytes.
func size(body string, attributes map[string]types.MessageAttributeValue) int {
	bytes := len(body)
	for name, value := range attributes {
		bytes += len(name) + len(aws.ToString(value.DataType)) + len(aws.ToString(value.StringValue)) + len(value.BinaryValue)
	}
	return bytes
}

// group is the MessageGroupId: on a standard queue it keeps one tenant from holding up the others, and has no other
// effect. A workspace that SQS would not take as one (over 128 characters, or not visible ASCII) is stood for by its hash.
func group(workspace string) *string {
	if workspace == "" {
		return nil
	}
	fits := len(workspace) <= maxGroup
	for i := range len(workspace) {
		fits = fits && workspace[i] > ' ' && workspace[i] <= '~'
	}
	if !fits {
		sum := sha256.Sum256([]byte(workspace))
		workspace = "sha256-" + hex.EncodeToString(sum[:])
	}
	return &workspace
}

// batchLength is how many of the entries, from the first, make a batch: at least one.
func batchLength(entries []entry) int {
	bytes := 0
	for n, e := range entries {
		bytes += e.bytes
		if n == maxBatch || bytes > maxBytes {
			return n
		}
	}
	return len(entries)
}
