package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
)

// Reasons for which nothing can be queued until somebody changes something, for errors.Is.
var (
	// ErrQueueNotFound: there is no queue with that URL.
	ErrQueueNotFound = errors.New("queue not found")
	// ErrAccessDenied: the function's role may not send to the queue.
	ErrAccessDenied = errors.New("access denied")
)

// failure is an entry that is not known to be queued, and why.
type failure struct {
	entry entry
	err   error
}

func all(entries []entry, err error) []failure {
	failures := make([]failure, len(entries))
	for i, e := range entries {
		failures[i] = failure{e, err}
	}
	return failures
}

func entriesOf(failures []failure) []entry {
	entries := make([]entry, len(failures))
	for i, f := range failures {
		entries[i] = f.entry
	}
	return entries
}

// notQueuedError is what is not known to be queued, of how many records.
type notQueuedError struct {
	failures []failure
	of       int
}

// Error names the first records by their ids; those with one reason stand together.
func (e *notQueuedError) Error() string {
	const named = 10
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d are not known to be queued: ", len(e.failures), e.of)
	shown := e.failures[:min(named, len(e.failures))]
	for i, f := range shown {
		b.WriteString(cmp.Or(f.entry.id, "(no id)"))
		switch {
		case i+1 < len(shown) && shown[i+1].err.Error() == f.err.Error():
			b.WriteString(", ")
			continue
		case i+1 == len(shown) && len(shown) < len(e.failures):
			fmt.Fprintf(&b, " and %d more", len(e.failures)-len(shown))
		}
		fmt.Fprintf(&b, ": %v", f.err)
		if i+1 < len(shown) {
			b.WriteString("; ")
		}
	}
	return b.String()
}

// Unwrap gives the reasons to errors.Is and errors.As.
func (e *notQueuedError) Unwrap() []error {
	reasons := make([]error, len(e.failures))
	for i, f := range e.failures {
		reasons[i] = f.err
	}
	return reasons
}

// explain turns the errors that an operator can do something about into a sentence that says what.
func explain(ctx context.Context, err error) error {
	// The SDK's deserialization error holds a copy of the answer, which may be anybody's page; what went wrong is enough.
	if _, unreadable := errors.AsType[*smithy.DeserializationError](err); unreadable {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the answer was cut short or is not what SQS writes: if it stays so, check AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SQS")
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch code := refused.ErrorCode(); {
	case strings.HasSuffix(code, "QueueDoesNotExist"), strings.HasSuffix(code, "NonExistentQueue"):
		return fmt.Errorf("%w: deploy the stack that creates it, or correct the queue's URL and AWS_REGION (%s)", ErrQueueNotFound, refused.ErrorMessage())
	case strings.Contains(code, "AccessDenied"):
		return fmt.Errorf("%w: allow the function's role sqs:SendMessage on the queue, "+
			"and kms:GenerateDataKey and kms:Decrypt on its key if it has one of your own (%s)", ErrAccessDenied, refused.ErrorMessage())
	}
	return err
}
