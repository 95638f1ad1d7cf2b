package awsconf_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"dmlysender/shared/awsconf/awstest"
)

// A service may repeat in its error what it was asked to do.
func TestWhatAServiceSaysIsNotInTheTextOfAnError(t *testing.T) {
	t.Parallel()
	cfg := awstest.ConfigFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		awstest.Refuse(http.StatusBadRequest, "ValidationException", "this is not valid: "+string(asked))(w, r)
	}))
	for name, call := range map[string]func() error{
		"dynamodb": func() error {
			item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "to +15551234567"}}
			_, err := dynamodb.NewFromConfig(cfg).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("t"), Item: item})
			return err
		},
		"sqs": func() error {
			_, err := sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("to +15551234567")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := call()
			if err == nil || !strings.Contains(err.Error(), "ValidationException: (its words are left out)") || strings.Contains(err.Error(), "555") {
				t.Errorf("got %v", err)
			}
			if refused, ok := errors.AsType[smithy.APIError](err); !ok || !strings.Contains(refused.ErrorMessage(), "+15551234567") {
				t.Errorf("got %+v, want the service's words in it", refused)
			}
		})
	}
}
