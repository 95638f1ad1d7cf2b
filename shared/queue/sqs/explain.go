package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"dmlysender/shared/delivery"
)

// Reasons for which nothing can be queued until somebody changes something, for errors.Is.
var (
	// ErrQueueNotFound: there is no queue with that URL.
	ErrQueueNotFound = errors.New("queue not found")
	// ErrAccessDenied: whoever the credentials are may not do this with the queue.
	ErrAccessDenied = errors.New("access denied")
)

// failure is an entry with which something was not done, and why.
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

// failuresError is several of them.
type failuresError []failure

// Error names the first by their ids; those with one reason stand together.
func (e failuresError) Error() string {
	const named = 10
	var b strings.Builder
	shown := e[:min(named, len(e))]
	for i, f := range shown {
		b.WriteString(cmp.Or(f.entry.id, "(no id)"))
		switch {
		case i+1 < len(shown) && shown[i+1].err.Error() == f.err.Error():
			b.WriteString(", ")
			continue
		case i+1 == len(shown) && len(shown) < len(e):
			fmt.Fprintf(&b, " and %d more", len(e)-len(shown))
		}
		fmt.Fprintf(&b, ": %v", f.err)
		if i+1 < len(shown) {
			b.WriteString("; ")
		}
	}
	return b.String()
}

// Unwrap gives the reasons to errors.Is and errors.As.
func (e failuresError) Unwrap() []error {
	reasons := make([]error, len(e))
	for i, f := range e {
		reasons[i] = f.err
	}
	return reasons
}

// explain turns the errors that an operator can do something about into a sentence that says what; rights are who needs
// which.
func explain(ctx context.Context, err error, rights string) error {
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
		return fmt.Errorf("%w: deploy the stack that creates it, or correct the queue's URL and AWS_REGION (%s)", ErrQueueNotFound, code)
	case strings.Contains(code, "AccessDenied"):
		return fmt.Errorf("%w: allow %s (%s)", ErrAccessDenied, rights, refused.ErrorMessage())
	case throttles(code):
		return fmt.Errorf("%w: if it lasts, raise the limits of the account (%w)", delivery.ErrThrottled, err)
	}
	return err
}

// throttles says whether SQS, or KMS for it, refuses with this code what it would have taken at another moment:
// RequestThrottled, ThrottlingException, KmsThrottled, OverLimit and the like.
func throttles(code string) bool {
	return strings.Contains(code, "Throttl") || strings.HasSuffix(code, "OverLimit")
}
