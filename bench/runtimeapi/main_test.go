package runtimeapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"dmlysender/bench/runtimeapi"
)

// function is the binary that the tests run.
var function string

func TestMain(m *testing.M) { os.Exit(build(m)) }

// build makes a real binary once for all tests.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runtimeapi")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	function = filepath.Join(dir, "function")
	out, err := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", function, "./testdata/function").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the function: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// answer is what the function answers.
type answer struct {
	Text      string `json:"text"`
	RequestID string `json:"requestId"`
	ARN       string `json:"arn"`
	LeftMS    int64  `json:"leftMs"`
	PID       int    `json:"pid"`
}

func start(t *testing.T, env ...string) *runtimeapi.Process {
	t.Helper()
	p, err := runtimeapi.Start(t.Context(), function, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// invoke has the function do something, within a minute.
func invoke(ctx context.Context, p *runtimeapi.Process, do, text string) (answer, error) {
	event, err := json.Marshal(map[string]string{"do": do, "text": text})
	if err != nil {
		return answer{}, err
	}
	response, err := p.Invoke(ctx, event, time.Minute)
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = json.Unmarshal(response, &a)
	return a, err
}
