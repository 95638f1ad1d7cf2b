package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"dmlysender/shared/delivery"
)

const (
	pageSize = 100
	// maxListed is how many messages of each state are listed.
	maxListed = 1000
)

// attention are the states to list, the most urgent first.
var attention = []delivery.State{delivery.Unknown, delivery.Failed, delivery.Rejected}

// list prints the messages that need attention; those that have stood longest come first within their state.
func (d desk) list(ctx context.Context, stdout io.Writer) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	total := 0
	var counts, notes []string
	for _, state := range attention {
		n, more, err := d.listState(ctx, table, state, total == 0)
		if err != nil {
			_ = table.Flush() // standard output; there is nowhere to say that it failed
			return err
		}
		total += n
		count := fmt.Sprintf("%d %s", n, state)
		if more {
			count = fmt.Sprintf("more than %d %s", n, state)
			notes = append(notes, fmt.Sprintf("There are more %s messages: these are the %d that have stood longest.", state, n))
		}
		counts = append(counts, count)
	}
	_ = table.Flush() // as above
	if total == 0 {
		fmt.Fprintln(stdout, "No message needs attention.")
		return nil
	}
	for _, note := range notes {
		fmt.Fprintln(stdout, note)
	}
	fmt.Fprintf(stdout, "%s. Next: make settle STACK=%s ID=… AS=sent (it has arrived), AS=resend (send it again) or AS=drop (let it be); "+
		"mend what was rejected, and send it again under its id.\n", strings.Join(counts, ", "), d.stack)
	return nil
}

// listState prints the messages of one state, under the head of the table if they are the first, and says how many they
// were and whether there are more.
func (d desk) listState(ctx context.Context, w io.Writer, state delivery.State, first bool) (n int, more bool, err error) {
	cursor := ""
	for n < maxListed {
		items, next, err := d.ledger.Problems(ctx, state, pageSize, cursor, d.clock.Now())
		if err != nil {
			return n, false, err
		}
		for _, item := range items {
			if first {
				fmt.Fprintln(w, "STATE\tSINCE\tID\tGENERATION\tATTEMPTS\tREASON")
				first = false
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", item.State, since(item), item.ID, item.Generation, item.Attempts, brief(item.Reason))
		}
		n += len(items)
		if next == "" {
			return n, false, nil
		}
		cursor = next
	}
	return n, true, nil
}

// since is when the message came to stand as it does, or a dash if its history does not tell.
func since(i delivery.Item) string {
	at := i.Place().Since
	if at.IsZero() {
		return "-"
	}
	return at.Format(time.RFC3339)
}
