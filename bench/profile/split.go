package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/pprof/profile"
)

// part is one of the things that a message's processor time goes to.
type part struct {
	name string
	// of says which calls belong to it by what stands on their stack: all of these, each by one of its beginnings of a function's name; all
	// calls if there are none.
	of [][]string
}

var (
	sdk    = []string{"github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go"}
	memory = []string{"runtime.mallocgc", "runtime.newobject", "runtime.growslice", "runtime.makeslice", "runtime.makemap"}
	http   = []string{"net/http.(*Transport)", "net/http.(*persistConn)", "net/http.(*Client)", "net/http.send"}
	// The steps around the signer have the steps after them on their stacks.
	signing = []string{"github.com/aws/aws-sdk-go-v2/aws/signer/v4.(*httpSigner)", "crypto/"}
)

// parts are tried in this order; the last takes what is left.
var parts = []part{
	{"collecting memory", [][]string{{"runtime.gc", "runtime.bgsweep", "runtime.bgscavenge"}}},
	{"growing stacks", [][]string{{"runtime.newstack"}}},
	{"allocating memory for the SDK and its signer", [][]string{memory, sdk}},
	{"allocating memory for the rest", [][]string{memory}},
	{"lines in the log, metrics", [][]string{{"log/slog.", "dmlysender/shared/telemetry"}}},
	{"HTTP: the kernel's sockets", [][]string{http, {"internal/runtime/syscall", "syscall."}}},
	{"HTTP: net/http", [][]string{http}},
	{"the SDK: signing calls", [][]string{sdk, signing}},
	{"the SDK: steps of a call, its JSON", [][]string{sdk}},
	{"the ledger's items", [][]string{{"dmlysender/shared/ledger", "dmlysender/shared/table"}}},
	{"reading, checking and encoding the message; DMLY's answer", [][]string{{"dmlysender/shared/message", "dmlysender/shared/dmly"}}},
	{"the event's JSON", [][]string{{"encoding/json."}, {"github.com/aws/aws-lambda-go/"}}},
	{"the state table, the pace, the batch", [][]string{{"dmlysender/"}}},
	{"the scheduler, timers", nil},
}

// takes tells whether calls with this stack belong to the part.
func (p part) takes(stack []string) bool {
	for _, beginnings := range p.of {
		if !slices.ContainsFunc(stack, func(function string) bool {
			return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(function, b) })
		}) {
			return false
		}
	}
	return true
}

// shares are how much each part took, in their order.
type shares []time.Duration

// split shares a profile's processor time out.
func split(p *profile.Profile) shares {
	s := make(shares, len(parts))
	for _, sample := range p.Sample {
		names := functions(sample)
		i := slices.IndexFunc(parts, func(p part) bool { return p.takes(names) })
		s[i] += time.Duration(sample.Value[len(sample.Value)-1]) // in nanoseconds; the value before is how often it was seen
	}
	return s
}

// functions are those on a sample's stack, the innermost first.
func functions(sample *profile.Sample) (names []string) {
	for _, location := range sample.Location {
		for _, line := range location.Line {
			names = append(names, line.Function.Name)
		}
	}
	return names
}

// print writes a table for so many messages.
func (s shares) print(out io.Writer, messages int, machine string) error {
	var total time.Duration
	for _, share := range s {
		total += share
	}
	if total == 0 {
		return fmt.Errorf("the profile of %d messages is empty: take more of them with -n", messages)
	}
	_, err := fmt.Fprintf(out, "Where the worker's processor time goes, %d messages in batches of 10, DMLY answers at once.\n%s\n\n", messages, machine)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "of a message\tµs\tpercent")
	row := func(name string, share time.Duration) {
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\n", name, share.Seconds()*1e6/float64(messages), 100*share.Seconds()/total.Seconds())
	}
	for _, i := range s.byWeight() {
		row(parts[i].name, s[i])
	}
	row("together", total)
	return table.Flush()
}

// byWeight are the parts, that which took most first.
func (s shares) byWeight() []int {
	order := make([]int, len(s))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s[b] - s[a]) })
	return order
}
