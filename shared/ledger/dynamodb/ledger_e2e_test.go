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
)

// newTable makes a table like the template's, which goes with the test.
func newTable(t *testing.T, client *sdk.Client) string {
	t.Helper()
	name := "ledger-e2e-" + rand.Text()
	var definitions []types.AttributeDefinition
	for _, attribute := range []string{"pk", "sk", "attention", "attentionAt"} {
		definitions = append(definitions, types.AttributeDefinition{AttributeName: aws.String(attribute), AttributeType: types.ScalarAttributeTypeS})
	}
	_, err := client.CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: definitions, KeySchema: keys("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("attention"), KeySchema: keys("attention", "attentionAt"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		_, err := client.DeleteTable(ctx, &sdk.DeleteTableInput{TableName: aws.String(name)})
		// A repeat whose first try had succeeded finds nothing.
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !gone {
			t.Errorf("the table %s stays behind: %v", name, err)
		}
	})
	wait := sdk.NewTableExistsWaiter(client)
	if err := wait.Wait(t.Context(), &sdk.DescribeTableInput{TableName: aws.String(name)}, time.Minute); err != nil {
		t.Fatal(err)
	}
	return name
}

func keys(hash, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
	}
}

func TestE2EDynamoDBIsALedger(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	table := newTable(t, sdk.NewFromConfig(cfg))
	ledgertest.Run(t, func(*testing.T) delivery.Ledger { return dynamodb.Open(cfg, table) })
}

func TestE2EProblemsAreListedUntilTheyAreSettled(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	client := sdk.NewFromConfig(cfg)
	table := newTable(t, client)
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
