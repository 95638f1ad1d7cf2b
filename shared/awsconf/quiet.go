package awsconf

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// quiet takes the service's own words out of the text of a call's error.
func quiet(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WithoutTheServicesWords",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleInitialize(ctx, in)
			if refused, ok := errors.AsType[smithy.APIError](err); ok && refused.ErrorMessage() != "" {
				err = &quietError{err, refused.ErrorMessage()}
			}
			return out, metadata, err
		}), middleware.Before)
}

// quietError is an error whose text has something else for some words.
type quietError struct {
	err   error
	words string
}

// Error implements error.
func (e *quietError) Error() string {
	return strings.ReplaceAll(e.err.Error(), e.words, "(its words are left out)")
}

// Unwrap gives the error with its words.
func (e *quietError) Unwrap() error { return e.err }
