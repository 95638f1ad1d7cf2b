package dynamodb

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/delivery"
)

// Problems implements [delivery.ProblemLister]: a Query of the index "attention", and further ones if the messages of a
// page come to over 1 MB, or some are past their time and not deleted yet. The index follows the table within about a
// second.
func (l *Ledger) Problems(ctx context.Context, state delivery.State, n int, cursor string, now time.Time) (items []delivery.Item, next string, err error) {
	after, err := delivery.PageAfter(state, n, cursor)
	if err != nil {
		return nil, "", err
	}
	input := &sdk.QueryInput{
		TableName:              l.table,
		IndexName:              aws.String("attention"),
		KeyConditionExpression: aws.String("attention = :state"),
		FilterExpression:       aws.String("forgetAt > :now"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":state": &types.AttributeValueMemberS{Value: string(state)},
			":now":   millis(now),
		},
		Limit: aws.Int32(int32(n) + 1), //nolint:gosec // n is at most 100; one more tells whether another page follows
	}
	if cursor != "" {
		from := writer(key(after.ID))
		from.attention(after)
		input.ExclusiveStartKey = from
	}
	for {
		output, err := l.client.Query(ctx, input)
		if err != nil {
			return nil, "", l.notListed(state, explain(ctx, err))
		}
		for _, attributes := range output.Items {
			if len(items) == n {
				return items, items[n-1].Place().Cursor(), nil
			}
			item, err := decode(attributes)
			if err != nil {
				id := (&reader{attributes: attributes}).id("pk", "sk")
				return nil, "", l.notListed(state, fmt.Errorf("message %s: %w", id, err))
			}
			items = append(items, item)
		}
		if len(output.LastEvaluatedKey) == 0 {
			return items, "", nil
		}
		input.ExclusiveStartKey = output.LastEvaluatedKey
	}
}

func (l *Ledger) notListed(state delivery.State, err error) error {
	return fmt.Errorf("list the %s messages in the DynamoDB table %s in %s: %w", state, *l.table, l.region, err)
}
