package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/config"
)

const number = "+15557654321"

// invoke hands an event to a handler in an invocation, and returns what was written.
func invoke(t *testing.T, env map[string]string, handler func(*stack.Stack) any, event string) (written string, err error) {
	t.Helper()
	var out bytes.Buffer
	s, err := stack.Open("worker", func(name string) string { return env[name] }, &out, stack.AWS{}, config.Sending, config.Queues)
	if err != nil {
		t.Fatal(err)
	}
	served := s.Serving(handler(s))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
	_, err = served.Invoke(ctx, []byte(event))
	return out.String(), err
}

// counted is the environment of a function that counts.
func counted() map[string]string {
	env := maps.Clone(locally)
	env["METRICS_NAMESPACE"] = "dmly-sender"
	return env
}

func TestWhatWasCountedIsWrittenHoweverTheInvocationEnds(t *testing.T) {
	t.Parallel()
	type event struct{ Text string }
	for name, tt := range map[string]struct {
		event string
		ends  func() error
		err   string
	}{
		"well":               {`{"text": "a"}`, func() error { return nil }, ""},
		"with an error":      {`{"text": "a"}`, func() error { return errors.New("no queue") }, "no queue"},
		"with a panic":       {`{"text": "a"}`, func() error { panic(number) }, "panic: string"},
		"before it began":    {`{"text": 15557654321}`, nil, `the event is not of the expected form: "Text" may not be what it is`},
		"with no whole JSON": {`{"text": "+1555`, nil, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := invoke(t, counted(), func(s *stack.Stack) any {
				return func(context.Context, event) error {
					s.Sender.Meter.KeyRefused()
					return tt.ends()
				}
			}, tt.event)
			if text := errorText(err); text != tt.err {
				t.Errorf("got %q, want %q", text, tt.err)
			}
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			var last map[string]any
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last["ColdStart"] != 1.0 || (last["KeyRefused"] == nil) != (tt.ends == nil) {
				t.Errorf("%v: the last line is %v", err, last)
			}
			if panics := strings.Contains(got, `"msg":"panic","panic":"string","stack":"`) && strings.Contains(got, `"requestId":"invocation-1"`); panics != (tt.err == "panic: string") {
				t.Errorf("wrote %s", got)
			}
			if strings.Contains(got, "555") {
				t.Errorf("the event is in the output: %s", got)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWithoutANamespaceNothingIsCounted(t *testing.T) {
	t.Parallel()
	got, err := invoke(t, locally, func(s *stack.Stack) any {
		if s.Sender.Meter != nil || s.Metrics != nil {
			t.Error("there is a meter")
		}
		return func() error { return nil }
	}, "{}")
	if err != nil || got != "" {
		t.Errorf("wrote %q, %v", got, err)
	}
}
