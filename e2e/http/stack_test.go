//go:build e2e

// Package http_test looks at the HTTP API from outside: the program of `make run`, as it was built, on ports of its own. What it
// knows of the program is its flags, its address and its answers.
package http_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
)

// localKey is what `make run` takes as x-api-key.
const localKey = "local"

// patience is how long anything may take that should take no time: a start, an answer, an arrival.
const patience = 30 * time.Second

// root is the repository's folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tool is a program that the Makefile puts into .tools.
func tool(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(append([]string{root(t), ".tools"}, path...)...)
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%s is not there: make e2e installs it", file)
	}
	return file
}

// program is the built program's path. It stays in the module's build folder, as that of `make run` does.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join("build", "e2e", "local")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", file, "./local")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return file, nil
})

// stack is a running program. Each test has one of its own.
type stack struct {
	t *testing.T
	// api and sim are the addresses of the HTTP API and of the DMLY simulator, such as http://127.0.0.1:8080.
	api, sim string
}

// start runs the program until the test ends, and waits until it has played its samples; they are cleared from the simulator. When
// the test ends, the program must still run, must have said nothing of a panic or an error, and must end as asked.
func start(t *testing.T) *stack {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, "-events", "events", "-api", "127.0.0.1:0", "-dmly", "127.0.0.1:0")
	cmd.Path, cmd.Dir = filepath.Join(root(t), file), root(t)
	cmd.Env = []string{"DMLY_RATE_PER_MINUTE=1000000", "HOME=" + t.TempDir()}
	deployed.EndWithParent(cmd)
	stderr := &output{}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	printed := make(chan string, 1)
	go func() {
		defer close(ended)
		var all strings.Builder
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Fprintln(&all, lines.Text())
			if lines.Text() == "Ctrl-C ends." {
				printed <- all.String()
			}
		}
		_ = cmd.Wait() // how it ended is in its ProcessState
	}()
	t.Cleanup(func() { stop(t, cmd, ended, stderr) })
	select {
	case text := <-printed:
		s := &stack{t: t, api: between(t, text, "The HTTP API is at ", " "), sim: between(t, text, "What DMLY received: curl ", "/_sim")}
		s.clear()
		return s
	case <-ended:
		t.Fatalf("the program ended at once:\n%s", stderr)
	case <-time.After(patience):
		t.Fatalf("the program did not come up within %v:\n%s", patience, stderr)
	}
	return nil
}

// stop ends the program and reports what should not have happened to it.
func stop(t *testing.T, cmd *exec.Cmd, ended <-chan struct{}, stderr *output) {
	t.Helper()
	select {
	case <-ended:
		t.Errorf("the program ended by itself (%v):\n%s", cmd.ProcessState, stderr)
		return
	default:
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("end the program: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Errorf("the program did not end within %v after SIGTERM", patience)
		_ = cmd.Process.Kill() // it may have ended now
		<-ended
	}
	if status := cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("the program ended with status %d", status)
	}
	if said := stderr.String(); said != "" {
		t.Errorf("the program reported:\n%s", said)
	}
}

// output is what a program writes, of which the first part is kept. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	const most = 16 << 10
	o.kept.Write(p[:min(len(p), max(0, most-o.kept.Len()))])
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept.String()
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	_, s, ok := strings.Cut(s, before)
	if !ok {
		t.Fatalf("%q is not in the output", before)
	}
	s, _, _ = strings.Cut(s, after)
	return s
}

// run runs a program that is expected to succeed, and returns what it printed.
func run(t *testing.T, limit time.Duration, cmd *exec.Cmd) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill() // it may have ended now
		}
	})
	defer stop()
	out, err := cmd.CombinedOutput()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("%s did not end within %v:\n%s", cmd, limit, out)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}
