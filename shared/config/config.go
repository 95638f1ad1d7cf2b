// Package config reads the environment variables that set a function up. What is
// wrong or missing is named all at once, each in a sentence that says what to set.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"dmlysender/shared/dmly"
)

// Config is the configuration of a function; see the README's table.
type Config struct {
	// BaseURL is DMLY's, from DMLY_BASE_URL.
	BaseURL string
	// KeyFrom is where the DMLY API key is, from DMLY_KEY_FROM.
	KeyFrom SecretRef
	// InboundKeysFrom is where the keys of the HTTP API's callers are, from INBOUND_KEYS_FROM.
	InboundKeysFrom SecretRef
	// Workspace is the default workspace, from DMLY_WORKSPACE_ID; may be empty.
	Workspace string
	// RatePerMinute is how many messages an account may send, from DMLY_RATE_PER_MINUTE.
	RatePerMinute int
	// LedgerTable is the DynamoDB table of LEDGER, or empty for memory.
	LedgerTable string
	// SendQueue and BulkQueue are the URLs in SEND_QUEUE_URL and BULK_QUEUE_URL, or
	// empty for "memory:" and where they may be missing.
	SendQueue, BulkQueue string
	// Schedules is where what is due later is held, or empty for nowhere.
	Schedules Schedules
	// AudienceBucket is where the files of campaigns are, from AUDIENCE_BUCKET; empty for nowhere.
	AudienceBucket string
	// LogLevel is from LOG_LEVEL.
	LogLevel slog.Level
	// MetricsNamespace is CloudWatch's namespace of the metrics, from METRICS_NAMESPACE; empty for no metrics.
	MetricsNamespace string
}

// SecretRef says where a secret is.
type SecretRef struct {
	// SecretsManager is the secret's ARN or name.
	SecretsManager string
	// Env is the environment variable that holds it; for local use.
	Env string
}

// Need is a part of the configuration that a function cannot do without.
type Need int

// The parts.
const (
	// Sending: DMLY_KEY_FROM and LEDGER.
	Sending Need = iota
	// Queues: SEND_QUEUE_URL and BULK_QUEUE_URL.
	Queues
	// Callers: INBOUND_KEYS_FROM.
	Callers
	// BatchQueues: SEND_QUEUE_URL and BULK_QUEUE_URL of a function that gets batches of them; each may be missing.
	BatchQueues
	// Later: SCHEDULE_GROUP, SCHEDULE_ROLE_ARN, and the dead-letter queue of each queue that has a URL. Where none has,
	// nothing is held.
	Later
	// Campaigns: AUDIENCE_BUCKET, of a function whose queues have URLs.
	Campaigns
)

const (
	memory            = "memory:"
	defaultPerMinute  = 100
	secretsManagerRef = "secretsmanager:"
	envRef            = "env:"
	dynamoDBRef       = "dynamodb:"
)

// Read reads the configuration through getenv, usually [os.Getenv]. An empty
// variable is one that is not set.
func Read(getenv func(string) string, needs ...Need) (Config, error) {
	r := &reader{getenv: getenv, inCloud: getenv("AWS_LAMBDA_FUNCTION_NAME") != "" && getenv("AWS_SAM_LOCAL") == ""}
	cfg := Config{
		BaseURL:          dmly.DefaultBaseURL,
		Workspace:        getenv("DMLY_WORKSPACE_ID"),
		RatePerMinute:    r.ratePerMinute(),
		LogLevel:         r.logLevel(),
		MetricsNamespace: r.metricsNamespace(),
	}
	if base := getenv("DMLY_BASE_URL"); base != "" {
		cfg.BaseURL = base
	}
	for _, need := range needs {
		switch need {
		case Queues:
			cfg.SendQueue, cfg.BulkQueue = r.queue("SEND_QUEUE_URL"), r.queue("BULK_QUEUE_URL")
		case BatchQueues:
			cfg.SendQueue, cfg.BulkQueue = r.queueIfSet("SEND_QUEUE_URL"), r.queueIfSet("BULK_QUEUE_URL")
		case Sending:
			cfg.KeyFrom, cfg.LedgerTable = r.secret("DMLY_KEY_FROM"), r.ledger()
		case Callers:
			cfg.InboundKeysFrom = r.secret("INBOUND_KEYS_FROM")
		case Later:
			cfg.Schedules = r.schedules()
		case Campaigns:
			cfg.AudienceBucket = r.audienceBucket()
		}
	}
	return cfg, errors.Join(r.problems...)
}

