package deployed

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

// EndTime is how long a program may take to end.
const EndTime = 40 * time.Second

// samCLI is where the Makefile puts it.
const samCLI = ".tools/venv/bin/sam"

// Begin returns a context for what is started. It ends when everything has taken so long, so that the test cleans up before `go test`
// would end it; and by Ctrl-C, which would otherwise end the process before it has cleaned up.
func Begin(t *testing.T, whole time.Duration) context.Context {
	t.Helper()
	ctx, ignore := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	t.Cleanup(ignore)
	ctx, cancel := context.WithTimeout(ctx, whole)
	t.Cleanup(cancel)
	if _, err := os.Stat(FromRoot(t, samCLI)); err != nil {
		t.Fatalf("the SAM CLI is not there: make e2e installs it: %v", err)
	}
	return ctx
}

// FromRoot is a path below the repository's root, for a package two folders below it.
func FromRoot(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// Command is a program to be run in the repository's root. Its end is asked for by SIGTERM, also when this process was killed.
func Command(ctx context.Context, t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the tests name the programs
	cmd.Dir = FromRoot(t, ".")
	cmd.Env = append(os.Environ(), "SAM_CLI_TELEMETRY=0", "ARCH=native")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = EndTime
	EndWithParent(cmd)
	return cmd
}

// SAMCommand is a command of the SAM CLI, to be run as [Command] says.
func SAMCommand(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return Command(ctx, t, FromRoot(t, samCLI), args...)
}

// Output runs a program to its end and returns what it wrote to its standard output.
func Output(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	return output(t, Command(ctx, t, name, args...))
}

// SAM runs a command of the SAM CLI to its end and returns what it wrote to its standard output.
func SAM(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	return output(t, SAMCommand(ctx, t, args...))
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// Eventually waits until something is so.
func Eventually(t *testing.T, within time.Duration, what string, so func() bool) {
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
