package diagnosis

import (
	"fmt"
	"strings"
	"time"
)

// Report is what is said of a stack.
type Report struct {
	// Wrong is what is wrong: what keeps all messages comes before what keeps some.
	Wrong []Finding
	// Right has a line for what was looked at and is well.
	Right []string
	// Unseen is what could not be looked at.
	Unseen []Unseen
}

// Finding is one thing that is wrong.
type Finding struct {
	// What is wrong, and since when if that is known, in one sentence.
	What string
	// Means is what that means for messages.
	Means string
	// Next are the commands to type, in their order; a line that begins with # is a remark.
	Next []string
}

// Diagnose says what is wrong with a stack of which these are the facts.
func Diagnose(f Facts) Report {
	d := &diagnosis{Facts: f, Report: Report{Unseen: f.Unseen}}
	if whole := d.stack(); !whole {
		return d.Report
	}
	for _, look := range []func(){d.key, d.functions, d.mappings, d.roles, d.pace, d.callers, d.deadLetters, d.queues, d.schedules, d.problems, d.campaigns, d.alarms} {
		look()
	}
	return d.Report
}

// diagnosis is a report in the making.
type diagnosis struct {
	Facts
	Report
}

func (d *diagnosis) wrong(what, means string, next ...string) {
	d.Wrong = append(d.Wrong, Finding{What: what, Means: means, Next: next})
}

func (d *diagnosis) right(format string, args ...any) {
	d.Right = append(d.Right, fmt.Sprintf(format, args...))
}

// aws is a command of the AWS CLI in the stack's Region.
func (d *diagnosis) aws(service, operation, format string, args ...any) string {
	return strings.TrimSuffix("aws "+service+" "+operation+" --region "+d.Stack.Region+" "+fmt.Sprintf(format, args...), " ")
}

// make is a command of the Makefile for the stack.
func (d *diagnosis) make(target string) string {
	return "make " + target + " STACK=" + d.Stack.Name
}

// deploy is the command that deploys the stack once more, with other parameters if there are any.
func (d *diagnosis) deploy(parameters string) string {
	command := `make deploy ARGS="--stack-name ` + d.Stack.Name + `"`
	if parameters != "" {
		command += ` PARAMETERS="` + parameters + `"`
	}
	return command
}

// log is the command that shows what a function wrote lately.
func (d *diagnosis) log(function string) string {
	return d.aws("logs", "tail", "/aws/lambda/%s-%s --since 1h", d.Stack.Name, function)
}

// since is the end of a sentence that says since when, and nothing if that is not known.
func since(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " since " + moment(at)
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// about writes a time in the largest unit that fits.
func about(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 2*time.Minute:
		return count(int(d.Round(time.Second)/time.Second), "second", "seconds")
	case d < 2*time.Hour:
		return count(int(d.Round(time.Minute)/time.Minute), "minute", "minutes")
	case d < 2*day:
		return count(int(d.Round(time.Hour)/time.Hour), "hour", "hours")
	default:
		return count(int(d.Round(day)/day), "day", "days")
	}
}

// quoted is an argument for a shell, whatever is in it.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