// NeedsAWS says whether anything in the configuration is a service of AWS.
func (c Config) NeedsAWS() bool {
	return c.KeyFrom.SecretsManager != "" || c.InboundKeysFrom.SecretsManager != "" || c.LedgerTable != "" || c.SendQueue != "" || c.BulkQueue != ""
}

// reader gathers problems, so that all of them are said at once.
type reader struct {
	getenv   func(string) string
	inCloud  bool
	problems []error
}

func (r *reader) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

// local refuses in the cloud what only works on one machine.
func (r *reader) local(name, value string) {
	if r.inCloud {
		r.fail("%s is %q, which is for local use only: in AWS it would lose messages or leave a key in the open", name, value)
	}
}

func (r *reader) secret(name string) SecretRef {
	value := r.getenv(name)
	if ref, ok := strings.CutPrefix(value, secretsManagerRef); ok && ref != "" {
		return SecretRef{SecretsManager: ref}
	}
	if ref, ok := strings.CutPrefix(value, envRef); ok && ref != "" {
		r.local(name, value)
		return SecretRef{Env: ref}
	}
	r.missing(name, value, "secretsmanager:NAME-OR-ARN, or env:VARIABLE for local use")
	return SecretRef{}
}

func (r *reader) ledger() (table string) {
	const name = "LEDGER"
	value := r.getenv(name)
	if table, ok := strings.CutPrefix(value, dynamoDBRef); ok && table != "" {
		return table
	}
	if value == memory {
		r.local(name, value)
		return ""
	}
	r.missing(name, value, "dynamodb:TABLE, or memory: for local use")
	return ""
}

func (r *reader) queue(name string) (url string) {
	value := r.getenv(name)
	if isURL(value) {
		return value
	}
	if value == memory {
		r.local(name, value)
		return ""
	}
	r.missing(name, value, "the URL of an SQS queue, or memory: for local use")
	return ""
}

// audienceBucket is not looked at where a queue is in memory: then nothing could be fed.
func (r *reader) audienceBucket() string {
	const name = "AUDIENCE_BUCKET"
	if !isURL(r.getenv("SEND_QUEUE_URL")) || !isURL(r.getenv("BULK_QUEUE_URL")) {
		return ""
	}
	bucket := r.getenv(name)
	if bucket == "" {
		r.missing(name, "", "the name of the S3 bucket with the files of campaigns")
	}
	return bucket
}

func (r *reader) queueIfSet(name string) (url string) {
	if r.getenv(name) == "" {
		return ""
	}
	return r.queue(name)
}

// missing says what is expected. It does not repeat the value, which may be a key in
// the wrong place.
func (r *reader) missing(name, value, want string) {
	if value == "" {
		r.fail("%s is not set: set it to %s", name, want)
		return
	}
	r.fail("%s is not understood: set it to %s", name, want)
}

func (r *reader) ratePerMinute() int {
	const name = "DMLY_RATE_PER_MINUTE"
	value := r.getenv(name)
	if value == "" {
		return defaultPerMinute
	}
	rate, err := strconv.Atoi(value)
	if err != nil || rate < 1 || rate > 1_000_000 {
		r.fail("%s is %q: set it to a number of messages a minute, from 1 to 1000000", name, value)
	}
	return rate
}

func (r *reader) logLevel() slog.Level {
	var level slog.Level
	if value := r.getenv("LOG_LEVEL"); value != "" {
		if err := level.UnmarshalText([]byte(value)); err != nil {
			r.fail("LOG_LEVEL is %q: set it to DEBUG, INFO, WARN or ERROR", value)
		}
	}
	return level
}

// metricsNamespace is one that CloudWatch takes for metrics that are not its own:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
func (r *reader) metricsNamespace() string {
	const name, longest = "METRICS_NAMESPACE", 255
	value := r.getenv(name)
	if len(value) > longest || strings.ContainsFunc(value, notInNamespace) || strings.HasPrefix(value, ":") || strings.HasPrefix(value, "AWS/") {
		r.fail(`%s is %q: set it to 1 to %d of A-Z a-z 0-9 . - _ / # :, not beginning with ":" or "AWS/", or leave it out for no metrics`, name, value, longest)
	}
	return value
}

func notInNamespace(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_/#:", r)
}
