package awsconf_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"dmlysender/shared/awsconf"
)

// The endpoint is read back from a real service client: what counts is what the SDK makes of the config.
func TestServiceClientsFindTheirEndpoint(t *testing.T) {
	t.Parallel()
	const general, own = "http://127.0.0.1:4566", "http://127.0.0.1:4570"
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"none":              {nil, ""},
		"general":           {map[string]string{"AWS_ENDPOINT_URL": general}, general},
		"own":               {map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": own}, own},
		"own before all":    {map[string]string{"AWS_ENDPOINT_URL": general, "AWS_ENDPOINT_URL_SECRETS_MANAGER": own}, own},
		"of another":        {map[string]string{"AWS_ENDPOINT_URL_SQS": own}, ""},
		"ignored":           {map[string]string{"AWS_ENDPOINT_URL": general, "AWS_ENDPOINT_URL_SECRETS_MANAGER": own, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""},
		"ignored malformed": {map[string]string{"AWS_ENDPOINT_URL": "?", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""},
		"not ignored":       {map[string]string{"AWS_ENDPOINT_URL": general, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, general},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := awsconf.FromEnv(environment(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			got := aws.ToString(secretsmanager.NewFromConfig(cfg).Options().BaseEndpoint)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
