package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// cancelKeyPrefix begins the keys under which it stands which messages wait under one cancelKey: one item for each, whose
// range key is the message's id.
const cancelKeyPrefix = "k#"

// Keep implements [delivery.CancelKeys]: one conditional PutItem.
func (l *Ledger) Keep(ctx context.Context, cancelKey, id string, until time.Time) error {
	w := writer{}
	w.text("pk", cancelKeyPrefix+cancelKey)
	w.text("sk", id)
	w["forgetAt"] = millis(until)
	w.number("ttl", until.Add(ttlMargin).Unix())
	_, err := l.client.PutItem(ctx, &sdk.PutItemInput{
		TableName: l.table, Item: w, ConditionExpression: aws.String("attribute_not_exists(pk) OR forgetAt < :until"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":until": millis(until)},
	})
	if _, isLonger := errors.AsType[*types.ConditionalCheckFailedException](err); err == nil || isLonger {
		return nil
	}
	return l.failed("note the cancelKey of", id, explain(ctx, err))
}

// Under implements [delivery.CancelKeys]: one strongly consistent Query, and further ones if many are past their time and
// not deleted yet. The cursor is the last id.
func (l *Ledger) Under(ctx context.Context, cancelKey string, n int, cursor string, now time.Time) (ids []string, next string, err error) {
	input := &sdk.QueryInput{
		TableName: l.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk"),
		FilterExpression:       aws.String("forgetAt > :now"),
		ProjectionExpression:   aws.String("sk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":pk": &types.AttributeValueMemberS{Value: cancelKeyPrefix + cancelKey}, ":now": millis(now),
		},
		Limit: aws.Int32(int32(n) + 1), //nolint:gosec // n is a page; one more tells whether another follows
	}
	if cursor != "" {
		input.ExclusiveStartKey = map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: cancelKeyPrefix + cancelKey}, "sk": &types.AttributeValueMemberS{Value: cursor},
		}
	}
	for {
		output, err := l.client.Query(ctx, input)
		if err != nil {
			return nil, "", l.notUnder(explain(ctx, err))
		}
		for _, attributes := range output.Items {
			if len(ids) == n {
				return ids, ids[n-1], nil
			}
			r := &reader{attributes: attributes}
			ids = append(ids, r.text("sk"))
			if r.err != nil {
				return nil, "", l.notUnder(r.err)
			}
		}
		if len(output.LastEvaluatedKey) == 0 {
			return ids, "", nil
		}
		input.ExclusiveStartKey = output.LastEvaluatedKey
	}
}

func (l *Ledger) notUnder(err error) error {
	return fmt.Errorf("list what waits under a cancelKey in the DynamoDB table %s in %s: %w", *l.table, l.region, err)
}
