package runtimeapi

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTimedOut means that the function did not answer before its deadline.
var ErrTimedOut = errors.New("task timed out")

// FunctionError is an error that the function reported for an event, or for its own start.
type FunctionError struct {
	// Type and Message are the report's errorType and errorMessage; for Go functions the type of the error and its text.
	Type, Message string
	// Body is the whole report, JSON as a rule.
	Body []byte
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("the function failed: %s: %s", e.Type, e.Message)
}

// ExitError says that the process has ended.
type ExitError struct {
	// Name is the name of the binary.
	Name string
	// State is how it ended, such as "exit status 1" or "signal: killed".
	State string
	// Init is what it reported about a failed start, if it did.
	Init *FunctionError
	// Output is the end of what it wrote.
	Output string
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("function %s ended: %s", e.Name, e.State)
	if e.Init != nil {
		text += fmt.Sprintf(": %s: %s", e.Init.Type, e.Init.Message)
	}
	if line := lastLine(e.Output); line != "" {
		text += fmt.Sprintf(" (last line of its output: %s)", line)
	}
	return text
}

// Unwrap returns Init.
func (e *ExitError) Unwrap() error {
	if e.Init == nil {
		return nil
	}
	return e.Init
}

func lastLine(output string) string {
	output = strings.TrimSpace(output)
	return output[strings.LastIndexByte(output, '\n')+1:]
}

// exitError describes the end of the process. It may only be called when exited is closed.
func (p *Process) exitError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &ExitError{Name: p.name, State: p.state.String(), Init: p.initError, Output: p.output.String()}
}
