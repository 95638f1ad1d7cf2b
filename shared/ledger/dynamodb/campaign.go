package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
)

const (
	// campaignPrefix begins the keys of a campaign's messages. They stand together in a few partitions, so that they can be
	// counted by a query of the table itself, and at a campaign's pace no partition is too busy.
	campaignPrefix = "c#"
	// shards are the last part of such a key, one character each: four bits of the message's hash.
	shards = "0123456789abcdef"

	maxBatchGet = 100
	// maxUnprocessed is how often keys are asked for that DynamoDB gave back unprocessed, with twice the wait each time.
	maxUnprocessed  = 8
	unprocessedWait = 50 * time.Millisecond
	// maxBatches is how many batches are under way at the same time.
	maxBatches = 8
)

// shardKey is the key of a part of a campaign's messages.
func shardKey(campaign string, shard byte) string {
	return campaignPrefix + campaign + "#" + string(shard)
}

// shardOf is the part that a message with this hash, of letters and the digits 2 to 7, belongs to.
func shardOf(hash string) byte {
	value := hash[0] - 'a'
	if hash[0] <= '7' {
		value = hash[0] - '2' + 26
	}
	return shards[value%byte(len(shards))]
}

// campaignID is the id of the message that stands under these keys; ok is false if none does.
func campaignID(pk, sk string) (id string, ok bool) {
	campaign, _, _ := strings.Cut(strings.TrimPrefix(pk, campaignPrefix), "#")
	id = "c." + campaign + "." + sk
	_, hash, ok := ledger.CampaignOf(id)
	return id, ok && pk == shardKey(campaign, shardOf(hash))
}

// Counts says how many messages of a campaign stand in each state: strongly consistent queries of its 16 parts, at the same
// time. DynamoDB reads all of the items for it, 4 KB for one unit: a campaign of a million costs about 120,000.
func (l *Ledger) Counts(ctx context.Context, campaign string, now time.Time) (map[delivery.State]int, error) {
	var mu sync.Mutex
	counts := map[delivery.State]int{}
	err := inParallel(ctx, len(shards), len(shards), func(ctx context.Context, i int) error {
		return l.countShard(ctx, shardKey(campaign, shards[i]), now, func(state delivery.State) {
			mu.Lock()
			defer mu.Unlock()
			counts[state]++
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count the messages of campaign %s in the DynamoDB table %s in %s: %w", campaign, *l.table, l.region, err)
	}
	return counts, nil
}

func (l *Ledger) countShard(ctx context.Context, pk string, now time.Time, count func(delivery.State)) error {
	input := &sdk.QueryInput{
		TableName: l.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:   aws.String("pk = :pk"),
		FilterExpression:         aws.String("forgetAt > :now"),
		ProjectionExpression:     aws.String("#state"),
		ExpressionAttributeNames: map[string]string{"#state": "state"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":pk": &types.AttributeValueMemberS{Value: pk}, ":now": millis(now),
		},
	}
	for {
		output, err := l.client.Query(ctx, input)
		if err != nil {
			return explain(ctx, err)
		}
		for _, attributes := range output.Items {
			r := &reader{attributes: attributes}
			count(delivery.State(r.text("state")))
			if r.err != nil {
				return r.err
			}
		}
		if len(output.LastEvaluatedKey) == 0 {
			return nil
		}
		input.ExclusiveStartKey = output.LastEvaluatedKey
	}
}

// States looks up many messages: strongly consistent BatchGetItems of up to 100, without their content.
func (l *Ledger) States(ctx context.Context, ids []string, now time.Time) (map[string]delivery.Item, error) {
	var keys []map[string]types.AttributeValue
	asked := map[string]bool{}
	for _, id := range ids {
		if !asked[id] { // DynamoDB refuses a key that is there twice
			asked[id] = true
			keys = append(keys, key(id))
		}
	}
	var mu sync.Mutex
	items := map[string]delivery.Item{}
	batches := (len(keys) + maxBatchGet - 1) / maxBatchGet
	err := inParallel(ctx, batches, maxBatches, func(ctx context.Context, i int) error {
		return l.batchGet(ctx, keys[i*maxBatchGet:min((i+1)*maxBatchGet, len(keys))], now, func(item delivery.Item) {
			mu.Lock()
			defer mu.Unlock()
			items[item.ID] = item
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look up %d messages in the DynamoDB table %s in %s: %w", len(keys), *l.table, l.region, err)
	}
	return items, nil
}

func (l *Ledger) batchGet(ctx context.Context, keys []map[string]types.AttributeValue, now time.Time, found func(delivery.Item)) error {
	wait := unprocessedWait
	for range maxUnprocessed {
		output, err := l.client.BatchGetItem(ctx, &sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*l.table: {
			Keys: keys, ConsistentRead: aws.Bool(true),
			ProjectionExpression:     aws.String("pk, sk, #state, generation, fingerprint, revision, takenBack, refused, history, forgetAt"),
			ExpressionAttributeNames: map[string]string{"#state": "state"},
		}}})
		if err != nil {
			return explain(ctx, err)
		}
		for _, of := range output.Responses { // of the one table that was asked, by its name or its ARN
			for _, attributes := range of {
				item, ok, err := live(attributes, now)
				if err != nil {
					return err
				}
				if ok {
					found(item)
				}
			}
		}
		keys = nil
		for _, left := range output.UnprocessedKeys {
			keys = append(keys, left.Keys...)
		}
		if len(keys) == 0 {
			return nil
		}
		if err := (delivery.SystemClock{}).Sleep(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
	return fmt.Errorf("%w: %d keys were not processed", delivery.ErrThrottled, len(keys))
}

// inParallel does n things, so many at the same time. The first error ends what is under way.
func inParallel(ctx context.Context, n, atOnce int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	free := make(chan struct{}, max(atOnce, 1))
	for i := range n {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if ctx.Err() != nil {
				return
			}
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return ctx.Err()
}
