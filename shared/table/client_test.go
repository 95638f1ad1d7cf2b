package table_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/table"
)

func TestMain(m *testing.M) { awstest.RunWithoutEnv(m) }

func TestACallDescribesItselfAndNotItsClient(t *testing.T) {
	t.Parallel()
	var got http.Header
	cfg := awstest.ConfigFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		awstest.Answer(http.StatusOK, `{}`)(w, r)
	}))
	client, key := table.Client(cfg), map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "m#1"}}
	for call, do := range map[string]func() error{
		"PutItem": func() error {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("ledger"), Item: key})
			return err
		},
		"GetItem": func() error {
			_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("ledger"), Key: key})
			return err
		},
		"UpdateItem": func() error {
			_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String("ledger"), Key: key})
			return err
		},
		"Query": func() error {
			_, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("ledger")})
			return err
		},
	} {
		if err := do(); err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		for _, name := range []string{"Amz-Sdk-Invocation-Id", "X-Amzn-Trace-Id"} {
			if value := got.Get(name); value != "" {
				t.Errorf("%s: got %s %q", call, name, value)
			}
		}
		if agent := got.Get("User-Agent"); agent != "Go-http-client/1.1" {
			t.Errorf("%s: got the agent %q", call, agent)
		}
		if got.Get("Authorization") == "" || got.Get("X-Amz-Date") == "" || got.Get("X-Amz-Target") != "DynamoDB_20120810."+call {
			t.Errorf("%s: got %v, want it signed", call, got)
		}
	}
}
