package config_test

import (
	"log/slog"
	"maps"
	"strings"
	"testing"

	"dmlysender/shared/config"
)

func read(env map[string]string, needs ...config.Need) (config.Config, error) {
	return config.Read(func(name string) string { return env[name] }, needs...)
}

func inAWS(more map[string]string) map[string]string {
	env := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "f", "DMLY_KEY_FROM": "secretsmanager:dmly-key", "LEDGER": "dynamodb:ledger",
		"SEND_QUEUE_URL": "https://sqs/send", "BULK_QUEUE_URL": "https://sqs/bulk", "INBOUND_KEYS_FROM": "secretsmanager:arn:aws:x",
	}
	for k, v := range more {
		env[k] = v
	}
	return env
}

var all = []config.Need{config.Sending, config.Queues, config.Callers}

func TestEverythingFromTheEnvironment(t *testing.T) {
	t.Parallel()
	got, err := read(inAWS(map[string]string{"DMLY_BASE_URL": "https://x/api", "DMLY_WORKSPACE_ID": "W1", "DMLY_RATE_PER_MINUTE": "600", "LOG_LEVEL": "debug", "METRICS_NAMESPACE": "dmly-sender"}), all...)
	want := config.Config{
		BaseURL: "https://x/api", KeyFrom: config.SecretRef{SecretsManager: "dmly-key"}, InboundKeysFrom: config.SecretRef{SecretsManager: "arn:aws:x"},
		Workspace: "W1", RatePerMinute: 600, LedgerTable: "ledger", SendQueue: "https://sqs/send", BulkQueue: "https://sqs/bulk", LogLevel: slog.LevelDebug,
		MetricsNamespace: "dmly-sender",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if !got.NeedsAWS() {
		t.Error("it needs AWS")
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := read(map[string]string{"DMLY_KEY_FROM": "env:K", "LEDGER": "memory:", "SEND_QUEUE_URL": "memory:", "BULK_QUEUE_URL": "memory:", "LOG_LEVEL": "", "DMLY_RATE_PER_MINUTE": ""}, config.Sending, config.Queues)
	want := config.Config{BaseURL: "https://api.dmly.io/api", KeyFrom: config.SecretRef{Env: "K"}, RatePerMinute: 100}
	if err != nil || got != want || got.NeedsAWS() {
		t.Errorf("got %+v (AWS %v), %v\nwant %+v", got, got.NeedsAWS(), err, want)
	}
}

func TestWhatIsWrongIsNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := read(map[string]string{"LEDGER": "dynamodb:", "SEND_QUEUE_URL": "sqs", "INBOUND_KEYS_FROM": "k-secret-123", "DMLY_RATE_PER_MINUTE": "0", "LOG_LEVEL": "loud"}, all...)
	if err == nil {
		t.Fatal("it was taken")
	}
	want := []string{
		`DMLY_RATE_PER_MINUTE is "0": set it to a number of messages a minute, from 1 to 1000000`,
		`LOG_LEVEL is "loud": set it to DEBUG, INFO, WARN or ERROR`,
		"DMLY_KEY_FROM is not set: set it to secretsmanager:NAME-OR-ARN, or env:VARIABLE for local use",
		"LEDGER is not understood: set it to dynamodb:TABLE, or memory: for local use",
		"SEND_QUEUE_URL is not understood: set it to the URL of an SQS queue, or memory: for local use",
		"BULK_QUEUE_URL is not set: set it to the URL of an SQS queue, or memory: for local use",
		"INBOUND_KEYS_FROM is not understood: set it to secretsmanager:NAME-OR-ARN, or env:VARIABLE for local use",
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestLocalSettingsAreRefusedInAWSButNotUnderSAMLocal(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"DMLY_KEY_FROM": "env:K", "INBOUND_KEYS_FROM": "env:K", "LEDGER": "memory:", "SEND_QUEUE_URL": "memory:", "BULK_QUEUE_URL": "memory:"} {
		_, err := read(inAWS(map[string]string{name: value}), all...)
		if err == nil || !strings.HasPrefix(err.Error(), name+` is "`+value+`", which is for local use only`) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
		if _, err := read(inAWS(map[string]string{name: value, "AWS_SAM_LOCAL": "true"}), all...); err != nil {
			t.Errorf("%s=%s under sam local: %v", name, value, err)
		}
	}
}

func TestAFunctionNeedsOnlyItsOwnVariables(t *testing.T) {
	t.Parallel()
	queues := map[string]string{"SEND_QUEUE_URL": "https://sqs/send", "BULK_QUEUE_URL": "https://sqs/bulk"}
	if _, err := read(queues, config.Queues); err != nil {
		t.Errorf("with real queues: %v", err)
	}
	if _, err := read(queues, config.Queues, config.Sending); err == nil || !strings.Contains(err.Error(), "DMLY_KEY_FROM") {
		t.Errorf("for sending: %v, want one about DMLY_KEY_FROM", err)
	}
}

func TestCampaignsNeedABucketWhereBothQueuesHaveAURL(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SEND_QUEUE_URL": "https://sqs/send", "BULK_QUEUE_URL": "https://sqs/bulk"}
	if _, err := read(env, config.Campaigns); err == nil || !strings.Contains(err.Error(), "AUDIENCE_BUCKET is not set: set it to the name of the S3 bucket") {
		t.Errorf("without a bucket: %v", err)
	}
	env["AUDIENCE_BUCKET"] = "audiences"
	if got, err := read(env, config.Campaigns); err != nil || got.AudienceBucket != "audiences" {
		t.Errorf("with a bucket: %q, %v", got.AudienceBucket, err)
	}
	env["BULK_QUEUE_URL"] = "memory:"
	if got, err := read(env, config.Campaigns); err != nil || got.AudienceBucket != "" {
		t.Errorf("with a queue in memory: %q, %v", got.AudienceBucket, err)
	}
}

func TestQueuesWithAURLNeedSchedules(t *testing.T) {
	t.Parallel()
	const group = "SCHEDULE_GROUP is not set: set it to the name of a group of EventBridge Scheduler"
	const role = "SCHEDULE_ROLE_ARN is not set: set it to the ARN of the role in which its schedules put records on the queues"
	const sendDead = "SEND_DEAD_LETTER_QUEUE_URL is not set: set it to the URL of the send queue's dead-letter queue"
	const bulkDead = "BULK_DEAD_LETTER_QUEUE_URL is not set: set it to the URL of the bulk queue's dead-letter queue"
	whole := map[string]string{
		"SCHEDULE_GROUP": "later", "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/later",
		"SEND_DEAD_LETTER_QUEUE_URL": "https://sqs/send-dead", "BULK_DEAD_LETTER_QUEUE_URL": "https://sqs/bulk-dead",
	}
	withoutDead := map[string]string{"SCHEDULE_GROUP": "later", "SCHEDULE_ROLE_ARN": "arn", "SEND_DEAD_LETTER_QUEUE_URL": "send-dead"}
	for name, tt := range map[string]struct {
		send, bulk string
		env        map[string]string
		want       config.Schedules
		problems   []string
	}{
		"two URLs": {
			"https://sqs/send", "http://sqs/bulk", whole,
			config.Schedules{Group: "later", RoleARN: whole["SCHEDULE_ROLE_ARN"], SendDeadLetters: "https://sqs/send-dead", BulkDeadLetters: "https://sqs/bulk-dead"}, nil,
		},
		"one URL": {
			"", "https://sqs/bulk", whole,
			config.Schedules{Group: "later", RoleARN: whole["SCHEDULE_ROLE_ARN"], BulkDeadLetters: "https://sqs/bulk-dead"}, nil,
		},
		"no queues":           {"", "", whole, config.Schedules{}, nil},
		"memory":              {"memory:", "memory:", whole, config.Schedules{}, nil},
		"memory, and no more": {"memory:", "memory:", nil, config.Schedules{}, nil},
		"nothing else":        {"https://sqs/send", "https://sqs/bulk", nil, config.Schedules{}, []string{group, role, sendDead, bulkDead}},
		"no dead-letter queues": {
			"https://sqs/send", "https://sqs/bulk", withoutDead,
			config.Schedules{Group: "later", RoleARN: "arn", SendDeadLetters: "send-dead"},
			[]string{strings.Replace(sendDead, "not set", "not understood", 1), bulkDead},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"SEND_QUEUE_URL": tt.send, "BULK_QUEUE_URL": tt.bulk}
			maps.Copy(env, tt.env)
			got, err := read(env, config.Later)
			if got.Schedules != tt.want {
				t.Errorf("got %+v, want %+v", got.Schedules, tt.want)
			}
			problems := ""
			if err != nil {
				problems = err.Error()
			}
			if want := strings.Join(tt.problems, "\n"); problems != want {
				t.Errorf("got %s\nwant %s", problems, want)
			}
		})
	}
}

