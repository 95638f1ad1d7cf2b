package awsconf_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"dmlysender/shared/awsconf"
)

func TestServiceClientsKeepTheRetriesOfAShortDeadline(t *testing.T) {
	t.Parallel()
	cfg, err := awsconf.FromEnv(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	retryer := secretsmanager.NewFromConfig(cfg).Options().Retryer
	if got, want := retryer.MaxAttempts(), 3; got != want {
		t.Errorf("attempts: got %d, want %d", got, want)
	}
	for attempt := 1; attempt <= 20; attempt++ {
		delay, err := retryer.RetryDelay(attempt, http.ErrHandlerTimeout)
		if err != nil {
			t.Fatal(err)
		}
		if delay > time.Second {
			t.Errorf("attempt %d: got a delay of %v, want at most 1s", attempt, delay)
		}
	}
}

func TestServiceClientsShareOneHTTPClient(t *testing.T) {
	t.Parallel()
	cfg, err := awsconf.FromEnv(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	a, b := secretsmanager.NewFromConfig(cfg).Options().HTTPClient, secretsmanager.NewFromConfig(cfg).Options().HTTPClient
	if a != b {
		t.Error("two service clients have two HTTP clients, want one pool of connections")
	}
}

func TestHTTPClientFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := awsconf.NewHTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, want := response.StatusCode, http.StatusTemporaryRedirect; got != want {
		t.Errorf("got status %d, want %d", got, want)
	}
}

// closedBody is how a request's body of the SDK ends once it was closed.
type closedBody struct{ *strings.Reader }

func (closedBody) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }
func (closedBody) Close() error                     { return nil }

func TestABodyThatTheSDKClosesEarlyCutsNoConnection(t *testing.T) {
	t.Parallel()
	cfg, err := awsconf.FromEnv(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	for i := range 40 {
		want := `{"QueueUrl": "…"}`
		if i%2 > 0 {
			want = strings.Repeat(want, 10_000) // too long to be put in memory
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closedBody{strings.NewReader(want)})
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = int64(len(want))
		response, err := cfg.HTTPClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		if err != nil || string(got) != want {
			t.Errorf("got %d bytes, %v, want %d", len(got), err, len(want))
		}
		_ = response.Body.Close()
	}
}
