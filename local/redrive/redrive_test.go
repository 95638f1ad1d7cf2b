package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dmlysender/shared/awsconf/awstest"
)

const (
	sendDead = "https://sqs.eu-central-1.amazonaws.com/123456789012/send-dead"
	send     = "https://sqs.eu-central-1.amazonaws.com/123456789012/send"
	stack    = `[{"OutputKey": "ApiUrl", "OutputValue": "https://x", "Description": "Base of the HTTP API."},
		{"OutputKey": "SendQueueUrl", "OutputValue": "` + send + `", "Description": ""},
		{"OutputKey": "SendDeadLetterQueueUrl", "OutputValue": "` + sendDead + `"},
		{"OutputKey": "BulkQueueUrl", "OutputValue": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk"},
		{"OutputKey": "BulkDeadLetterQueueUrl", "OutputValue": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk-dead"}]`
)

// written is a file with this text.
func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// start runs the command against the stand-in.
func start(t *testing.T, standIn http.Handler, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": awstest.Serve(t, standIn),
	}
	var out, errs bytes.Buffer
	status = run(t.Context(), args, func(name string) string { return env[name] }, &out, &errs)
	return status, out.String(), errs.String()
}

func TestRedrivePrintsALineForEachQueue(t *testing.T) {
	t.Parallel()
	empty := awstest.Answer(http.StatusOK, "{}")
	denied := awstest.Refuse(http.StatusForbidden, "com.amazonaws.sqs#AccessDeniedException", "not\nauthorized")
	const why = "receive from the SQS queue send-dead in eu-central-1: access denied: allow these credentials "
	for name, tt := range map[string]struct {
		standIn http.Handler
		args    []string
		status  int
		want    []string
	}{
		"two URLs":        {empty, []string{sendDead, send}, 0, []string{"send-dead to send: moved 0, left 0"}},
		"a stack":         {empty, []string{"-outputs", written(t, stack)}, 0, []string{"send-dead to send: moved 0, left 0", "bulk-dead to bulk: moved 0, left 0"}},
		"what went wrong": {denied, []string{sendDead, send}, 1, []string{"send-dead to send: moved 0, left 0: " + why}},
		"both went wrong": {denied, []string{"-outputs", written(t, stack)}, 1, []string{"send-dead to send: moved 0, left 0: " + why, "bulk-dead to bulk: moved 0, left 0: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := start(t, tt.standIn, tt.args...)
			lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
			if status != tt.status || len(lines) != len(tt.want) || stderr != "" {
				t.Fatalf("status %d with %d lines, want %d with %d:\n%s%s", status, len(lines), tt.status, len(tt.want), stdout, stderr)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("got %q, want %q", lines[i], want)
				}
			}
		})
	}
}

func TestMistakesGetOneClearSentence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"nothing":             {nil, "make redrive STACK=dmly-sender"},
		"no URLs":             {[]string{"", ""}, "make redrive FROM=<URL"},
		"one URL":             {[]string{sendDead, ""}, "make redrive STACK=dmly-sender"},
		"three":               {[]string{sendDead, send, send}, "make redrive STACK=dmly-sender"},
		"both":                {[]string{"-outputs", "file", sendDead, send}, "make redrive STACK=dmly-sender"},
		"a name":              {[]string{"send-dead", send}, `"send-dead" is not the URL of a queue`},
		"the same twice":      {[]string{send, send}, "FROM and TO are the same queue"},
		"no file":             {[]string{"-outputs", "nowhere.json"}, "read the stack's outputs: open nowhere.json"},
		"no JSON":             {[]string{"-outputs", written(t, "Error: no such stack")}, "is not what sam list stack-outputs --output json writes"},
		"outputs of another":  {[]string{"-outputs", written(t, `[{"OutputKey": "SendQueueUrl", "OutputValue": "`+send+`"}]`)}, "the stack has no output SendDeadLetterQueueUrl, BulkDeadLetterQueueUrl, BulkQueueUrl"},
		"a flag that is none": {[]string{"-from", sendDead}, "flag provided but not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := start(t, awstest.Answer(http.StatusOK, "{}"), tt.args...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q and %q, want 2 and %q", status, stdout, stderr, tt.want)
			}
		})
	}
}

func TestMissingCredentialsAreSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{sendDead, send}, func(string) string { return "" }, &stdout, &stderr)
	for _, want := range []string{"AWS_REGION is not set", `eval "$(aws configure export-credentials --format env)"`} {
		if status != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("status %d and %q, want 1 and %q", status, stderr.String(), want)
		}
	}
}
