package main

import (
	"io"
	"testing"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/config"
)

func TestTheServicesCanBeAskedForMoreThanSending(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"on AWS": {
			"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
			"DMLY_KEY_FROM": "secretsmanager:dmly", "LEDGER": "dynamodb:table", "INBOUND_KEYS_FROM": "secretsmanager:inbound",
			"SEND_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/send",
			"BULK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk",
			"SCHEDULE_GROUP": "later", "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/later",
			"SEND_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/send-dead",
			"BULK_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk-dead",
		},
		"under sam local": {
			"DMLY_KEY_FROM": "env:K", "K": "a-key", "LEDGER": "memory:", "INBOUND_KEYS_FROM": "env:I", "I": "a-key",
			"SEND_QUEUE_URL": "memory:", "BULK_QUEUE_URL": "memory:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := stack.Open("api", func(name string) string { return env[name] }, io.Discard, services, config.Sending, config.Queues, config.Later, config.Callers)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Insight(); err != nil {
				t.Error(err)
			}
		})
	}
}
