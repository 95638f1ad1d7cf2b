package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"dmlysender/bench/rig"
)

const (
	// least is which part of its rate an account has to use: README.md promises it.
	least = 0.95
	// warmUp does not count: processes start, and after a rest a burst is due.
	warmUp = 5 * time.Second
)

// result is what was measured of one account.
type result struct {
	perMinute, workers int
	begun              time.Time
	span               time.Duration
	sending            rig.Sending
}

// achieved is which part of the rate was used, once the first seconds were over.
func (r result) achieved() float64 {
	n, from := 0, r.begun.Add(warmUp)
	for _, at := range r.sending.Arrived {
		if at.After(from) {
			n++
		}
	}
	return float64(n) / (r.span - warmUp).Minutes() / float64(r.perMinute)
}

// most is the largest number of messages in any minute, the first seconds included.
func (r result) most() (most int) {
	first := 0
	for i, at := range r.sending.Arrived {
		for at.Sub(r.sending.Arrived[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// of is a number for each message.
func (r result) of(n int) float64 { return float64(n) / float64(max(1, len(r.sending.Arrived))) }

// wrong says where the rate is not used, or exceeded.
func wrong(results []result) error {
	var all []string
	for _, r := range results {
		if a := r.achieved(); a < least {
			all = append(all, fmt.Sprintf("%d workers use %.3f of %d a minute, and have to use %.2f", r.workers, a, r.perMinute, least))
		}
		if most := r.most(); most > r.perMinute {
			all = append(all, fmt.Sprintf("%d workers sent %d messages in a minute, and may send %d", r.workers, most, r.perMinute))
		}
	}
	if len(all) > 0 {
		return errors.New(strings.Join(all, "; "))
	}
	return nil
}

// printTable writes the table that stands in bench/README.md.
func printTable(out io.Writer, machine string, aws, span time.Duration, results []result) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Six accounts, each with workers of its own and more to send than it may, for %v at the same time. DMLY answers at once,\n"+
		"DynamoDB (a stand-in) in %v. %s\n\n", span, aws, machine)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "a minute\tworkers\tof the rate\tmost in any 60 s\tof the rate\tpace writes a message\tlost a message")
	for _, r := range results {
		verdict := "ok"
		if wrong([]result{r}) != nil {
			verdict = "WRONG"
		}
		fmt.Fprintf(table, "%d\t%d\t%.3f\t%d\t%.3f\t%.3f\t%.3f\t%s\n", r.perMinute, r.workers, r.achieved(), r.most(), float64(r.most())/float64(r.perMinute),
			r.of(r.sending.Reservations), r.of(r.sending.Lost), verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\nLimits: at least %.2f of the rate, the first %v not counted, and never more than the rate in any 60 s.\n", least, warmUp)
	_, err := io.WriteString(out, text.String())
	return err
}
