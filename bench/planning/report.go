package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// The limits.
const (
	leastPerSecond = 50_000
	residentMB     = 64
	residentPerRow = 16 // bytes
	// mostGrowth is how many times the time of a row of the smallest file a row of the largest may take.
	mostGrowth = 1.25
)

// limitKB is how much may be resident.
func (r result) limitKB() int { return residentMB<<10 + r.rows*residentPerRow>>10 }

// printTable writes the table that stands in bench/README.md. The files of a format come from the smallest to the largest.
func printTable(out io.Writer, machine string, rounds int, results []result) error {
	var text strings.Builder
	fmt.Fprintf(&text, "An audience is read, rendered, validated and deduplicated on one core (GOMAXPROCS=1), and the plan thrown away. Times are processor\n"+
		"time, which is what it takes on a core that does nothing else: of %d rounds, in each of which the largest file is planned a slice at a time,\n"+
		"and the others between the slices. Beside it, processes that only read the files with encoding/csv or encoding/json.\n%s\n\n", rounds, machine)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\trows\trows a second\tµs a row\tof the smallest's\tonly read, µs\tratio\tresident MB\tlimit MB")
	for _, r := range results {
		verdict := "ok"
		if len(r.over(first(results, r.format))) > 0 {
			verdict = "OVER"
		}
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t%.1f\t%s\n", r.format, r.rows, r.perSecond(), r.plan.row(),
			r.growth(first(results, r.format)), r.read.row(), r.againstReading(), mb(r.peakKB), mb(r.limitKB()), verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\nLimits: %d rows a second, %d MB and %d bytes a row resident, and %.2f times the time of a row of the smallest file.\n",
		leastPerSecond, residentMB, residentPerRow, mostGrowth)
	_, err := io.WriteString(out, text.String())
	return err
}

func mb(kb int) float64 { return float64(kb) / (1 << 10) }

// first is the smallest file of the format.
func first(results []result, format string) result {
	for _, r := range results {
		if r.format == format {
			return r
		}
	}
	return result{}
}

// growth is how many times the time of a row of the smaller file a row of this one takes.
func (r result) growth(smaller result) float64 { return smaller.perSecond() / r.perSecond() }

// over says which limits are not kept.
func (r result) over(smaller result) (all []string) {
	if r.perSecond() < leastPerSecond {
		all = append(all, fmt.Sprintf("%.0f rows a second, and have to be %d", r.perSecond(), leastPerSecond))
	}
	if r.peakKB > r.limitKB() {
		all = append(all, fmt.Sprintf("%.1f MB resident, and may be %.1f", mb(r.peakKB), mb(r.limitKB())))
	}
	if g := r.growth(smaller); g > mostGrowth {
		all = append(all, fmt.Sprintf("a row takes %.2f times as long as in the smallest file, and may take %.2f", g, mostGrowth))
	}
	return all
}

func overLimit(results []result) error {
	var all []string
	for _, r := range results {
		for _, o := range r.over(first(results, r.format)) {
			all = append(all, fmt.Sprintf("%s with %d rows: %s", r.format, r.rows, o))
		}
	}
	if len(all) > 0 {
		return errors.New(strings.Join(all, "; "))
	}
	return nil
}
