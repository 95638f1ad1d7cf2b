// Package deployed puts the template on an AWS stand-in for a test, as it is put on AWS: `sam build`, `sam deploy`, and the keys into its
// secrets. What the stack sends goes to a simulator of DMLY. Only tests import it.
//
// It needs the SAM CLI and an AWS stand-in, which `make e2e` has.
package deployed

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/local/outputs"
	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/ledger/dynamodb"
)

// Stack is the template, deployed to the AWS stand-in. Its worker sends to Sim.
type Stack struct {
	Name string
	Sim  *dmlytest.Server
	// SimURL is the simulator's address as DMLY_BASE_URL.
	SimURL string
	// Built is what it was deployed from.
	Built

	// Config leads to the stand-in.
	Config aws.Config
	Ledger *dynamodb.Ledger
	// Key is a caller's.
	Key string

	// outputs is a file with what the stack says of itself.
	outputs string
}

// Built is the template with its functions, built for this machine.
type Built struct {
	Template string
	// Architecture is the template's parameter.
	Architecture string
}

// New is a stack that was deployed as by [Fresh], with the keys in its secrets.
func New(ctx context.Context, t *testing.T, name string, parameters ...string) *Stack {
	t.Helper()
	s := Fresh(ctx, t, name, parameters...)
	s.StoreKeys(ctx, t)
	return s
}

// Fresh builds the functions and deploys the template, with a name that begins so, and with the parameters ("Name=value") beside
// those that it needs here. Nobody has stored a key in it yet. The stack is deleted with the test.
func Fresh(ctx context.Context, t *testing.T, name string, parameters ...string) *Stack {
	t.Helper()
	s := &Stack{Name: name + "-" + strings.ToLower(rand.Text()), Config: awstest.EndToEnd(t)}
	s.Sim, s.SimURL = dmlytest.Start(t, dmlytest.Options{})
	s.Built = Build(ctx, t)
	s.deploy(ctx, t, parameters)
	s.outputs = filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(s.outputs, []byte(s.list(ctx, t, "stack-outputs")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Ledger = dynamodb.Open(s.Config, s.Output(t, "LedgerTableName"))
	return s
}

// Build builds the functions.
func Build(ctx context.Context, t *testing.T) Built {
	t.Helper()
	defer inTurn(ctx, t)()
	dir := t.TempDir()
	b := Built{filepath.Join(dir, "template.yaml"), "Architecture=" + strings.Replace(runtime.GOARCH, "amd64", "x86_64", 1)}
	SAM(ctx, t, "build", "--build-dir", dir, "--parameter-overrides", b.Architecture)
	return b
}

func (s *Stack) deploy(ctx context.Context, t *testing.T, parameters []string) {
	t.Helper()
	defer inTurn(ctx, t)()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), EndTime)
		defer cancel()
		SAM(ctx, t, "delete", "--stack-name", s.Name, "--region", s.Config.Region, "--no-prompts")
	})
	SAM(ctx, t, slices.Concat([]string{
		"deploy", "--template", s.Template, "--stack-name", s.Name, "--region", s.Config.Region, "--resolve-s3",
		"--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset",
		"--parameter-overrides", s.Architecture, "DmlyBaseUrl=" + s.SimURL, "RatePerMinute=6000",
	}, parameters)...)
}

// inTurn waits until no other process builds or deploys from this checkout, and returns what lets the next one. The first deployment makes
// the bucket of --resolve-s3, which two at once would both want to make; and the second build finds in Go's cache what the first has built.
func inTurn(ctx context.Context, t *testing.T) (done func()) {
	t.Helper()
	file, err := os.Open(FromRoot(t, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() } // which gives the lock back
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = file.Close()
			t.Fatalf("another deployment from here does not end: %v", err)
		}
	}
}

// list is what sam list says of the stack.
func (s *Stack) list(ctx context.Context, t *testing.T, what string) string {
	t.Helper()
	return SAM(ctx, t, "list", what, "--stack-name", s.Name, "--region", s.Config.Region, "--output", "json")
}

// Output is one of the stack's outputs.
func (s *Stack) Output(t *testing.T, name string) string {
	t.Helper()
	values, err := outputs.Read(s.outputs, name)
	if err != nil {
		t.Fatal(err)
	}
	return values[0]
}

// Resource is what a resource of the template is called in the stack.
func (s *Stack) Resource(ctx context.Context, t *testing.T, logicalID string) string {
	t.Helper()
	var all []struct {
		LogicalID  string `json:"LogicalResourceId"`
		PhysicalID string `json:"PhysicalResourceId"`
	}
	if err := json.Unmarshal([]byte(s.list(ctx, t, "resources")), &all); err != nil {
		t.Fatalf("sam list resources: %v", err)
	}
	for _, r := range all {
		if r.LogicalID == logicalID {
			return r.PhysicalID
		}
	}
	t.Fatalf("the stack has no resource %s", logicalID)
	return ""
}

// Logs is what the functions wrote.
func (s *Stack) Logs(ctx context.Context, t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, EndTime)
	defer cancel()
	return SAM(ctx, t, "logs", "--stack-name", s.Name, "--region", s.Config.Region)
}

// StoreKeys stores the key of DMLY, as the stack's output says, and one of a caller: the stand-in, when it makes the first, does not heed
// ExcludePunctuation, and a comma would divide it.
func (s *Stack) StoreKeys(ctx context.Context, t *testing.T) {
	t.Helper()
	s.Key = rand.Text()
	secrets := secretsmanager.NewFromConfig(s.Config)
	for secret, content := range map[string]string{
		secretOf(t, s.Output(t, "SetDmlyKeyCommand")): dmlytest.DefaultKey,
		s.Output(t, "InboundKeysSecret"):              `{"first": "` + s.Key + `"}`,
	} {
		put := &secretsmanager.PutSecretValueInput{SecretId: aws.String(secret), SecretString: aws.String(content)}
		if _, err := secrets.PutSecretValue(ctx, put); err != nil {
			t.Fatalf("store a key: %v", err)
		}
	}
}

// secretOf is the secret that a command of the AWS CLI stores a value in. The CLI itself is not there.
func secretOf(t *testing.T, command string) string {
	t.Helper()
	words := strings.Fields(command)
	at := slices.Index(words, "--secret-id") + 1
	if at == 0 || at == len(words) || !strings.HasPrefix(command, "aws secretsmanager put-secret-value ") {
		t.Fatalf("%q does not store a secret's value", command)
	}
	return words[at]
}

// Queued is how many records a queue holds, be they to be had, with a worker, or delayed.
func (s *Stack) Queued(ctx context.Context, t *testing.T, queueURL string) (n int) {
	t.Helper()
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	got, err := sqs.NewFromConfig(s.Config).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		of, err := strconv.Atoi(got.Attributes[string(name)])
		if err != nil {
			t.Fatalf("%s of the queue %s: %v", name, queueURL, err)
		}
		n += of
	}
	return n
}
