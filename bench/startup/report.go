package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
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
		results[i] = result{subject: s, least: slices.Min(all[i].own), median: median(all[i].own), hello: median(all[i].hello)}
	}
	return results
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
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

func printTable(out io.Writer, machine string, rounds int, binaries map[string]binary, results []result) error {
	var rows strings.Builder
	rows.WriteString("function\tledger\tMB\tmin ms\tmedian ms\thello ms\tratio\tlimit\t\n")
	for _, r := range results {
		verdict := "ok"
		if r.over() {
			verdict = "over"
		}
		fmt.Fprintf(&rows, "%s\t%s\t%.1f\t%s\t%s\t%s\t%.2f\t%.1f\t%s\n", r.function, r.ledger, megabytes(binaries[r.function].size),
			milliseconds(r.least), milliseconds(r.median), milliseconds(r.hello), r.ratio(), r.limit, verdict)
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
func helloSize(binaries map[string]binary) int64 {
	for _, b := range binaries {
		return b.helloSize
	}
	return 0
}

func megabytes(size int64) float64 { return float64(size) / 1e6 }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

// machine describes what the figures were taken on, and when: they are worth nothing without it.
func machine(now time.Time) string {
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		model = processor(string(info), model)
	}
	return fmt.Sprintf("%s/%s, %d × %s, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), model, runtime.Version(), now.Format(time.DateOnly))
}

// processor finds the model in a /proc/cpuinfo; arm64 kernels do not tell one.
func processor(info, otherwise string) string {
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
