package table

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

// Client returns the client of DynamoDB for the calls that every message makes. It leaves out of them what only describes the client. Region,
// credentials, endpoint and retries are those of cfg (package awsconf).
func Client(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, undescribed) })
}

// undescribed takes the steps out of a call that make headers for the statistics of AWS (User-Agent, which comes to some 100 bytes put
// together anew for each call), for its support (an id of the call beside the one in the answer), and for Lambda, which looks for loops
// where other services invoke functions. They, and signing them, are a twentieth of the processor time of a message.
func undescribed(stack *middleware.Stack) error {
	for _, id := range []string{"UserAgent", "ClientRequestID", "RecursionDetection"} {
		if _, err := stack.Build.Remove(id); err != nil {
			return fmt.Errorf("leave %s out of a call: %w", id, err)
		}
	}
	return nil
}
