package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// most is how many times the time of encoding/json a message may take.
const most = 2.5

// tooSlow says which messages take longer than they may.
func tooSlow(results []result) error {
	var all []string
	for _, r := range results {
		if r.time() > most {
			all = append(all, fmt.Sprintf("%s takes %.2f times as long as with encoding/json, and may take %.1f", r.name, r.time(), most))
		}
	}
	if len(all) > 0 {
		return errors.New(strings.Join(all, "; "))
	}
	return nil
}

// printTable writes the table that stands in bench/README.md.
func printTable(out io.Writer, machine string, rounds int, results []result) error {
	var text strings.Builder
	fmt.Fprintf(&text, "A message is decoded strictly and validated, in turn with encoding/json, which reads the same bytes into the same struct and\n"+
		"checks nothing; the least of %d rounds. %s\n\n", rounds, machine)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tbytes\tµs\tencoding/json\tratio\tallocations\tencoding/json\tratio\tKB\tencoding/json")
	for _, r := range results {
		verdict := "ok"
		if r.time() > most {
			verdict = "SLOW"
		}
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t%.2f\t%.1f\t%.1f\t%s\n", r.name, len(r.text), r.ours.ns/1e3, r.plain.ns/1e3, r.time(),
			r.ours.allocs, r.plain.allocs, r.allocs(), r.ours.bytes/1e3, r.plain.bytes/1e3, verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\nLimit: %.1f times the time of encoding/json.\n", most)
	_, err := io.WriteString(out, text.String())
	return err
}
