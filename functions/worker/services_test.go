package main

import (
	"io"
	"maps"
	"slices"
	"testing"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/config"
)

func TestTheWorkerKnowsItsQueuesByName(t *testing.T) {
	t.Parallel()
	const account = "https://sqs.eu-central-1.amazonaws.com/123456789012/"
	for name, tt := range map[string]struct {
		send, bulk string
		want       []string
	}{
		"both":            {account + "send", account + "bulk", []string{"bulk", "send"}},
		"one":             {account + "send", "", []string{"send"}},
		"none":            {"", "", nil},
		"under sam local": {"memory:", "memory:", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{
				"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
				"DMLY_KEY_FROM": "env:K", "K": "a-key", "LEDGER": "memory:", "SEND_QUEUE_URL": tt.send, "BULK_QUEUE_URL": tt.bulk,
				"SCHEDULE_GROUP": "later", "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/later",
				"SEND_DEAD_LETTER_QUEUE_URL": account + "send-dead", "BULK_DEAD_LETTER_QUEUE_URL": account + "bulk-dead",
			}
			s, err := stack.Open("worker", func(name string) string { return env[name] }, io.Discard, services, config.Sending, config.BatchQueues, config.Later)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(maps.Keys(byName(s.Queues))); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if schedules := s.Sender.Scheduler != nil; schedules != (len(tt.want) > 0) {
				t.Errorf("it has schedules: %v, for %d queues", schedules, len(tt.want))
			}
		})
	}
}
