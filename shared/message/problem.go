package message

import (
	"fmt"
	"slices"
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

// findings are what is wrong with a message.
type findings struct {
	problems []Problem
	// repeated counts the names that are there twice beyond those among the problems.
	repeated int
	// excused are the places that a misspelled field was meant for.
	excused []string
}

const (
	// maxProblems bounds the answer to a message that is wrong everywhere.
	maxProblems = 100
	// maxPointers is how many bytes all its pointers may have: each can repeat names that are nearly as long as the message.
	maxPointers = 4 << 10
)

// list is what was found, bounded.
func (f *findings) list() []Problem {
	var told []Problem
	pointers := 0
	for _, p := range f.problems {
		if len(told) < maxProblems && pointers+len(p.Pointer) <= maxPointers {
			told, pointers = append(told, p), pointers+len(p.Pointer)
		}
	}
	if more := f.repeated + len(f.problems) - len(told); more > 0 {
		told = append(told, Problem{Detail: fmt.Sprintf("has %d more problems", more)})
	}
	return told
}

func (f *findings) add(at, format string, args ...any) {
	f.problems = append(f.problems, Problem{Pointer: at, Detail: fmt.Sprintf(format, args...)})
}

// reported says whether something was found wrong there already.
func (f *findings) reported(at string) bool {
	return slices.Contains(f.excused, at) ||
		slices.ContainsFunc(f.problems, func(p Problem) bool { return related(p.Pointer, at) })
}

// merge adds the problems at places that had none before: a field that could not be
// read is not reported as missing too.
func (f *findings) merge(found []Problem) {
	known := f.problems
	if len(known) >= maxProblems {
		return // no more than these are told, and comparing all with all takes its time
	}
	for _, p := range found {
		if !slices.ContainsFunc(known, func(q Problem) bool { return related(p.Pointer, q.Pointer) }) &&
			!slices.ContainsFunc(f.excused, func(at string) bool { return related(p.Pointer, at) }) {
			f.problems = append(f.problems, p)
		}
	}
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
