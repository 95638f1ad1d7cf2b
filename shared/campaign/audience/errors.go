package audience

import "fmt"

// Error says that the whole audience cannot be used. Its text is for the user who made the file: it says what is wrong,
// and what to do. No cell of the file is in it but for the names in its header.
type Error struct {
	Reason string
	// Err is what was found, if that is an error of its own; may be nil.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return "the audience cannot be used: " + e.Reason }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

func unusable(format string, args ...any) *Error { return &Error{Reason: fmt.Sprintf(format, args...)} }

// RowError says that one row cannot be used. No cell of the row is in it.
type RowError struct {
	// Line is where the row begins; the file's first line is 1.
	Line int
	// Name is the column or member that is wrong, or empty if it is the whole row.
	Name string
	// Reason is for the user.
	Reason string
}

// Error implements error.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

func badRow(line int, format string, args ...any) *RowError {
	return &RowError{Line: line, Reason: fmt.Sprintf(format, args...)}
}
