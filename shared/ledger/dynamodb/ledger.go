// Package dynamodb keeps the ledger in a DynamoDB table: hash key "pk" and range key "sk", both strings, TTL on "ttl",
// and a sparse index "attention" (hash "attention", range "attentionAt") of the messages that a person should look at.
// What an item looks like stands in item.go.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/table"
)

// What has to be true of the item that stands for a write to take place. Both compare with our own time: DynamoDB deletes
// what is past its TTL only within days, and until then it stands in the way.
const (
	whereNothingStands = "attribute_not_exists(pk) OR forgetAt <= :now"
	whereNamedStands   = "revision = :over AND forgetAt > :now"
)

// Ledger is a [delivery.Ledger] and a [delivery.ProblemLister] in a DynamoDB table, and tells how campaigns stand. Times keep
// their milliseconds. It is safe for concurrent use.
//
// Its errors say which message and which table they are about; they match [ErrTableNotFound], [ErrAccessDenied] or
// [delivery.ErrThrottled] where one applies, else wrap the SDK's, and contain nothing of a message. Throttling is an error
// once the SDK's own retries are used up.
type Ledger struct {
	client *sdk.Client
	table  *string
	region string
}

var (
	_ delivery.Ledger        = (*Ledger)(nil)
	_ delivery.ProblemLister = (*Ledger)(nil)
	_ delivery.CancelKeys    = (*Ledger)(nil)
)

// Open returns the ledger in the table with this name or ARN. Nothing is sent before the first Put or Get. Region,
// credentials, endpoint and retries are those of cfg (package awsconf).
func Open(cfg aws.Config, name string) *Ledger {
	return &Ledger{client: table.Client(cfg), table: aws.String(name), region: cfg.Region}
}

// Put implements [delivery.Ledger]: one conditional PutItem, which returns the item that stands if the condition fails.
func (l *Ledger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (standing delivery.Item, ok bool, err error) {
	input := &sdk.PutItemInput{
		TableName:           l.table,
		Item:                encode(item),
		ConditionExpression: aws.String(whereNothingStands),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":now": millis(now),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if over != "" {
		input.ConditionExpression = aws.String(whereNamedStands)
		input.ExpressionAttributeValues[":over"] = &types.AttributeValueMemberS{Value: over}
	}
	_, err = l.client.PutItem(ctx, input)
	if err == nil {
		return item, true, nil
	}
	if failed, isFailed := errors.AsType[*types.ConditionalCheckFailedException](err); isFailed {
		standing, found, err := live(failed.Item, now)
		if err != nil {
			return delivery.Item{}, false, l.failed("read what stands in the way of", item.ID, err)
		}
		// The SDK repeats a write whose answer was lost, and so can run into its own first try.
		return standing, found && standing.Revision == item.Revision, nil
	}
	return delivery.Item{}, false, l.failed("write", item.ID, explain(ctx, err))
}

// Get implements [delivery.Ledger]: one strongly consistent GetItem.
func (l *Ledger) Get(ctx context.Context, id string, now time.Time) (item delivery.Item, ok bool, err error) {
	output, err := l.client.GetItem(ctx, &sdk.GetItemInput{TableName: l.table, Key: key(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return delivery.Item{}, false, l.failed("read", id, explain(ctx, err))
	}
	item, ok, err = live(output.Item, now)
	if err != nil {
		return delivery.Item{}, false, l.failed("read", id, err)
	}
	return item, ok, nil
}

// live decodes what stands in the table, unless nothing does or its time is over.
func live(attributes map[string]types.AttributeValue, now time.Time) (delivery.Item, bool, error) {
	if len(attributes) == 0 {
		return delivery.Item{}, false, nil
	}
	item, err := decode(attributes)
	if err != nil || !now.Before(item.ForgetAt) {
		return delivery.Item{}, false, err
	}
	return item, true, nil
}

func (l *Ledger) failed(did, id string, err error) error {
	return fmt.Errorf("%s message %s in the DynamoDB table %s in %s: %w", did, id, *l.table, l.region, err)
}
