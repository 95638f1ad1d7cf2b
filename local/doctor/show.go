package main

import (
	"fmt"
	"io"
	"strings"

	"dmlysender/local/doctor/diagnosis"
)

// show prints the report: first what is wrong, then what is right, then what could not be looked at.
func show(w io.Writer, f diagnosis.Facts, r diagnosis.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s, %s: %s\n", f.Stack.Name, f.Stack.Region, f.At.UTC().Format("2006-01-02 15:04:05 UTC"), verdict(r))
	for i, finding := range r.Wrong {
		fmt.Fprintf(&b, "\n%d. %s\n   %s\n   Type next:\n", i+1, finding.What, finding.Means)
		for _, line := range finding.Next {
			fmt.Fprintf(&b, "     %s\n", line)
		}
	}
	section(&b, "What is right:", r.Right)
	var unseen []string
	for _, u := range r.Unseen {
		unseen = append(unseen, fmt.Sprintf("%s: %s.", u.What, u.Why))
	}
	section(&b, "What could not be looked at:", unseen)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	return nil
}

func verdict(r diagnosis.Report) string {
	text := fmt.Sprintf("%d things are wrong.", len(r.Wrong))
	switch len(r.Wrong) {
	case 0:
		text = "nothing is wrong."
		if len(r.Unseen) > 0 {
			text = "nothing is wrong in what could be looked at."
		}
	case 1:
		text = "one thing is wrong."
	}
	return text
}

func section(b *strings.Builder, head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", head)
	for _, line := range lines {
		fmt.Fprintf(b, "   %s\n", line)
	}
}
