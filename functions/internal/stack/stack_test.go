package stack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/apikey"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/later"
	"dmlysender/shared/ledger"
	"dmlysender/shared/pace"
	"dmlysender/shared/queue"
)

// calls notes which services were opened, and for what.
type calls struct{ names []string }

func (c *calls) services() stack.AWS {
	return stack.AWS{
		Ledger: func(_ aws.Config, table string) delivery.Ledger {
			c.names = append(c.names, "ledger "+table)
			return &ledger.Memory{}
		},
		Pacer: func(_ aws.Config, table string, perMinute int) (delivery.Pacer, error) {
			c.names = append(c.names, fmt.Sprintf("pace %s at %d", table, perMinute))
			return pace.NewMemory(perMinute, time.Now)
		},
		Queue: func(_ aws.Config, url string) delivery.Queue {
			c.names = append(c.names, "queue "+url)
			return queue.Direct{}
		},
		Scheduler: func(_ aws.Config, group, roleARN string, targets map[delivery.Lane]later.Target) (delivery.Scheduler, error) {
			c.names = append(c.names, fmt.Sprintf("schedules %s as %s", group, roleARN))
			for _, lane := range slices.Sorted(maps.Keys(targets)) {
				c.names = append(c.names, fmt.Sprintf("%s to %s, else to %s", lane, targets[lane].URL, targets[lane].DeadLetterURL))
				if targets[lane].Queue == nil {
					c.names = append(c.names, "which is not there")
				}
			}
			if group == "broken" {
				return nil, errors.New("no such thing")
			}
			return later.NewMemory(delivery.SystemClock{}, nil), nil
		},
		Secret: func(_ aws.Config, name string) apikey.Source {
			c.names = append(c.names, "secret "+name)
			return func(context.Context) (string, error) { return "a-key", nil }
		},
	}
}

func open(env map[string]string, services stack.AWS, needs ...config.Need) (*stack.Stack, error) {
	return stack.Open("api", func(name string) string { return env[name] }, io.Discard, services, needs...)
}

func TestOnAWSEachServiceIsOpenedAsConfigured(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "api", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"DMLY_KEY_FROM": "secretsmanager:dmly", "LEDGER": "dynamodb:table", "SEND_QUEUE_URL": "https://sqs/send", "BULK_QUEUE_URL": "https://sqs/bulk", "INBOUND_KEYS_FROM": "secretsmanager:inbound",
		"SCHEDULE_GROUP": "later", "SCHEDULE_ROLE_ARN": "arn", "SEND_DEAD_LETTER_QUEUE_URL": "https://sqs/send-dead", "BULK_DEAD_LETTER_QUEUE_URL": "https://sqs/bulk-dead",
	}
	var c calls
	s, err := open(env, c.services(), config.Sending, config.Queues, config.Later, config.Callers)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"pace table at 100", "secret dmly", "ledger table", "queue https://sqs/send", "queue https://sqs/bulk",
		"schedules later as arn", "bulk to https://sqs/bulk, else to https://sqs/bulk-dead", "normal to https://sqs/send, else to https://sqs/send-dead", "secret inbound"}; !slices.Equal(c.names, want) {
		t.Errorf("opened %q, want %q", c.names, want)
	}
	if s.Sender == nil || s.CallerKeys == nil || s.Scheduler == nil || s.Sender.Scheduler != s.Scheduler {
		t.Errorf("stack %+v", s)
	}
	env["SCHEDULE_GROUP"] = "broken"
	if _, err := open(env, c.services(), config.Sending, config.Queues, config.Later); err == nil || err.Error() != "open the schedules: no such thing" {
		t.Errorf("with schedules that cannot be: %v", err)
	}
	delete(env, "AWS_REGION")
	if _, err := open(env, c.services(), config.Sending); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("without a region: %v", err)
	}
}

func TestWithAMemoryQueueWhatWouldBeQueuedIsSent(t *testing.T) {
	t.Parallel()
	sim, base := dmlytest.Start(t, dmlytest.Options{Key: "a-key"})
	env := map[string]string{
		"DMLY_BASE_URL": base, "DMLY_KEY_FROM": "env:K", "K": "a-key", "LEDGER": "memory:", "DMLY_WORKSPACE_ID": "W1",
		"SEND_QUEUE_URL": "memory:", "BULK_QUEUE_URL": "memory:",
	}
	s, err := open(env, stack.AWS{}, config.Queues, config.Sending, config.Later)
	if err != nil {
		t.Fatal(err)
	}
	if s.Scheduler != nil || s.Sender.Scheduler != nil {
		t.Error("there is a scheduler for queues that hold nothing")
	}
	body := `{"channel":"telegram","type":"template","contact":{"id":"C"},"textMessage":"Hello"}`
	if err := s.Queues.Normal.Enqueue(t.Context(), delivery.Record{ID: "a", Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
	if got := sim.Messages(); len(got) != 1 || got[0].Operation != "telegram/sendtemplate" {
		t.Errorf("received %+v", got)
	}
}

func TestWhatCannotWorkTogetherIsSaid(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"DMLY_KEY_FROM": "secretsmanager:dmly", "LEDGER": "memory:", "SEND_QUEUE_URL": "memory:", "BULK_QUEUE_URL": "memory:",
	}
	if _, err := open(env, stack.AWS{}, config.Queues, config.Sending); err == nil || !strings.Contains(err.Error(), "set DMLY_KEY_FROM to env:DMLY_API_KEY") {
		t.Errorf("err = %v", err)
	}
	env["DMLY_KEY_FROM"], env["DMLY_BASE_URL"] = "env:K", "http://api.dmly.io/api"
	if _, err := open(env, stack.AWS{}, config.Queues, config.Sending); err == nil || !strings.Contains(err.Error(), "DMLY_BASE_URL: ") {
		t.Errorf("err = %v", err)
	}
}

// Every client that a function links makes its start slower, and what is there for tests does not belong in it.
func TestAFunctionLinksOnlyTheClientsThatItUses(t *testing.T) {
	t.Parallel()
	const prefix = "github.com/aws/aws-sdk-go-v2/service/"
	for function, want := range map[string][]string{
		"worker":   {"dynamodb", "scheduler", "secretsmanager", "sqs"},
		"schedule": {"dynamodb", "s3", "secretsmanager", "sqs"},
		"api":      {"dynamodb", "s3", "scheduler", "secretsmanager", "sqs"},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "dmlysender/functions/"+function).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			name, ok := strings.CutPrefix(strings.TrimSpace(line), prefix)
			if ok && !strings.Contains(name, "/") {
				got = append(got, name)
			}
			if name := strings.TrimSpace(line); name == "testing" || name == "github.com/anishathalye/porcupine" {
				t.Errorf("%s links package %s", function, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s links %q, want %q", function, got, want)
		}
	}
}
