// Package awsconf builds the aws.Config of a Lambda function by hand, from the environment alone.
//
// The SDK's own loader also looks for shared files, SSO sessions and instance metadata; merely linking and
// running it takes longer than all the rest of a function's start. A function needs none of these: Lambda puts
// region and credentials into the environment and changes neither while a sandbox lives.
package awsconf

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// FromEnv returns the configuration that getenv (usually os.Getenv) describes:
//
//   - AWS_REGION, or AWS_DEFAULT_REGION;
//   - AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for the temporary credentials that Lambda hands out, AWS_SESSION_TOKEN;
//   - AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
//
// Service clients made with their NewFromConfig find their endpoint in it by themselves. The HTTP client and the
// retries suit a short deadline and a sandbox that may freeze (see NewHTTPClient and NewRetryer).
// All clients made from one Config share its connections, so build it once.
//
// The errors of a service do not have the service's own words, which may repeat what it was asked to do, and with that what a message
// says: its code and the id of the request tell what they were about. They are still there for [errors.As], as those of a
// [smithy.APIError]: what explains an error to an operator adds those of a denied access, in which IAM names who may not do what, and
// which were written before the service looked at what it was asked.
//
// The error names every variable that is missing or malformed, never the value of a credential.
func FromEnv(getenv func(string) string) (aws.Config, error) {
	region, regionErr := readRegion(getenv)
	credentials, credentialsErr := readCredentials(getenv)
	endpoints, endpointsErr := newEndpoints(getenv)
	if err := errors.Join(regionErr, credentialsErr, endpointsErr); err != nil {
		return aws.Config{}, fmt.Errorf("configure AWS from the environment: %w", err)
	}
	return aws.Config{
		Region:           region,
		Credentials:      credentials,
		BaseEndpoint:     endpoints.base(),
		ConfigSources:    []any{endpoints},
		HTTPClient:       NewHTTPClient(),
		Retryer:          NewRetryer,
		RetryMode:        aws.RetryModeStandard,
		RetryMaxAttempts: maxAttempts,
		APIOptions:       []func(*middleware.Stack) error{quiet},
	}, nil
}

func readRegion(getenv func(string) string) (string, error) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if value := getenv(name); value != "" {
			return value, nil
		}
	}
	return "", errors.New("AWS_REGION is not set: Lambda sets it by itself; anywhere else set it to the stack's Region, for example eu-central-1")
}

// readCredentials returns a function instead of the SDK's provider struct, so that a config printed by mistake shows an address, not a secret.
func readCredentials(getenv func(string) string) (aws.CredentialsProvider, error) {
	value := aws.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	var missing string
	switch {
	case value.HasKeys():
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return value, nil }), nil
	case value.AccessKeyID == "" && value.SecretAccessKey == "":
		missing = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
	case value.AccessKeyID == "":
		missing = "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not"
	default:
		missing = "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not"
	}
	return nil, errors.New(missing + `: Lambda sets both by itself; anywhere else export them; those of a profile with: eval "$(aws configure export-credentials --format env)"`)
}
