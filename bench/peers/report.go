package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dmlysender/bench/binary"
	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
)

// results are all that was measured, the worker first.
type results struct {
	plan     plan
	subjects []*measured
}

// times tells how many times the worker's processor time a message costs a subject: once warm, and with the start shared out.
func (r results) times(m *measured) (warm, withStart float64) {
	worker := r.subjects[0]
	return float64(figures.Median(m.cpu)) / float64(figures.Median(worker.cpu)),
		float64(figures.Median(m.cpuWithStart)) / float64(figures.Median(worker.cpuWithStart))
}

// short returns an error that names every peer that comes short of its multiple, and the worker if it had DMLY accept a message twice; nil
// if all is well.
func (r results) short() error {
	var short []string
	for i, accepted := range r.subjects[0].accepted {
		if accepted > 1 {
			short = append(short, fmt.Sprintf("%s: %s had DMLY accept a message %d times", faults[i].name, r.subjects[0].Name, accepted))
		}
	}
	for _, m := range r.subjects {
		if warm, withStart := r.times(m); min(warm, withStart) < m.least {
			short = append(short, fmt.Sprintf("a message costs %s %.1f times the worker's processor time, and %.1f times with the start, limit %.0f", m.Name, warm, withStart, m.least))
		}
	}
	if short == nil {
		return nil
	}
	return errors.New(strings.Join(short, "; "))
}

// markdown writes the tables that stand in bench/README.md.
func (r results) markdown(machine string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s. Medians of %d starts, %d processes with %d messages each, and %d batches of %d with DMLY at %v; a call of AWS takes %v.\n\n",
		machine, r.plan.starts, r.plan.processes, r.plan.batches*rig.BatchSize, r.plan.slowBatches, rig.BatchSize, r.plan.dmly, r.plan.aws)
	fmt.Fprintf(&text, "| | start ms | first batch ms | CPU ms a message | × the worker's | with the start | × the worker's | batch ms, DMLY at once | batch ms, DMLY %v | resident MB |\n", r.plan.dmly)
	text.WriteString(rule(10))
	for _, m := range r.subjects {
		warm, withStart := r.times(m)
		cells := []string{
			m.Name, figures.Milliseconds(figures.Median(m.starts)), figures.Milliseconds(figures.Median(m.firsts)),
			figures.Milliseconds(figures.Median(m.cpu)), fmt.Sprintf("%.1f", warm),
			figures.Milliseconds(figures.Median(m.cpuWithStart)), fmt.Sprintf("%.1f", withStart),
			figures.Milliseconds(figures.Median(m.fast)), figures.Milliseconds(figures.Median(m.slow)), strconv.Itoa(m.peakKB >> 10),
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	text.WriteString("\nHow often DMLY accepted one message:\n\n|")
	for _, f := range faults {
		text.WriteString(" | " + f.name)
	}
	text.WriteString(" |\n" + rule(1+len(faults)))
	for _, m := range r.subjects {
		if !m.keeps {
			continue
		}
		text.WriteString("| " + m.Name)
		for _, accepted := range m.accepted {
			text.WriteString(" | " + strconv.Itoa(accepted))
		}
		text.WriteString(" |\n")
	}
	return text.String()
}

// rule is the line below a table's head: the first column to the left, the others to the right.
func rule(columns int) string { return "|---|" + strings.Repeat("---:|", columns-1) + "\n" }

const begin, end = "<!-- peers -->\n", "<!-- /peers -->\n"

func updateREADME(ctx context.Context, text string) error {
	root, err := binary.ModuleRoot(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "bench", "README.md")
	old, err := os.ReadFile(path) //nolint:gosec // The path is this repository's own.
	if err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	changed, err := between(string(old), text)
	if err != nil {
		return fmt.Errorf("write the table into %s: %w", path, err)
	}
	//nolint:gosec // It is a file that everybody may read.
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// between puts a text in the place of what stands between the marks.
func between(whole, text string) (string, error) {
	before, rest, ok := strings.Cut(whole, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		return "", fmt.Errorf("the lines %s and %s are missing", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}
