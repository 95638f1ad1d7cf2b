//go:build e2e

package startapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
)

// binaryType is a content type whose bodies reach the function in base64. API Gateway does that with each type that is not text, and sam
// local with those that a definition names.
const binaryType = "application/vnd.dmlysender+json"

// startAPI runs the api under sam local start-api until the test is over, and returns its address. Its container is in a network of its
// own, by which what is left of it can be told from others'.
func startAPI(ctx context.Context, t *testing.T, s *deployed.Stack) string {
	t.Helper()
	deployed.Relay(ctx, t, deployed.PortOf(t, s.SimURL), deployed.PortOf(t, os.Getenv("AWS_ENDPOINT_URL")))
	network := deployed.Network(ctx, t, "startapi")
	address := freeAddress(t)
	listens, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	// A second signal would disturb it while it removes its container, so it is told once, by stop.
	cmd := deployed.SAMCommand(context.WithoutCancel(ctx), t, "local", "start-api",
		"--template", forStartAPI(t, s), "--env-vars", environment(t, s), "--host", listens, "--port", port, "--region", s.Config.Region,
		"--docker-network", network, "--add-host", deployed.Host+":host-gateway", "--warm-containers", "LAZY", "--parameter-overrides", s.Architecture)
	var log bytes.Buffer // read when the program has ended
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it would say stands in the state
	}()
	t.Cleanup(func() {
		stop(t, cmd, ended)
		if t.Failed() {
			t.Logf("sam local start-api ended with %v, and wrote:\n%s", cmd.ProcessState, &log)
		}
	})
	deployed.Eventually(t, 90*time.Second, "sam local start-api listens", func() bool {
		select {
		case <-ended:
			t.Fatal("sam local start-api ended at its start")
		default:
		}
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})
	return "http://" + address
}

// stop ends a program, by force if need be.
func stop(t *testing.T, cmd *exec.Cmd, ended <-chan struct{}) {
	t.Helper()
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-ended:
	case <-time.After(deployed.EndTime):
		t.Errorf("%s does not end", cmd)
		_ = cmd.Process.Kill()
		<-ended
	}
}

// forStartAPI is the built template with what it needs to be run here: a variable that sam local would not hand over, as the template does
// not declare it, and the type of the bodies that come in base64.
func forStartAPI(t *testing.T, s *deployed.Stack) (file string) {
	t.Helper()
	built, err := os.ReadFile(s.Template)
	if err != nil {
		t.Fatal(err)
	}
	text := string(built)
	for _, insertion := range []struct{ after, text string }{
		{"\n          INBOUND_KEYS: ''\n", "          AWS_ENDPOINT_URL: ''\n"},
		{
			"\n    Type: AWS::Serverless::HttpApi\n    Properties:\n",
			"      DefinitionBody: {openapi: '3.0.1', paths: {}, x-amazon-apigateway-binary-media-types: [" + binaryType + "]}\n",
		},
	} {
		if n := strings.Count(text, insertion.after); n != 1 {
			t.Fatalf("the built template has %q %d times, want once", insertion.after, n)
		}
		text = strings.Replace(text, insertion.after, insertion.after+insertion.text, 1)
	}
	file = filepath.Join(filepath.Dir(s.Template), "start-api.yaml") // beside it, as its paths are relative
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// environment is a file with what sam local cannot know: the names that the resources got, and how a container reaches this machine.
func environment(t *testing.T, s *deployed.Stack) (file string) {
	t.Helper()
	variables := map[string]string{
		"AWS_ENDPOINT_URL": "http://" + net.JoinHostPort(deployed.Host, deployed.PortOf(t, os.Getenv("AWS_ENDPOINT_URL"))),
		"DMLY_BASE_URL":    "http://" + net.JoinHostPort(deployed.Host, deployed.PortOf(t, s.SimURL)) + "/api",
		"DMLY_KEY_FROM":    "secretsmanager:" + s.Output(t, "DmlyKeySecret"), "INBOUND_KEYS_FROM": "secretsmanager:" + s.Output(t, "InboundKeysSecret"),
		"LEDGER":         "dynamodb:" + s.Output(t, "LedgerTableName"),
		"SEND_QUEUE_URL": s.Output(t, "SendQueueUrl"), "SEND_DEAD_LETTER_QUEUE_URL": s.Output(t, "SendDeadLetterQueueUrl"),
		"BULK_QUEUE_URL": s.Output(t, "BulkQueueUrl"), "BULK_DEAD_LETTER_QUEUE_URL": s.Output(t, "BulkDeadLetterQueueUrl"),
		"AUDIENCE_BUCKET": s.Output(t, "AudienceBucketName"), "SCHEDULE_GROUP": s.Output(t, "LaterGroupName"), "SCHEDULE_ROLE_ARN": s.Output(t, "LaterRoleArn"), "DMLY_RATE_PER_MINUTE": "6000",
	}
	text, err := json.Marshal(map[string]any{"Parameters": variables})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "environment.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
