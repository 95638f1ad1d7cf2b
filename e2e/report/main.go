// Command report runs tests and says at their end how many there were, and which were skipped, and why:
//
//	report NAME go test -json [ARGUMENT…]
//
// It prints what the packages print, and of the tests what the failed and the skipped ones do. The exit status is the command's. Temporary
// files of the command go to a folder of its own, which is removed at its end.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: report NAME COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	os.Exit(run(os.Args[1], os.Args[2:], os.Stdout))
}

// run returns the exit status: the command's, or 1 for one that did not end by itself.
func run(name string, command []string, out io.Writer) int {
	dir, err := os.MkdirTemp("", "dmlysender-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is still written to stays
	// Ctrl-C reaches the tests by itself, being in the same process group, and they clean up. A SIGTERM is passed on.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // running the given command is what report is for
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 127
	}
	t := newTally(out)
	for lines := bufio.NewReader(events); ; {
		line, readErr := lines.ReadBytes('\n')
		t.add(line)
		if readErr != nil {
			break
		}
	}
	err = cmd.Wait()
	t.end(name)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
