package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"dmlysender/bench/figures"
)

// result is what was measured of one subject.
type result struct {
	subject
	least, median time.Duration
	hello         time.Duration // The median of the hello world starts paired with it.
}

// ratio tells how many times as long as hello world the start took.
func (r result) ratio() float64 { return float64(r.median) / float64(r.hello) }

func (r result) over() bool { return r.ratio() > r.limit }

func summarize(subjects []subject, all []times) []result {
	results := make([]result, len(subjects))
	for i, s := range subjects {
		results[i] = result{subject: s, least: slices.Min(all[i].own), median: figures.Median(all[i].own), hello: figures.Median(all[i].hello)}
	}
	return results
}

// overLimit returns an error that names every result over its limit, nil if there is none.
func overLimit(results []result) error {
	var over []string
	for _, r := range results {
		if r.over() {
			over = append(over, fmt.Sprintf("%s takes %.2f × hello world, limit %.1f", r.subject, r.ratio(), r.limit))
		}
	}
	if over == nil {
		return nil
	}
	return fmt.Errorf("start-up is over its limit: %s", strings.Join(over, "; "))
}

func printTable(out io.Writer, machine string, rounds int, binaries map[string]built, results []result) error {
	var rows strings.Builder
	rows.WriteString("function\tledger\tMB\tmin ms\tmedian ms\thello ms\tratio\tlimit\t\n")
	for _, r := range results {
		verdict := "ok"
		if r.over() {
			verdict = "over"
		}
		fmt.Fprintf(&rows, "%s\t%s\t%.1f\t%s\t%s\t%s\t%.2f\t%.1f\t%s\n", r.function, r.ledger, megabytes(binaries[r.function].size),
			figures.Milliseconds(r.least), figures.Milliseconds(r.median), figures.Milliseconds(r.hello), r.ratio(), r.limit, verdict)
	}
	_, err := fmt.Fprintf(out, "From the start of the process to its first poll of the Lambda Runtime API, %d rounds, each start paired with one of\n"+
		"hello world (%.1f MB); ratio of the medians. %s\n\n", rounds, megabytes(helloSize(binaries)), machine)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(table, rows.String()); err != nil {
		return err
	}
	return table.Flush()
}

// helloSize returns the size of hello world: all its files are the same.
func helloSize(binaries map[string]built) int64 {
	for _, b := range binaries {
		return b.helloSize
	}
	return 0
}

func megabytes(size int64) float64 { return float64(size) / 1e6 }
