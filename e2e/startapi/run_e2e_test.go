//go:build e2e

package startapi_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// whole is how long everything may take, so that it ends, and cleans up, before `go test` would end it.
	whole = 4 * time.Minute
	// endTime is how long a program may take to end.
	endTime = 40 * time.Second
)

// begin returns a context for what is started, and checks what has to be there.
func begin(t *testing.T) context.Context {
	t.Helper()
	ctx, ignore := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM) // Ctrl-C would end this process before it has cleaned up
	t.Cleanup(ignore)
	ctx, cancel := context.WithTimeout(ctx, whole)
	t.Cleanup(cancel)
	if out, err := exec.CommandContext(ctx, "docker", "info").CombinedOutput(); err != nil {
		t.Fatalf("Docker does not answer, and the api runs in it: start Docker, or leave this part out by make e2e E2E_ARGS='-skip StartAPI'\n%s", out)
	}
	if _, err := os.Stat(fromRoot(t, samCLI)); err != nil {
		t.Fatalf("the SAM CLI is not there: make e2e installs it: %v", err)
	}
	return ctx
}

// samCLI is where the Makefile puts it.
const samCLI = ".tools/venv/bin/sam"

// fromRoot is a path below the repository's root.
func fromRoot(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// command is a program to be run in the repository's root. Its end is asked for by SIGTERM.
func command(ctx context.Context, t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = fromRoot(t, ".")
	cmd.Env = append(os.Environ(), "SAM_CLI_TELEMETRY=0", "ARCH=native")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endTime
	return cmd
}

// output runs a program to its end and returns what it wrote to its standard output.
func output(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, t, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// sam runs a command of the SAM CLI to its end.
func sam(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	return output(ctx, t, fromRoot(t, samCLI), args...)
}

// eventually waits until something is so.
func eventually(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}
