package dmly

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Failure is what is known of a send that did not succeed. It is part of every
// error that [Client.Send] returns once the request was valid. It never holds
// the API key.
type Failure struct {
	Operation Operation
	// StatusCode is the HTTP status, or 0 if no answer came.
	StatusCode int
	// ID, Status and Detail are DMLY's own "id", "status" and "error", each cut to
	// 500 bytes; empty if DMLY did not send them. Detail may name a person.
	ID, Status, Detail string
	// RetryAfter is how long DMLY asks to wait, from a Retry-After header in
	// either form (seconds or date); 0 if it did not ask.
	RetryAfter time.Duration
	// Err is the cause where there is no answer, for example a [net.OpError].
	Err error
}

// Unwrap gives the cause to [errors.Is] and [errors.As].
func (f *Failure) Unwrap() error { return f.Err }

func (f *Failure) describe(verdict string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.Operation, verdict)
	if f.StatusCode != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", f.StatusCode)
	}
	if f.Status != "" {
		fmt.Fprintf(&b, ", status %q", f.Status)
	}
	if f.Detail != "" {
		fmt.Fprintf(&b, ": %s", f.Detail)
	}
	if f.Err != nil {
		fmt.Fprintf(&b, ": %s", withoutAddresses(f.Err))
	}
	return b.String()
}

// withoutAddresses is the text of an error without those of the two ends and of the resolver: they say nothing to whoever
// reads why a message was not sent, and where a function runs is nobody's business.
func withoutAddresses(err error) string {
	if resolving, ok := errors.AsType[*net.DNSError](err); ok {
		return "look up " + resolving.Name + ": " + resolving.Err
	}
	broken, ok := errors.AsType[*net.OpError](err)
	if !ok || broken.Err == nil {
		return err.Error()
	}
	if call, ok := errors.AsType[*os.SyscallError](broken.Err); ok { // "read: connection reset", not "read: read: …"
		return broken.Op + ": " + call.Err.Error()
	}
	return broken.Op + ": " + broken.Err.Error()
}

// RejectedError says that DMLY refused the message: 4xx, or a 2xx whose "error"
// is filled or whose "status" names a failure. The same request will be refused
// again.
type RejectedError struct{ Failure }

// Error implements error.
func (e *RejectedError) Error() string { return e.describe("DMLY rejected the message") }

// KeyRefusedError says that DMLY did not take the API key (401, 403). The message
// itself is fine and was not sent. Read the key anew; if that does not help, hold
// everything that would use it.
type KeyRefusedError struct{ Failure }

// Error implements error.
func (e *KeyRefusedError) Error() string { return e.describe("DMLY refused the API key") }

// NotSentError says that the message was certainly not sent and can be sent
// again: DMLY asks to wait (429, or 503 with Retry-After), or the request never
// reached it.
type NotSentError struct {
	Failure
	// RateLimited says that the account as a whole has to wait (429).
	RateLimited bool
}

// Error implements error.
func (e *NotSentError) Error() string { return e.describe("not sent") }

// UnknownError says that the message may or may not have been sent: the
// connection broke after the request left, time ran out, DMLY failed inside, or
// its answer cannot be read. Sending again may deliver twice.
type UnknownError struct{ Failure }

// Error implements error.
func (e *UnknownError) Error() string { return e.describe("it is not known whether it was sent") }
