// Package awstest leads the clients of AWS services to a stand-in, the way a function in a test stack is led: by the
// environment. Only tests import it.
//
// A stand-in is an [net/http.Handler] that knows the one or two calls which a package makes. Its answers are made with
// [Answer] and [Refuse], and [ConfigFor] serves it:
//
//	cfg := awstest.ConfigFor(t, awstest.Refuse(http.StatusBadRequest, "com.amazonaws.sqs#QueueDoesNotExist", "no such queue"))
//	err := sqs.Open(cfg, url).Enqueue(t.Context(), record)
package awstest

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"dmlysender/shared/awsconf"
)

// Config is made from an environment that has a region, credentials, and what env adds or changes; this process's own
// environment is not asked.
func Config(t *testing.T, env map[string]string) aws.Config {
	t.Helper()
	return configFrom(t, func(name string) string { return env[name] }, map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-access",
	})
}

func configFrom(t *testing.T, getenv func(string) string, defaults map[string]string) aws.Config {
	t.Helper()
	cfg, err := awsconf.FromEnv(func(name string) string { return cmp.Or(getenv(name), defaults[name]) })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// ConfigFor serves a stand-in until the test is over, and names it as AWS_ENDPOINT_URL. Requests are repeated as often
// as awsconf has it, but at once.
func ConfigFor(t *testing.T, standIn http.Handler) aws.Config {
	t.Helper()
	cfg := Config(t, map[string]string{"AWS_ENDPOINT_URL": Serve(t, standIn)})
	cfg.Retryer = func() aws.Retryer {
		return retry.AddWithMaxBackoffDelay(awsconf.NewRetryer(), time.Nanosecond)
	}
	return cfg
}

// Serve serves a stand-in on a free port of 127.0.0.1 until the test is over, and returns its URL.
func Serve(t *testing.T, standIn http.Handler) string {
	t.Helper()
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	return server.URL
}

// EndToEnd is the configuration of the AWS stand-in at this process's AWS_ENDPOINT_URL. Without one the test fails
// instead of being skipped: it was asked for, and must not call AWS by accident.
func EndToEnd(t *testing.T) aws.Config {
	t.Helper()
	if os.Getenv("AWS_ENDPOINT_URL") == "" {
		t.Fatal("AWS_ENDPOINT_URL is not set: start an AWS stand-in and name it, for example AWS_ENDPOINT_URL=http://127.0.0.1:4570")
	}
	return configFrom(t, os.Getenv, map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	})
}

// RunWithoutEnv is a TestMain that first takes away what the SDK would read from this process's environment, past the
// one that the tests give it. It panics if a variable cannot be taken away.
func RunWithoutEnv(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	m.Run()
}
