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

// related says whether a problem at one place may be the cause of one at the other:
// they are the same, or one lies within the other. Contact and recipient are two
// answers to one question.
func related(a, b string) bool {
	a, b = target(a), target(b)
	return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

func target(pointer string) string {
	if pointer == "/contact" || strings.HasPrefix(pointer, "/contact/") {
		return "/recipient"
	}
	return pointer
}
