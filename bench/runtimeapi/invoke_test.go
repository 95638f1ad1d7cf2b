package runtimeapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/bench/runtimeapi"
)

func TestInvokeReturnsTheResponse(t *testing.T) {
	t.Parallel()
	p := start(t)
	for i := range 20 {
		want := fmt.Sprintf("text %d", i)
		a, err := invoke(t.Context(), p, "", want)
		if err != nil {
			t.Fatal(err)
		}
		if a.Text != want {
			t.Errorf("got %q, want %q", a.Text, want)
		}
	}
}

func TestTheFunctionLearnsItsDeadlineAndName(t *testing.T) {
	t.Parallel()
	a, err := invoke(t.Context(), start(t), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if a.LeftMS <= 0 || a.LeftMS > time.Minute.Milliseconds() {
		t.Errorf("got %d ms left, want at most a minute", a.LeftMS)
	}
	if want := ":function:function"; !strings.HasSuffix(a.ARN, want) {
		t.Errorf("got ARN %q, want it to end in %q", a.ARN, want)
	}
}

func TestConcurrentInvocationsGetTheirOwnResponses(t *testing.T) {
	t.Parallel()
	p := start(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			want := strconv.Itoa(i)
			if a, err := invoke(t.Context(), p, "", want); err != nil || a.Text != want {
				t.Errorf("got %q, %v, want %q", a.Text, err, want)
			}
		})
	}
	wg.Wait()
}

func TestAHandlersErrorLeavesTheProcessUsable(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, err := invoke(t.Context(), p, "fail", "no luck")
	report, ok := errors.AsType[*runtimeapi.FunctionError](err)
	if !ok || report.Message != "no luck" || report.Type != "errorString" || len(report.Body) == 0 {
		t.Errorf("got %#v, want the handler's error", err)
	}
	if _, err := invoke(t.Context(), p, "", ""); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAPanicIsReportedAndEndsTheProcess(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, err := invoke(t.Context(), p, "panic", "at the disco")
	if report, ok := errors.AsType[*runtimeapi.FunctionError](err); !ok || report.Message != "at the disco" {
		t.Errorf("got %v, want the panic's report", err)
	}
	<-p.Exited()
	_, err = invoke(t.Context(), p, "", "")
	if _, ok := errors.AsType[*runtimeapi.ExitError](err); !ok {
		t.Errorf("afterwards: got %v, want an ExitError", err)
	}
}

func TestAProcessThatEndsFailsItsInvocation(t *testing.T) {
	t.Parallel()
	_, err := invoke(t.Context(), start(t), "exit", "had enough")
	exit, ok := errors.AsType[*runtimeapi.ExitError](err)
	if !ok || exit.State != "exit status 3" || !strings.Contains(exit.Output, "had enough") {
		t.Errorf("got %v, want the exit with its output", err)
	}
}

func TestAnOverrunIsKilledAtItsDeadline(t *testing.T) {
	t.Parallel()
	p := start(t)
	if _, err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, err := p.Invoke(t.Context(), []byte(`{"do": "hang"}`), 50*time.Millisecond)
	if !errors.Is(err, runtimeapi.ErrTimedOut) {
		t.Errorf("got %v, want %v", err, runtimeapi.ErrTimedOut)
	}
	if took := time.Since(begin); took < 50*time.Millisecond {
		t.Errorf("it took %v, less than the deadline", took)
	}
	<-p.Exited()
}

func TestInvokeObeysItsContext(t *testing.T) {
	t.Parallel()
	p := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := invoke(ctx, p, "hang", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("handed out: got %v, want %v", err, context.DeadlineExceeded)
	}
	// The function still hangs, so this one is never taken.
	if _, err := invoke(ctx, p, "", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: got %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestAResponseBeyondLambdasLimitFails(t *testing.T) {
	t.Parallel()
	_, err := invoke(t.Context(), start(t), "big", "")
	if report, ok := errors.AsType[*runtimeapi.FunctionError](err); !ok || report.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("got %v, want it refused for its size", err)
	}
}

func TestAnswersToUnknownRequestsAreRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	a, err := invoke(t.Context(), p, "env", "AWS_LAMBDA_RUNTIME_API")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"unknown/response", "unknown/error", a.RequestID + "/response"} {
		response, err := http.Post("http://"+a.Text+"/2018-06-01/runtime/invocation/"+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if got, want := response.StatusCode, http.StatusBadRequest; got != want || !strings.Contains(string(body), "InvalidRequestID") {
			t.Errorf("%s: got %d %s, want %d", path, got, body, want)
		}
	}
}
