// Package table has what the packages have in common that share the stack's DynamoDB table: its client, and what its errors ask somebody to do.
package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"dmlysender/shared/delivery"
)

// Reasons for which the table cannot be used until somebody changes something, for errors.Is.
var (
	// ErrNotFound: there is no table of that name in the account and Region, or it is still being created.
	ErrNotFound = errors.New("table not found")
	// ErrAccessDenied: the function's role may not read or write the table.
	ErrAccessDenied = errors.New("access denied")
)

// throttled goes by the SDK's own list of codes: ProvisionedThroughputExceededException, ThrottlingException, and others.
func throttled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// Explain turns the errors of DynamoDB that an operator can do something about into a sentence that says what; those that
// time may mend match [delivery.ErrThrottled]. Actions are
// those that the function's role needs, such as "dynamodb:GetItem and dynamodb:PutItem".
func Explain(ctx context.Context, err error, actions string) error {
	// The SDK's deserialization error carries a copy of the answer, and with it what a message says.
	if _, unreadable := errors.AsType[*smithy.DeserializationError](err); unreadable {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the answer was cut short or is not what DynamoDB writes: " +
			"if it stays so, check AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB")
	}
	if throttled(err) {
		return fmt.Errorf("%w: if it lasts, raise the limits of the table or of the account (%w)", delivery.ErrThrottled, err)
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch refused.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: deploy the stack that creates it, or correct LEDGER and AWS_REGION (%s)", ErrNotFound, refused.ErrorCode())
	case "AccessDeniedException", "AccessDenied":
		return fmt.Errorf("%w: allow the function's role %s on the table, "+
			"and the use of its KMS key if it has one of your own (%s)", ErrAccessDenied, actions, refused.ErrorMessage())
	}
	return err
}
