//go:build e2e

package dynamodb_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/ledger/ledgertest"
	"dmlysender/shared/table/tabletest"
)

func TestE2EDynamoDBIsALedger(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	table := tabletest.New(t, cfg)
	ledgertest.Run(t, func(*testing.T) delivery.Ledger { return dynamodb.Open(cfg, table) })
}

func TestE2EProblemsAreListedUntilTheyAreSettled(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	client := sdk.NewFromConfig(cfg)
	table := tabletest.New(t, cfg)
	l := dynamodb.Open(cfg, table)
	// The index follows the table with a delay.
	listed := func(want ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var got []string
			output, err := client.Query(ctx, &sdk.QueryInput{
				TableName: aws.String(table), IndexName: aws.String("attention"),
				KeyConditionExpression:    aws.String("attention = :state"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":state": &types.AttributeValueMemberS{Value: "unknown"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range output.Items {
				if key, ok := item["pk"].(*types.AttributeValueMemberS); ok {
					got = append(got, key.Value)
				}
			}
			if slices.Equal(got, want) {
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	write := func(id, revision, over string, state delivery.State, at time.Time) {
		t.Helper()
		item := sent(id, revision)
		item.State = state
		item.History = append(item.History, delivery.Transition{At: at, State: state})
		if _, ok, err := l.Put(t.Context(), item, over, noon); !ok || err != nil {
			t.Fatalf("%s: got %v, %v", id, ok, err)
		}
	}
	write("later", "r1", "", delivery.Unknown, noon.Add(time.Second))
	write("first", "r1", "", delivery.Unknown, noon)
	write("fine", "r1", "", delivery.Sent, noon)
	listed("m#first", "m#later")
	write("first", "r2", "r1", delivery.Sent, noon)
	listed("m#later")
}

func TestE2EAMissingTableIsSaid(t *testing.T) {
	t.Parallel()
	l := dynamodb.Open(awstest.EndToEnd(t), "ledger-e2e-missing-"+rand.Text())
	if _, _, err := l.Get(t.Context(), "order-1", noon); !errors.Is(err, dynamodb.ErrTableNotFound) {
		t.Errorf("Get: got %v, want %v", err, dynamodb.ErrTableNotFound)
	}
	if _, _, err := l.Put(t.Context(), sent("order-1", "r1"), "", noon); !errors.Is(err, dynamodb.ErrTableNotFound) {
		t.Errorf("Put: got %v, want %v", err, dynamodb.ErrTableNotFound)
	}
}
