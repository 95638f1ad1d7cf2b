package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/price"
)

const (
	million = 1e6
	// most is what a million messages may cost at 100 a second, from the queue and in campaigns.
	most = 2.00
	// rounding is how far an estimate may be off that has the figure at its edge.
	rounding = 1.02
)

// bounded are the paths that most holds for.
var bounded = []string{queuePath, campaignPath}

// results are all that was counted. Campaigns are counted for each rate.
type results struct {
	paths []counted
	rates []*rate // The slow one, and the fast.
	fixed []fixed
}

// of are the paths at a rate.
func (r results) of(at *rate) []counted { return append(slices.Clone(r.paths), at.campaign) }

// wrong says which messages cost more than they may, and where a campaign's preflight says something else.
func (r results) wrong() error {
	var all []string
	fast := r.rates[1]
	for _, c := range r.of(fast) {
		if cost := c.at(fast).dollars() * million; slices.Contains(bounded, c.name) && cost > most {
			all = append(all, fmt.Sprintf("a million messages (%s) cost $%.2f at %s, and may cost $%.2f", c.name, cost, fast.name, most))
		}
	}
	for _, at := range r.rates {
		cost, estimate := at.campaign.at(at).dollars()*million, plan.CostOf(million, paced*float64(at.perMinute))
		if cost*rounding < estimate.Low || cost > estimate.High*rounding {
			all = append(all, fmt.Sprintf("a campaign of a million costs $%.2f at %s, and its preflight says $%.2f to $%.2f", cost, at.name, estimate.Low, estimate.High))
		}
	}
	if len(all) > 0 {
		return errors.New(strings.Join(all, "; "))
	}
	return nil
}

// print writes the tables that stand in bench/README.md.
func (r results) print(out io.Writer, machine string) error {
	var text strings.Builder
	slow, fast := r.rates[0], r.rates[1]
	fmt.Fprintf(&text, "What a message uses of AWS: the built functions, and what they call of a stand-in, counted. %s\n\n", machine)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\twrites of 1 KB\treads of 4 KB\tSQS\tinvocations\tGB-seconds\tbytes of logs\tbytes kept\n", fast.name)
	for _, c := range r.of(fast) {
		u := c.at(fast)
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.4f\t%.0f\t%.0f\n",
			c.name, u.writeUnits, u.readUnits, u.sqsRequests, u.lambdaRequests, u.gbSeconds, u.logBytes, u.keptBytes)
	}
	for _, at := range []*rate{fast, slow} {
		fmt.Fprintf(table, "\nUS$ a million, %s", at.name)
		for _, p := range (usage{}).parts() {
			fmt.Fprintf(table, "\t%s", p.service)
		}
		fmt.Fprintln(table, "\ttogether\tkept 30 days")
		for _, c := range r.of(at) {
			u := c.at(at)
			fmt.Fprintf(table, "%s", c.name)
			for _, p := range u.parts() {
				fmt.Fprintf(table, "\t%.2f", p.dollars*million)
			}
			fmt.Fprintf(table, "\t%.2f\t%.2f\n", u.dollars()*million, u.kept()*million)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	sum := 0.0
	text.WriteString("\nUS$ a month, sending nothing:")
	for i, f := range r.fixed {
		sum += f.dollars
		text.WriteString([]string{" ", ", "}[min(i, 1)])
		fmt.Fprintf(&text, "%s %.2f", f.what, f.dollars)
	}
	fmt.Fprintf(&text, "; together %.2f.\n", sum)
	fmt.Fprintf(&text, "Prices of %s, us-east-1, on demand, arm64, without free tiers. Limit: $%.2f a million for %s, at %s.\n", price.AsOf, most, strings.Join(bounded, " and "), fast.name)
	_, err := io.WriteString(out, text.String())
	return err
}
