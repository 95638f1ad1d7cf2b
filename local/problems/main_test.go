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

// stackOutputs are those of a stack with this table and this send queue.
func stackOutputs(table, queueURL string) string {
	return awstest.JSON([]map[string]string{
		{"OutputKey": "LedgerTableName", "OutputValue": table, "Description": "Where each message stands."},
		{"OutputKey": "SendQueueUrl", "OutputValue": queueURL},
		{"OutputKey": "BulkQueueUrl", "OutputValue": queueURL + "-bulk"},
	})
}

// written is a file with this text.
func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// start runs the command with this environment, of a user who is called ana.
func start(t *testing.T, env map[string]string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, func(name string) string { return env[name] }, &out, &errs)
	return status, out.String(), errs.String()
}

func TestMistakesGetOneClearSentence(t *testing.T) {
	t.Parallel()
	file := written(t, stackOutputs("ledger", "https://sqs.eu-central-1.amazonaws.com/123456789012/send"))
	for name, tt := range map[string]struct {
		args []string
		user string
		want string
	}{
		"nothing":                 {nil, "ana", "make settle STACK=dmly-sender ID=order-1042"},
		"another command":         {[]string{"show"}, "ana", "make problems STACK=dmly-sender"},
		"no stack to list":        {[]string{"list"}, "ana", "say which stack: make problems STACK=dmly-sender"},
		"more to list":            {[]string{"list", "-outputs", file, "order-1"}, "ana", "say which stack"},
		"no stack to settle in":   {[]string{"settle", "order-1", "sent"}, "ana", "say which stack"},
		"no id":                   {[]string{"settle", "-outputs", file, "", "sent"}, "ana", "say what to settle: make settle STACK=dmly-sender ID=order-1042 AS=sent"},
		"no settlement":           {[]string{"settle", "-outputs", file, "order-1", ""}, "ana", "say what to settle"},
		"more to settle":          {[]string{"settle", "-outputs", file, "order-1", "sent", "order-2"}, "ana", "say what to settle"},
		"another settlement":      {[]string{"settle", "-outputs", file, "order-1", "burn"}, "ana", "AS=burn is no settlement; say what to settle"},
		"a generation of words":   {[]string{"settle", "-outputs", file, "-generation", "second", "order-1", "sent"}, "ana", "GENERATION=second is not the number of a generation"},
		"generation 0":            {[]string{"settle", "-outputs", file, "-generation", "0", "order-1", "sent"}, "ana", "GENERATION=0 is not the number of a generation"},
		"nobody":                  {[]string{"settle", "-outputs", file, "-by", "", "order-1", "sent"}, "", "say who decides, for the message's history: BY=<your name>"},
		"no file":                 {[]string{"list", "-outputs", "nowhere.json"}, "ana", "read the stack's outputs: open nowhere.json"},
		"outputs of another":      {[]string{"list", "-outputs", written(t, "[]")}, "ana", "the stack has no output LedgerTableName, SendQueueUrl, BulkQueueUrl"},
		"a flag that is none":     {[]string{"list", "-table", "ledger"}, "ana", "flag provided but not defined"},
		"a flag of the other one": {[]string{"list", "-outputs", file, "-by", "ana"}, "ana", "flag provided but not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := start(t, map[string]string{"USER": tt.user}, tt.args...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q and %q, want 2 and %q", status, stdout, stderr, tt.want)
			}
		})
	}
}

func TestTheExitStatusSaysWhetherItIsDone(t *testing.T) {
	t.Parallel()
	file := written(t, stackOutputs("ledger", "https://sqs.eu-central-1.amazonaws.com/123456789012/send"))
	list := []string{"list", "-stack", "dmly-sender", "-outputs", file}
	settle := []string{"settle", "-stack", "dmly-sender", "-outputs", file, "-generation", "", "order-1", "drop"}
	empty := awstest.Answer(http.StatusOK, `{"Items": []}`)
	denied := awstest.Refuse(http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "not\nauthorized")
	for name, tt := range map[string]struct {
		standIn http.Handler
		args    []string
		status  int
		stdout  string
		stderr  string
	}{
		"nothing to list":     {empty, list, 0, "No message needs attention.\n", ""},
		"no access to list":   {denied, list, 1, "", "problems: list the unknown messages in the DynamoDB table ledger in eu-central-1: access denied"},
		"nothing to settle":   {empty, settle, 1, "", "problems: order-1: there is no message with this id"},
		"no access to settle": {denied, settle, 1, "", "problems: read message order-1 in the DynamoDB table ledger in eu-central-1: access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{
				"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
				"AWS_ENDPOINT_URL": awstest.Serve(t, tt.standIn), "USER": "ana",
			}
			status, stdout, stderr := start(t, env, tt.args...)
			if status != tt.status || stdout != tt.stdout || !strings.HasPrefix(stderr, tt.stderr) || (stderr == "") != (tt.stderr == "") {
				t.Errorf("status %d, %q and %q, want %d, %q and %q", status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
			}
			if n := strings.Count(stderr, "\n"); n > 1 {
				t.Errorf("the error has %d lines: %s", n, stderr)
			}
		})
	}
}

func TestMissingCredentialsAreSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	file := written(t, stackOutputs("ledger", "https://sqs.eu-central-1.amazonaws.com/123456789012/send"))
	status, _, stderr := start(t, nil, "list", "-outputs", file)
	for _, want := range []string{"AWS_REGION is not set", `eval "$(aws configure export-credentials --format env)"`} {
		if status != 1 || !strings.Contains(stderr, want) {
			t.Errorf("status %d and %q, want 1 and %q", status, stderr, want)
		}
	}
}
