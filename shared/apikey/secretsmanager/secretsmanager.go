// Package secretsmanager reads a secret from AWS Secrets Manager for the caches of package apikey.
package secretsmanager

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"dmlysender/shared/apikey"
)

// currentStage is the label of the version that is in force; rotation moves it.
const currentStage = "AWSCURRENT"

// Reasons for which a secret cannot be read until somebody changes something, for errors.Is.
var (
	// ErrNotFound: there is no secret of that name in the account and Region, or it is marked for deletion.
	ErrNotFound = errors.New("secret not found")
	// ErrAccessDenied: the function's role may not read the secret, or not decrypt it.
	ErrAccessDenied = errors.New("access denied")
	// ErrEmpty: the secret exists, but no value was ever stored in it.
	ErrEmpty = errors.New("the secret has no value")
)

// Open returns a Source that reads the current version of the secret with this name or ARN. Nothing is sent before the first fetch.
// Region, credentials and endpoint are those of cfg (package awsconf). Its errors say what to do, match ErrNotFound,
// ErrAccessDenied or ErrEmpty where one applies, else wrap the SDK's, and contain nothing of the secret.
func Open(cfg aws.Config, nameOrARN string) apikey.Source {
	client := sdk.NewFromConfig(cfg)
	input := &sdk.GetSecretValueInput{SecretId: aws.String(nameOrARN), VersionStage: aws.String(currentStage)}
	return func(ctx context.Context) (string, error) {
		output, err := client.GetSecretValue(ctx, input)
		if err != nil {
			err = explain(ctx, err, nameOrARN, cfg.Region)
		} else if output.SecretString == nil && output.SecretBinary == nil {
			err = noValue(nameOrARN)
		}
		if err != nil {
			return "", fmt.Errorf("read the secret %q from Secrets Manager in %s: %w", nameOrARN, cfg.Region, err)
		}
		if output.SecretString != nil {
			return *output.SecretString, nil
		}
		return string(output.SecretBinary), nil
	}
}

func noValue(name string) error {
	return fmt.Errorf("%w: store one with \"aws secretsmanager put-secret-value --secret-id %s --secret-string …\"", ErrEmpty, name)
}

// explain turns the errors that an operator can do something about into a sentence that says what.
func explain(ctx context.Context, err error, name, region string) error {
	// The SDK's deserialization error carries a copy of the answer it could not read, and that answer is the secret.
	var unreadable *smithy.DeserializationError
	if errors.As(err, &unreadable) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the answer was cut short or is not what Secrets Manager writes: " +
			"if it stays so, check AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SECRETS_MANAGER")
	}
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: correct the name, or create the secret with \"aws secretsmanager create-secret --region %s --name …\" (%s)",
			ErrNotFound, region, refused.ErrorCode())
	case "AccessDeniedException", "AccessDenied":
		return fmt.Errorf("%w: allow the function's role secretsmanager:GetSecretValue on %s, and kms:Decrypt on its key if it has one of your own (%s)",
			ErrAccessDenied, name, refused.ErrorMessage())
	case "DecryptionFailure":
		return fmt.Errorf("%w: allow the function's role kms:Decrypt on the key that the secret is encrypted with (%s)",
			ErrAccessDenied, refused.ErrorCode())
	case "InvalidRequestException":
		return fmt.Errorf("%w: if it is marked for deletion, bring it back with \"aws secretsmanager restore-secret --secret-id %s\" (%s)",
			ErrNotFound, name, refused.ErrorCode())
	}
	return err
}
