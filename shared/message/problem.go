package message

import (
	"strings"

	"dmlysender/shared/dmly"
)

// Problem is one thing that is wrong with a message, and where.
type Problem = dmly.Problem

// Error says that a message cannot be taken, with every problem at once. Its text
// is for the user who wrote the message: phone numbers are shortened in it.
type Error struct {
	// Problems has at least one entry, in the order of the message's text.
	Problems []Problem
	// ID is the message's own id if it had a usable one, so that what is refused
	// can be told apart.
	ID string
	// TooLarge says that the message is over [MaxBytes].
	TooLarge bool
	// Malformed says that it is not one JSON value, whatever it says.
	Malformed bool
}

// Error implements error.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "; ")
}

// topic is the part of a pointer within which one problem hides the others: a
// field that could not be read must not be reported as missing too.
func topic(pointer string) string {
	parts := strings.SplitN(pointer, "/", 5)
	depth := 2
	if len(parts) > 1 && parts[1] == "fallback" {
		depth = 4
	}
	got := strings.Join(parts[:min(depth, len(parts))], "/")
	if got == "/contact" {
		return "/recipient" // they are two answers to one question
	}
	return got
}
