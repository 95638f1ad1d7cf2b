package runtimeapi_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"dmlysender/bench/runtimeapi"
)

func TestFirstPollIsMeasuredFromTheStart(t *testing.T) {
	t.Parallel()
	before := time.Now()
	p := start(t)
	got, err := p.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if most := time.Since(before); got <= 0 || got > most {
		t.Errorf("got %v, want more than 0 and at most %v", got, most)
	}
	if again := p.FirstPoll(); again != got {
		t.Errorf("asked again: got %v, want %v", again, got)
	}
}

func TestReadyObeysItsContext(t *testing.T) {
	t.Parallel()
	p := start(t, "NEVER_POLL=1")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestTheFunctionSeesItsEnvironmentAlone(t *testing.T) {
	t.Setenv("OF_THE_DRIVER", "leaks")
	p := start(t, "GIVEN=yes")
	for name, want := range map[string]string{"GIVEN": "yes", "OF_THE_DRIVER": ""} {
		a, err := invoke(t.Context(), p, "env", name)
		if err != nil || a.Text != want {
			t.Errorf("%s: got %q, %v, want %q", name, a.Text, err, want)
		}
	}
}

func TestKillEndsAnInvocationAndFreesThePort(t *testing.T) {
	t.Parallel()
	p := start(t)
	a, err := invoke(t.Context(), p, "env", "AWS_LAMBDA_RUNTIME_API")
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := invoke(t.Context(), p, "hang", "")
		failed <- err
	}()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	err = <-failed
	exit, ok := errors.AsType[*runtimeapi.ExitError](err)
	if !ok || exit.State != "signal: killed" {
		t.Errorf("got %v, want the end by a kill", err)
	}
	if err := syscall.Kill(a.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", a.PID, err)
	}
	if connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", a.Text); err == nil {
		connection.Close()
		t.Errorf("%s is still served", a.Text)
	}
	if err := p.Kill(); err != nil {
		t.Errorf("second kill: %v", err)
	}
	if _, err := invoke(t.Context(), p, "", ""); !errors.As(err, &exit) {
		t.Errorf("invocation of a dead process: got %v, want %T", err, exit)
	}
}

func TestTheEndOfTheContextEndsTheProcess(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := runtimeapi.Start(ctx, function, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-p.Exited()
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
}

func TestAFailedStartIsReported(t *testing.T) {
	t.Parallel()
	p := start(t, "INIT_ERROR=LEDGER is not set")
	_, err := p.Ready(t.Context())
	exit, ok := errors.AsType[*runtimeapi.ExitError](err)
	if !ok {
		t.Fatalf("got %v, want an ExitError", err)
	}
	if got, want := exit.State, "exit status 1"; got != want {
		t.Errorf("state: got %q, want %q", got, want)
	}
	report, ok := errors.AsType[*runtimeapi.FunctionError](err)
	if !ok || report.Type != "Init.Failed" || report.Message != "LEDGER is not set" {
		t.Errorf("got %v, want the report of the start", report)
	}
	for _, want := range []string{"function", "exit status 1", "LEDGER is not set", "last line of its output"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to contain %q", err, want)
		}
	}
	if got := p.FirstPoll(); got != 0 {
		t.Errorf("first poll: got %v, want 0", got)
	}
}

func TestProcessorTimeIsKnownAtTheEnd(t *testing.T) {
	t.Parallel()
	idle, busy := start(t), start(t)
	if _, err := invoke(t.Context(), busy, "count", "100000000"); err != nil {
		t.Fatal(err)
	}
	if got := busy.CPUTime(); got != 0 {
		t.Errorf("before the end: got %v, want 0", got)
	}
	for _, p := range []*runtimeapi.Process{idle, busy} {
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	// A loop of 1e8 takes more than 10 ms of any processor.
	if got, least := busy.CPUTime(), 10*time.Millisecond; got < least {
		t.Errorf("got %v, want at least %v", got, least)
	}
	if got, most := idle.CPUTime(), busy.CPUTime(); got > most {
		t.Errorf("an idle one took %v, a busy one %v", got, most)
	}
}

func TestStartNamesABinaryThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := runtimeapi.Start(t.Context(), filepath.Join(t.TempDir(), "absent"), nil)
	if err == nil || !strings.Contains(err.Error(), "start function absent") {
		t.Errorf("got %v, want an error that names the function", err)
	}
}

func TestOutputIsKept(t *testing.T) {
	t.Parallel()
	p := start(t)
	if _, err := invoke(t.Context(), p, "print", "a line"); err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if got, want := p.Output(), "a line\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequestIDsAreUUIDsAndDiffer(t *testing.T) {
	t.Parallel()
	p := start(t)
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 10 {
		a, err := invoke(t.Context(), p, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(a.RequestID) || seen[a.RequestID] {
			t.Errorf("got %q, want a new UUID", a.RequestID)
		}
		seen[a.RequestID] = true
	}
}
