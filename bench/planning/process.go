package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// file is one that is measured, and what was.
type file struct {
	result
	self, path string
}

// run does something with the file, in a process of its own.
func (f *file) run(ctx context.Context, what string) error {
	p, err := f.start(ctx, what)
	if err != nil {
		return err
	}
	<-p.ended
	return f.note(what, p)
}

// note adds what a process has measured.
func (f *file) note(what string, p *process) error {
	if p.err != nil {
		return fmt.Errorf("%s %s: %w", what, filepath.Base(f.path), p.err)
	}
	var t taken
	if err := json.Unmarshal(p.out.Bytes(), &t); err != nil {
		return fmt.Errorf("read what was measured: %w", err)
	}
	if t.Rows != f.rows {
		return fmt.Errorf("%s %s: %d rows, want %d: the figures are of something else", what, filepath.Base(f.path), t.Rows, f.rows)
	}
	if what == readIt {
		f.read.add(t)
		return nil
	}
	f.plan.add(t)
	f.peakKB = max(f.peakKB, t.PeakKB)
	return nil
}

// process is this program with another argument, on one core.
type process struct {
	cmd   *exec.Cmd
	out   bytes.Buffer
	ended chan struct{} // closed once out and err are there
	err   error
}

func (f *file) start(ctx context.Context, what string) (*process, error) {
	p := &process{ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, f.self, childArgument, what, f.path) //nolint:gosec // It is this program.
	p.cmd.Env = []string{"GOMAXPROCS=1"}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, filepath.Base(f.path), err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// forA has a process go on for a moment, and stops it then, unless it has ended.
func (p *process) forA(moment time.Duration) (ended bool) {
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // It fails if the process has ended, as does the other.
	select {
	case <-p.ended:
		return true
	case <-time.After(moment):
		_ = p.cmd.Process.Signal(syscall.SIGSTOP)
		return false
	}
}

// end ends the process if it has not.
func (p *process) end() {
	_ = p.cmd.Process.Kill() // It fails if the process has ended.
	<-p.ended
}
