package awsconf_test

import (
	"fmt"
	"strings"
	"testing"

	"dmlysender/shared/awsconf"
)

const (
	testAccessKey = "AKIDEXAMPLE"
	testSecretKey = "wJalrXUtnFEMI-not-a-real-key"
	testToken     = "session-token-of-a-test"
)

// environment returns a complete environment with changes laid over it; an empty value takes a variable away.
func environment(changes map[string]string) func(string) string {
	values := map[string]string{
		"AWS_REGION":            "eu-central-1",
		"AWS_ACCESS_KEY_ID":     testAccessKey,
		"AWS_SECRET_ACCESS_KEY": testSecretKey,
		"AWS_SESSION_TOKEN":     testToken,
	}
	for name, value := range changes {
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

func TestFromEnvTakesRegionAndCredentialsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	cfg, err := awsconf.FromEnv(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Region, "eu-central-1"; got != want {
		t.Errorf("region: got %q, want %q", got, want)
	}
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := [...]string{credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken}
	if want := [...]string{testAccessKey, testSecretKey, testToken}; got != want {
		t.Errorf("credentials: got %q, want %q", got, want)
	}
	if credentials.CanExpire {
		t.Error("credentials of the environment must not expire: they are good for the life of the sandbox")
	}
}

func TestFromEnvFallsBackToTheDefaultRegion(t *testing.T) {
	t.Parallel()
	cfg, err := awsconf.FromEnv(environment(map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Region, "us-west-2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFromEnvNamesEveryMissingVariable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		changes map[string]string
		want    []string
	}{
		"no region":        {map[string]string{"AWS_REGION": ""}, []string{"AWS_REGION is not set"}},
		"no access key":    {map[string]string{"AWS_ACCESS_KEY_ID": ""}, []string{"AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not"}},
		"no secret key":    {map[string]string{"AWS_SECRET_ACCESS_KEY": ""}, []string{"AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not"}},
		"no keys":          {map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, []string{"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"}},
		"nothing":          {map[string]string{"AWS_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, []string{"AWS_REGION", "AWS_ACCESS_KEY_ID"}},
		"endpoint":         {map[string]string{"AWS_ENDPOINT_URL": "localhost:4566"}, []string{"AWS_ENDPOINT_URL is not a URL"}},
		"service endpoint": {map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": "ftp://x:pw@y"}, []string{"AWS_ENDPOINT_URL_SECRETS_MANAGER is not a URL"}},
		"ignore":           {map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "maybe"}, []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true or false"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := awsconf.FromEnv(environment(tt.changes))
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			for _, secret := range []string{testSecretKey, testToken, "pw"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells a secret: %q", err)
				}
			}
		})
	}
}

func TestConfigDoesNotPrintItsCredentials(t *testing.T) {
	t.Parallel()
	cfg, err := awsconf.FromEnv(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		got := fmt.Sprintf(verb, cfg)
		for _, secret := range []string{testSecretKey, testToken} {
			if strings.Contains(got, secret) {
				t.Errorf("%s prints a secret: %s", verb, got)
			}
		}
	}
}
