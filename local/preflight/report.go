package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"dmlysender/shared/campaign/plan"
)

// shown is how many of the problems are printed.
const shown = 20

// show prints the report. The error is that no row is good, or that it could not be printed.
func show(out io.Writer, o options, r plan.Report) error {
	var text strings.Builder
	rows(&text, o, r.Summary)
	if r.Good > 0 {
		fmt.Fprintf(&text, "\nSending takes %s: %s messages a minute go out.\n", about(r.Duration()), number(r.PerMinute))
		if r.OpenMinutes > 0 {
			fmt.Fprintf(&text, "That is within their hours, %s a day, from their opening on.\n", about(time.Duration(r.OpenMinutes)*time.Minute))
		}
		cost(&text, r.Cost)
	}
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	if r.Good == 0 {
		return errors.New("no row is good, so there is nothing to send: see above why")
	}
	return nil
}

func rows(text *strings.Builder, o options, s plan.Summary) {
	fmt.Fprintf(text, "%s with %s\n\n", o.audience, o.message)
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	var channels []string
	for channel, n := range s.ByChannel {
		channels = append(channels, fmt.Sprintf("%s %d", channel, n))
	}
	slices.Sort(channels)
	fmt.Fprintf(table, "rows\t%d\n", s.Rows)
	fmt.Fprintf(table, "good\t%d\t%s\n", s.Good, strings.Join(channels, ", "))
	fmt.Fprintf(table, "bad\t%d\n", s.Bad)
	fmt.Fprintf(table, "duplicates\t%d\n", s.Duplicates)
	_ = table.Flush() // a strings.Builder takes everything
	if len(s.First) == 0 {
		return
	}
	fmt.Fprintln(text, "\nThese rows get no message of their own:")
	for _, p := range s.First[:min(len(s.First), shown)] {
		at := ""
		if p.Pointer != "" {
			at = p.Pointer + ": "
		}
		fmt.Fprintf(text, "  line %d: %s%s\n", p.Line, at, p.Reason)
	}
	if more := s.Bad + s.Duplicates - shown; more > 0 {
		fmt.Fprintf(text, "  and %d more\n", more)
	}
}

func cost(text *strings.Builder, c plan.Cost) {
	fmt.Fprintf(text, "\nAWS charges about %s, by its prices of %s:\n", dollars(c.Low, c.High), c.PricesOf)
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	for _, part := range c.Parts {
		fmt.Fprintf(table, "  %s\t%s\n", part.Service, dollars(part.Low, part.High))
	}
	_ = table.Flush()
	fmt.Fprintf(text, "Not in it: %s.\n", c.Without)
}

// dollars writes an estimate to a cent.
func dollars(low, high float64) string {
	const cent = 0.01
	if high < cent {
		return "less than a cent"
	}
	return fmt.Sprintf("$%.2f to $%.2f", low, high)
}

// about writes a time in two units at most.
func about(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	}
}

// number writes a rate without more digits than it has.
func number(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}