func TestTheQueuesOfBatchesMayBeMissing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ value, url, problem string }{
		"a URL":          {"https://sqs/send", "https://sqs/send", ""},
		"nothing":        {"", "", ""},
		"memory":         {"memory:", "", ""},
		"something else": {"dmly-send", "", "SEND_QUEUE_URL is not understood: set it to the URL of an SQS queue, or memory: for local use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(map[string]string{"SEND_QUEUE_URL": tt.value}, config.BatchQueues)
			if got.SendQueue != tt.url || got.BulkQueue != "" || got.NeedsAWS() != (tt.url != "") {
				t.Errorf("got %+v, want the queue %q", got, tt.url)
			}
			if (err == nil) != (tt.problem == "") || err != nil && err.Error() != tt.problem {
				t.Errorf("got %v, want %q", err, tt.problem)
			}
		})
	}
	if _, err := read(inAWS(map[string]string{"SEND_QUEUE_URL": "memory:"}), config.BatchQueues); err == nil {
		t.Error("memory: was taken in AWS")
	}
}

func TestTheNamespaceOfTheMetricsIsOneThatCloudWatchTakes(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{
		"": true, "dmly-sender": true, "Team/dmly.sender_2#a:b": true, strings.Repeat("a", 255): true,
		strings.Repeat("a", 256): false, "AWS/Lambda": false, ":a": false, "a b": false, "größe": false, "a\nb": false,
	} {
		got, err := read(map[string]string{"METRICS_NAMESPACE": value})
		if ok && (err != nil || got.MetricsNamespace != value) {
			t.Errorf("%q: got %q, %v", value, got.MetricsNamespace, err)
		}
		if !ok && (err == nil || !strings.HasPrefix(err.Error(), "METRICS_NAMESPACE is ") || !strings.Contains(err.Error(), "set it to 1 to 255 of A-Z")) {
			t.Errorf("%q: %v", value, err)
		}
	}
}
