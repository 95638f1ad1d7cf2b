package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
)

// A batch may take as long as DMLY's answer and a bit, and two writes of the ledger: the claim and the outcome.
const (
	answerFactor = 1.3
	writes       = 2
)

// bound is how long a batch may take with a slow DMLY.
func (r results) bound() time.Duration {
	return time.Duration(answerFactor*float64(r.plan.dmly)) + writes*r.write
}

func (r results) holds() bool { return r.slow.worker() <= r.bound() }

// print writes the tables that stand in bench/README.md.
func (r results) print(out io.Writer, machine string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "A batch of %d WhatsApp texts through the worker with its ledger in DynamoDB (a stand-in, %v a call), in turn with a bare loop\n"+
		"that posts the same bodies and does nothing else. %s\n\n", rig.BatchSize, r.plan.aws, machine)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tmedian of\tworker ms\tbare ms\tratio")
	row := func(what string, worker, bare []time.Duration) {
		w, b := figures.Median(worker), figures.Median(bare)
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%.2f\n", what, len(worker), figures.Milliseconds(w), figures.Milliseconds(b), float64(w)/float64(b))
	}
	row(fmt.Sprintf("batch, DMLY answers in %v", r.plan.dmly), r.slow.workerTimes, r.slow.bareTimes)
	row("batch, DMLY answers at once", r.fast.workerTimes, r.fast.bareTimes)
	row("processor time of a message", r.fast.workerCPU, r.fast.bareCPU)
	fmt.Fprintln(table, "\nof a message\tDynamoDB calls\tobjects allocated\tKB allocated")
	for _, c := range r.costs {
		fmt.Fprintf(table, "LEDGER=%s\t%.1f\t%.0f\t%.1f\n", c.ledger, c.calls, c.objects, c.bytes/1e3)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	verdict := "holds"
	if !r.holds() {
		verdict = "does not hold"
	}
	batch := r.slow.worker()
	fmt.Fprintf(&text, "\nWith DMLY at %v a batch may take %.1f × that and %d ledger writes of %s ms, together %s ms.\nIt takes %s ms, %.2f × DMLY's time: %s.\n",
		r.plan.dmly, answerFactor, writes, figures.Milliseconds(r.write), figures.Milliseconds(r.bound()),
		figures.Milliseconds(batch), float64(batch)/float64(r.plan.dmly), verdict)
	_, err := io.WriteString(out, text.String())
	return err
}
