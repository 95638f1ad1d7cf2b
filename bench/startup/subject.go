package main

import (
	"fmt"
	"strings"
)

// subject is a function with one configuration.
type subject struct {
	function string
	ledger   string  // LEDGER.
	limit    float64 // The most that its start may take, as a multiple of hello world's.
	env      []string
}

func (s subject) String() string {
	return s.function + " with LEDGER=" + s.ledger
}

// limits are the most that users are to feel of each function's start, as multiples of hello world.
var limits = map[string]float64{"worker": 2, "schedule": 2, "api": 2.5}

// choose returns each of the named functions with both kinds of ledger.
func choose(functions []string) ([]subject, error) {
	var subjects []subject
	for _, function := range functions {
		function = strings.TrimSpace(function)
		limit, ok := limits[function]
		if !ok {
			return nil, fmt.Errorf("-functions names %q: it takes worker, schedule and api", function)
		}
		subjects = append(subjects,
			subject{function, "memory:", limit, localEnv()},
			subject{function, "dynamodb:bench-table", limit, cloudEnv(function)})
	}
	return subjects, nil
}

// awsEnv is what Lambda sets for every function, with made-up credentials. Nothing may be called while a function starts; should one
// try, the endpoint makes it fail here instead of reaching AWS.
func awsEnv() []string {
	return []string{
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
		"AWS_ENDPOINT_URL=http://127.0.0.1:1", "_HANDLER=bootstrap", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"DMLY_RATE_PER_MINUTE=100",
	}
}

// localEnv is the configuration without a cloud. It has no function name: memory: and env: are refused where there is one.
func localEnv() []string {
	return append(awsEnv(), "LEDGER=memory:",
		"DMLY_KEY_FROM=env:DMLY_API_KEY", "DMLY_API_KEY=bench-key-0001",
		"SEND_QUEUE_URL=memory:", "BULK_QUEUE_URL=memory:",
		"INBOUND_KEYS_FROM=env:INBOUND_KEYS", "INBOUND_KEYS=bench-caller-key-0001-0123456789abcdef")
}

// cloudEnv is the configuration of a deployed function.
func cloudEnv(function string) []string {
	return append(awsEnv(), "LEDGER=dynamodb:bench-table",
		"AWS_LAMBDA_FUNCTION_NAME="+function, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"DMLY_KEY_FROM=secretsmanager:bench/dmly-key",
		"SEND_QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/bench-send",
		"BULK_QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/bench-bulk",
		"SCHEDULE_GROUP=bench", "AUDIENCE_BUCKET=bench", "SCHEDULE_ROLE_ARN=arn:aws:iam::000000000000:role/bench",
		"SEND_DEAD_LETTER_QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/bench-send-dead",
		"BULK_DEAD_LETTER_QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/bench-bulk-dead",
		"INBOUND_KEYS_FROM=secretsmanager:bench/inbound-keys")
}
