// Package dynamodb keeps the records of campaigns in the ledger's DynamoDB table: under the keys "campaign#<id>" and
// "campaign". Those that have something left to do are in its sparse index "attention", as "campaign".
package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/campaign"
	"dmlysender/shared/table"
)

const (
	keyPrefix = "campaign#"
	rangeKey  = "campaign"
	attention = "campaign"
	// timeForm has a fixed width, so that its order as text is its order in time.
	timeForm = "2006-01-02T15:04:05.000Z"
	// ttlMargin is added to the TTL, as DynamoDB's clock and ours may differ. Nothing depends on the deletion.
	ttlMargin = time.Hour

	whereNothingStands = "attribute_not_exists(pk) OR forgetAt <= :now"
	whereNamedStands   = "revision = :over"
)

// Store is a [campaign.Store] in a DynamoDB table. It is safe for concurrent use. Errors are those of package table.
type Store struct {
	client *sdk.Client
	table  *string
	region string
}

var _ campaign.Store = (*Store)(nil)

// Open returns the store in the table with this name or ARN. Nothing is sent before the first use.
func Open(cfg aws.Config, table string) *Store {
	return &Store{client: sdk.NewFromConfig(cfg), table: aws.String(table), region: cfg.Region}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(keyPrefix + id), "sk": text(rangeKey)}
}

// encode is the record as it stands in the table: as JSON, with what conditions, the index and whoever looks at it in the
// console need beside it.
func encode(r campaign.Record) (map[string]types.AttributeValue, error) {
	record, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode campaign %s: %w", r.ID, err)
	}
	item := key(r.ID)
	item["record"] = text(string(record))
	item["revision"] = text(r.Revision)
	item["state"] = text(string(r.State))
	if !r.ForgetAt.IsZero() {
		item["forgetAt"] = number(r.ForgetAt.UnixMilli())
		item["ttl"] = number(r.ForgetAt.Add(ttlMargin).Unix())
	}
	if r.Active() {
		item["attention"] = text(attention)
		item["attentionAt"] = text(r.StartedAt.UTC().Format(timeForm))
	}
	return item, nil
}

// decode reads what encode wrote; ok is false if nothing stands, or its time is over.
func decode(item map[string]types.AttributeValue, now time.Time) (r campaign.Record, ok bool, err error) {
	if len(item) == 0 {
		return campaign.Record{}, false, nil
	}
	record, _ := item["record"].(*types.AttributeValueMemberS)
	if record == nil {
		return campaign.Record{}, false, errors.New(`the item is damaged: its attribute "record" is not a string`)
	}
	if err := json.Unmarshal([]byte(record.Value), &r); err != nil {
		return campaign.Record{}, false, errors.New(`the item is damaged: its attribute "record" is no campaign's`)
	}
	return r, r.ForgetAt.IsZero() || now.Before(r.ForgetAt), nil
}

// Get implements [campaign.Store]: one strongly consistent GetItem.
func (s *Store) Get(ctx context.Context, id string, now time.Time) (campaign.Record, bool, error) {
	output, err := s.client.GetItem(ctx, &sdk.GetItemInput{TableName: s.table, Key: key(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return campaign.Record{}, false, s.failed("read campaign "+id, explain(ctx, err))
	}
	r, ok, err := decode(output.Item, now)
	if err != nil {
		return campaign.Record{}, false, s.failed("read campaign "+id, err)
	}
	if !ok {
		return campaign.Record{}, false, nil
	}
	return r, true, nil
}

// Put implements [campaign.Store]: one conditional PutItem, which returns the item that stands if the condition fails.
func (s *Store) Put(ctx context.Context, r campaign.Record, over string, now time.Time) (bool, error) {
	item, err := encode(r)
	if err != nil {
		return false, err
	}
	input := &sdk.PutItemInput{
		TableName: s.table, Item: item, ConditionExpression: aws.String(whereNothingStands),
		ExpressionAttributeValues:           map[string]types.AttributeValue{":now": number(now.UnixMilli())},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if over != "" {
		input.ConditionExpression = aws.String(whereNamedStands)
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":over": text(over)}
	}
	_, err = s.client.PutItem(ctx, input)
	if failed, isFailed := errors.AsType[*types.ConditionalCheckFailedException](err); isFailed {
		// The SDK repeats a write whose answer was lost, and so can run into its own first try.
		revision, _ := failed.Item["revision"].(*types.AttributeValueMemberS)
		return revision != nil && revision.Value == r.Revision, nil
	}
	if err != nil {
		return false, s.failed("write campaign "+r.ID, explain(ctx, err))
	}
	return true, nil
}

// Active implements [campaign.Store]: a Query of the index "attention", which follows the table within about a second.
func (s *Store) Active(ctx context.Context) ([]string, error) {
	input := &sdk.QueryInput{
		TableName: s.table, IndexName: aws.String("attention"),
		KeyConditionExpression:    aws.String("attention = :campaign"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":campaign": text(attention)},
		ProjectionExpression:      aws.String("pk"),
	}
	var ids []string
	for {
		output, err := s.client.Query(ctx, input)
		if err != nil {
			return nil, s.failed("list the campaigns", explain(ctx, err))
		}
		for _, item := range output.Items {
			if pk, ok := item["pk"].(*types.AttributeValueMemberS); ok {
				ids = append(ids, strings.TrimPrefix(pk.Value, keyPrefix))
			}
		}
		if len(output.LastEvaluatedKey) == 0 {
			return ids, nil
		}
		input.ExclusiveStartKey = output.LastEvaluatedKey
	}
}

func explain(ctx context.Context, err error) error {
	return table.Explain(ctx, err, "dynamodb:GetItem and dynamodb:PutItem, and dynamodb:Query on its index attention,")
}

func (s *Store) failed(did string, err error) error {
	return fmt.Errorf("%s in the DynamoDB table %s in %s: %w", did, *s.table, s.region, err)
}
