package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"dmlysender/bench/figures"
	"dmlysender/shared/campaign/plan"
)

// childArgument has the program make one measurement and print it as JSON.
const childArgument = "-measure-one"

// What a process does with a file.
const (
	planIt = "plan" // as a campaign is planned
	readIt = "read" // with encoding/csv or encoding/json, and nothing else
)

// taken is one measurement.
type taken struct {
	Rows   int
	Busy   time.Duration // what the process was given of processors
	PeakKB int
}

// child plans or reads a file, and prints what that took.
func child(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("%s takes what to do and a file", childArgument)
	}
	file, err := os.Open(args[1])
	if err != nil {
		return fmt.Errorf("open an audience: %w", err)
	}
	defer file.Close() //nolint:errcheck // It is only read.
	var t taken
	before := processorTime()
	switch args[0] {
	case planIt:
		t.Rows, err = planned(ctx, file)
	case readIt:
		t.Rows, err = read(file)
	default:
		err = fmt.Errorf("%q is nothing to do with a file", args[0])
	}
	t.Busy = processorTime() - before
	if err != nil {
		return err
	}
	if t.PeakKB, err = figures.PeakKB(os.Getpid()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(t)
}

func planned(ctx context.Context, file *os.File) (int, error) {
	d, err := plan.Decode(fmt.Appendf(nil, campaign, filepath.Base(file.Name())))
	if err != nil {
		return 0, err
	}
	s, err := plan.Planner{}.Plan(ctx, d, file, io.Discard, io.Discard)
	if err != nil {
		return 0, err
	}
	if bad, duplicates := s.Rows*badOf100/100, s.Rows*duplicateOf100/100; s.Bad != bad || s.Duplicates != duplicates {
		return 0, fmt.Errorf("of %d rows %d are bad and %d duplicates, want %d and %d: the figures are of something else", s.Rows, s.Bad, s.Duplicates, bad, duplicates)
	}
	return s.Rows, nil
}

// read is the reference.
func read(file *os.File) (rows int, err error) {
	if filepath.Ext(file.Name()) == ".csv" {
		r := csv.NewReader(file)
		r.ReuseRecord = true
		for rows = -1; err == nil; rows++ { // the header is none
			_, err = r.Read()
		}
	} else {
		dec := json.NewDecoder(file)
		for ; err == nil; rows++ {
			var row map[string]any
			err = dec.Decode(&row)
		}
	}
	if !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read an audience: %w", err)
	}
	return rows - 1, nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
