package stack_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

var onAWS = map[string]string{
	"AWS_LAMBDA_FUNCTION_NAME": "api", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
	"DMLY_KEY_FROM": "secretsmanager:dmly", "LEDGER": "dynamodb:table", "SEND_QUEUE_URL": "https://sqs/send", "BULK_QUEUE_URL": "https://sqs/bulk",
}

var locally = map[string]string{
	"DMLY_KEY_FROM": "env:K", "K": "a-key", "LEDGER": "memory:", "SEND_QUEUE_URL": "memory:", "BULK_QUEUE_URL": "memory:",
}

// brokenQueue is one that cannot be counted.
type brokenQueue struct{ delivery.Queue }

func (brokenQueue) Depth(context.Context) (int, error) { return 0, errors.New("no permission") }

func TestWhatIsInMemoryCanBeAskedAsWell(t *testing.T) {
	t.Parallel()
	s, err := open(locally, stack.AWS{}, config.Sending, config.Queues)
	if err != nil {
		t.Fatal(err)
	}
	insight, err := s.Insight()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if at, ok := insight.Forecast.Estimate(t.Context(), message.Message{}); !ok || at.Before(begin.Add(-time.Second)) || at.After(time.Now()) {
		t.Errorf("got an estimate of %v, %v, want now", at, ok)
	}
	if problems, _, err := insight.Problems.Problems(t.Context(), delivery.Unknown, 10, "", begin); len(problems) > 0 || err != nil {
		t.Errorf("got the problems %v, %v", problems, err)
	}
	for _, q := range []delivery.Backlog{insight.Normal, insight.Bulk} {
		if depth, err := q.Depth(t.Context()); depth != 0 || err != nil {
			t.Errorf("got a depth of %d, %v", depth, err)
		}
	}
	if o, err := insight.Pace.Outlook(t.Context(), delivery.Account{Name: "default"}); o.Interval != 625*time.Millisecond || err != nil {
		t.Errorf("got the outlook %+v, %v", o, err)
	}
}

func TestAnEstimateThatCannotBeMadeIsLogged(t *testing.T) {
	t.Parallel()
	var c calls
	services := c.services()
	services.Queue = func(aws.Config, string) delivery.Queue { return brokenQueue{} }
	var logs bytes.Buffer
	s, err := stack.Open("api", func(name string) string { return onAWS[name] }, &logs, services, config.Sending, config.Queues)
	if err != nil {
		t.Fatal(err)
	}
	insight, err := s.Insight()
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := insight.Forecast.Estimate(t.Context(), message.Message{}); ok {
		t.Errorf("got an estimate of %v", at)
	}
	if got := logs.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "it cannot be said when") || !strings.Contains(got, "no permission") {
		t.Errorf("got the log %s", got)
	}
}

func TestWhatCannotBeAskedIsSaid(t *testing.T) {
	t.Parallel()
	var c calls
	mute := c.services()
	mute.Queue = func(aws.Config, string) delivery.Queue { return struct{ delivery.Queue }{} }
	for name, tt := range map[string]struct {
		services stack.AWS
		needs    []config.Need
		want     string
	}{
		"a queue":   {mute, []config.Need{config.Sending, config.Queues}, "the ledger *ledger.Memory, the pace *pace.Memory, the queues struct { delivery.Queue } and"},
		"no sender": {c.services(), []config.Need{config.Queues}, "does not send"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open(onAWS, tt.services, tt.needs...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Insight(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
