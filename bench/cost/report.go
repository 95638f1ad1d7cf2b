package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/price"
)

const (
	million = 1e6
	// most is what a million messages may cost at 100 a second, from the queue and in campaigns.
	most = 2.00
)

// results are all that was counted. A campaign is counted for each rate.
type results struct {
	paths []counted
	rates []*rate
}

// of are the paths at a rate.
func (r results) of(at *rate) []counted {
	return append(r.paths[:len(r.paths):len(r.paths)], at.campaign)
}

// print writes the tables that stand in bench/README.md.
func (r results) print(out io.Writer, machine string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "What a message uses of AWS, counted: the built functions through a proxy in front of a stand-in.\n%s\n\n", machine)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\twrites of 1 KB\treads of 4 KB\tSQS\tinvocations\tbytes of logs\tGB-s at 100 a minute\tat 100 a second\tbytes kept")
	for i, c := range r.of(r.rates[len(r.rates)-1]) {
		slow, fast := r.of(r.rates[0])[i].at(r.rates[0]), c.at(r.rates[1])
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.3f\t%.4f\t%.0f\n",
			c.name, fast.writeUnits, fast.readUnits, fast.sqsRequests, fast.lambdaRequests, fast.logBytes, slow.gbSeconds, fast.gbSeconds, fast.keptBytes)
	}
	for _, at := range r.rates {
		fmt.Fprintf(table, "\nUS$ a million, %s", at.name)
		for _, p := range (usage{}).parts() {
			fmt.Fprintf(table, "\t%s", p.service)
		}
		fmt.Fprintln(table, "\ttogether\tkept 30 days")
		for _, c := range r.of(at) {
			u := c.at(at)
			fmt.Fprint(table, c.name)
			for _, p := range u.parts() {
				fmt.Fprintf(table, "\t%.3f", p.dollars*million)
			}
			fmt.Fprintf(table, "\t%.2f\t%.2f\n", u.dollars()*million, u.kept()*million)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\nPrices of %s, us-east-1, without free tiers.\n", price.AsOf)
	_, err := io.WriteString(out, text.String())
	return err
}

var _ = plan.Planner{}
