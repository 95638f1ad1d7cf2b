// Package tabletest makes tables like the stack's, in an AWS stand-in. Only tests import it.
package tabletest

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// New makes a table like the template's, which goes with the test, and returns its name.
func New(t *testing.T, cfg aws.Config) string {
	t.Helper()
	client := sdk.NewFromConfig(cfg)
	name := "e2e-" + rand.Text()
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
