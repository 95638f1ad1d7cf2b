//go:build e2e

package startapi_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/local/outputs"
	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/ledger/dynamodb"
)

const region = "eu-central-1"

// stack is the template, deployed to the AWS stand-in. Its worker sends to sim.
type stack struct {
	name string
	sim  *dmlytest.Server
	// simURL is the simulator's address as DMLY_BASE_URL.
	simURL string
	// template is the built one, from which it was deployed, and architecture its parameter for this machine.
	template, architecture string

	cfg    aws.Config
	ledger *dynamodb.Ledger
	// What its resources are called.
	table, sendURL, bulkURL, dmlySecret, callersSecret string
	sendDeadURL, bulkDeadURL, group, groupRole         string
	// key is a caller's.
	key string
}

// deploy builds the functions and deploys the template. The stack is deleted with the test.
func deploy(ctx context.Context, t *testing.T) *stack {
	t.Helper()
	s := &stack{name: "startapi-" + strings.ToLower(rand.Text()), cfg: awstest.EndToEnd(t)}
	s.sim, s.simURL = dmlytest.Start(t, dmlytest.Options{})
	dir := t.TempDir()
	s.template = filepath.Join(dir, "template.yaml")
	s.architecture = "Architecture=" + strings.Replace(runtime.GOARCH, "amd64", "x86_64", 1)
	sam(ctx, t, "build", "--build-dir", dir, "--parameter-overrides", s.architecture)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		sam(ctx, t, "delete", "--stack-name", s.name, "--region", region, "--no-prompts")
	})
	sam(ctx, t, "deploy", "--template", s.template, "--stack-name", s.name, "--region", region, "--resolve-s3",
		"--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset",
		"--parameter-overrides", s.architecture, "DmlyBaseUrl="+s.simURL, "RatePerMinute=6000")
	s.read(t, sam(ctx, t, "list", "stack-outputs", "--stack-name", s.name, "--region", region, "--output", "json"))
	s.storeKeys(ctx, t)
	return s
}

// read reads the stack's outputs.
func (s *stack) read(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	values, err := outputs.Read(file, "LedgerTableName", "SendQueueUrl", "BulkQueueUrl", "DmlyKeySecret", "InboundKeysSecret",
		"SendDeadLetterQueueUrl", "BulkDeadLetterQueueUrl", "LaterGroupName", "LaterRoleArn")
	if err != nil {
		t.Fatal(err)
	}
	s.table, s.sendURL, s.bulkURL, s.dmlySecret, s.callersSecret = values[0], values[1], values[2], values[3], values[4]
	s.sendDeadURL, s.bulkDeadURL, s.group, s.groupRole = values[5], values[6], values[7], values[8]
	s.ledger = dynamodb.Open(s.cfg, s.table)
}

// storeKeys stores the key of DMLY, as the stack's outputs say, and one of a caller: the stand-in, when it makes the first, does not heed
// ExcludePunctuation, and a comma would divide it.
func (s *stack) storeKeys(ctx context.Context, t *testing.T) {
	t.Helper()
	s.key = rand.Text()
	secrets := secretsmanager.NewFromConfig(s.cfg)
	for secret, content := range map[string]string{s.dmlySecret: dmlytest.DefaultKey, s.callersSecret: `{"first": "` + s.key + `"}`} {
		put := &secretsmanager.PutSecretValueInput{SecretId: aws.String(secret), SecretString: aws.String(content)}
		if _, err := secrets.PutSecretValue(ctx, put); err != nil {
			t.Fatalf("store a key: %v", err)
		}
	}
}

// queued is how many records the send queue holds, be they to be had, with the worker, or delayed.
func (s *stack) queued(ctx context.Context, t *testing.T) (n int) {
	t.Helper()
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	got, err := sqs.NewFromConfig(s.cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &s.sendURL, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		of, err := strconv.Atoi(got.Attributes[string(name)])
		if err != nil {
			t.Fatalf("%s of the send queue: %v", name, err)
		}
		n += of
	}
	return n
}
