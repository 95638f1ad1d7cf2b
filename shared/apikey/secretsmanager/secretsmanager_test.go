package secretsmanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dmlysender/shared/apikey"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/awsconf/awstest"
)

const (
	secretName = "dmly/key"
	hush       = "hush-hush-key"
)

// stand is a Secrets Manager that gives one answer to everything and keeps what it was asked.
type stand struct {
	status int
	body   string

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	s.mu.Unlock()
	awstest.Answer(s.status, s.body)(w, r)
}

// open returns a Source that is led to the stand by AWS_ENDPOINT_URL_SECRETS_MANAGER, as a function in a test stack is.
func (s *stand) open(t *testing.T) apikey.Source {
	t.Helper()
	return open(t, s)
}

func open(t *testing.T, standIn http.Handler) apikey.Source {
	t.Helper()
	return secretsmanager.Open(awstest.Config(t, map[string]string{
		"AWS_SESSION_TOKEN": "token-1",
		"AWS_ENDPOINT_URL":  "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SECRETS_MANAGER": awstest.Serve(t, standIn),
	}), secretName)
}

func value(members string) string {
	return `{"ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:dmly/key-AbCdEf", "Name": "dmly/key", "VersionId": "v1", ` + members + `}`
}

func TestSourceReadsTheSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ members, want string }{
		"string": {`"SecretString": "` + hush + `"`, hush},
		"JSON":   {`"SecretString": "{\"default\": \"` + hush + `\"}"`, `{"default": "` + hush + `"}`},
		"binary": {`"SecretBinary": "aHVzaC1odXNoLWtleQ=="`, hush},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := (&stand{status: http.StatusOK, body: value(tt.members)}).open(t)(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestSourceAsksForTheCurrentVersionUnderItsCredentials(t *testing.T) {
	t.Parallel()
	s := &stand{status: http.StatusOK, body: value(`"SecretString": "x"`)}
	if _, err := s.open(t)(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := len(s.requests), 1; got != want {
		t.Fatalf("got %d requests, want %d", got, want)
	}
	r := s.requests[0]
	headers := map[string]string{
		"X-Amz-Target":         "secretsmanager.GetSecretValue",
		"Content-Type":         "application/x-amz-json-1.1",
		"X-Amz-Security-Token": "token-1",
	}
	for name, want := range headers {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got, want := r.Header.Get("Authorization"), "/eu-central-1/secretsmanager/aws4_request"; !strings.Contains(got, want) {
		t.Errorf("got the signature %q, want it for %s", got, want)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(s.bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	if want := (map[string]string{"SecretId": secretName, "VersionStage": "AWSCURRENT"}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	refusal := func(code, message string) string { return fmt.Sprintf(`{"__type": %q, "message": %q}`, code, message) }
	tests := map[string]struct {
		status int
		body   string
		is     error
		want   []string
	}{
		"not found": {
			http.StatusBadRequest, refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
			secretsmanager.ErrNotFound, []string{secretName, "eu-central-1", "create-secret"},
		},
		"deleted": {
			http.StatusBadRequest, refusal("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion."),
			secretsmanager.ErrNotFound, []string{secretName, "restore-secret", "marked for deletion"},
		},
		"access denied": {
			http.StatusBadRequest, refusal("AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/worker is not authorized"),
			secretsmanager.ErrAccessDenied, []string{secretName, "secretsmanager:GetSecretValue", "assumed-role/worker"},
		},
		"key denied": {
			http.StatusBadRequest, refusal("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text."),
			secretsmanager.ErrAccessDenied, []string{secretName, "kms:Decrypt"},
		},
		"no value": {
			http.StatusOK, value(`"VersionStages": ["AWSCURRENT"]`),
			secretsmanager.ErrEmpty, []string{secretName, "put-secret-value"},
		},
		"unreadable": {
			http.StatusOK, `{"SecretString": {"` + hush + `": "` + hush,
			nil, []string{secretName, "AWS_ENDPOINT_URL_SECRETS_MANAGER"},
		},
		"wrong type": {
			http.StatusOK, `{"SecretString": ["` + hush + `"]}`,
			nil, []string{secretName},
		},
		"other": {
			http.StatusBadRequest, refusal("UnrecognizedClientException", "The security token included in the request is invalid."),
			nil, []string{secretName, "UnrecognizedClientException"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := (&stand{status: tt.status, body: tt.body}).open(t)(t.Context())
			if err == nil || got != "" {
				t.Fatalf("got %q and no error", got)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if told := fmt.Sprintf("%v %#v", err, errors.Unwrap(err)); strings.Contains(told, hush) {
				t.Errorf("the error tells the secret: %s", told)
			}
		})
	}
}

func TestSourceObeysItsContext(t *testing.T) {
	t.Parallel()
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, silent)(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestSourceFeedsTheCache(t *testing.T) {
	t.Parallel()
	s := &stand{status: http.StatusOK, body: value(`"SecretString": "{\"workspaces\": {\"W1\": \"` + hush + `\"}}"`)}
	keys, err := apikey.NewCache(s.open(t), apikey.Options{}).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, ok := keys.For("W1")
	if got, want := key.Reveal(), hush; !ok || got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
