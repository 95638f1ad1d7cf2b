package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
)

var facts = diagnosis.Facts{
	At:    time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	Stack: diagnosis.Stack{Name: "sender", Region: "eu-central-1"},
}

var (
	one    = diagnosis.Finding{What: "The queue is gone.", Means: "Nothing is sent.", Next: []string{"# once mended:", "make deploy"}}
	unseen = diagnosis.Unseen{What: "the alarms", Why: "these credentials may not"}
)

func TestTheReportSaysWhatIsWrongRightAndUnseen(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		report diagnosis.Report
		status int
		want   string
	}{
		"well": {diagnosis.Report{Right: []string{"The key is there."}}, well,
			"sender in eu-central-1, 2026-11-30 12:00:00 UTC: nothing is wrong.\n\nWhat is right:\n   The key is there.\n"},
		"half blind": {diagnosis.Report{Unseen: []diagnosis.Unseen{unseen}}, blind,
			"sender in eu-central-1, 2026-11-30 12:00:00 UTC: nothing is wrong in what could be looked at.\n\nWhat could not be looked at:\n   the alarms: these credentials may not.\n"},
		"one thing": {diagnosis.Report{Wrong: []diagnosis.Finding{one}, Unseen: []diagnosis.Unseen{unseen}}, wrong,
			"sender in eu-central-1, 2026-11-30 12:00:00 UTC: one thing is wrong.\n\n1. The queue is gone.\n   Nothing is sent.\n   Type next:\n     # once mended:\n     make deploy\n" +
				"\nWhat could not be looked at:\n   the alarms: these credentials may not.\n"},
		"two things": {diagnosis.Report{Wrong: []diagnosis.Finding{one, one}}, wrong,
			"sender in eu-central-1, 2026-11-30 12:00:00 UTC: 2 things are wrong.\n" + strings.Repeat("\n# The queue is gone.\n   Nothing is sent.\n   Type next:\n     # once mended:\n     make deploy\n", 2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := show(&out, facts, tt.report); err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(strings.Replace(tt.want, "\n# The", "\n1. The", 1), "\n# The", "\n2. The", 1)
			if got := out.String(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if got := status(tt.report); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
		})
	}
}

// closed takes nothing that is written.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestAReportThatCannotBePrintedIsAnError(t *testing.T) {
	t.Parallel()
	if err := show(closed{}, facts, diagnosis.Report{}); err == nil || err.Error() != "print the report: closed" {
		t.Errorf("got %v", err)
	}
}

func TestMistakesGetOneClearSentence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no stack":       {nil, "doctor: say which stack: make doctor STACK=dmly-sender\n"},
		"an empty one":   {[]string{""}, "doctor: say which stack: make doctor STACK=dmly-sender\n"},
		"two":            {[]string{"a", "b"}, "doctor: say which stack: make doctor STACK=dmly-sender\n"},
		"a flag":         {[]string{"-x"}, "flag provided but not defined: -x\n"},
		"no credentials": {[]string{"sender"}, "doctor: configure AWS from the environment: AWS_REGION is not set: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			got := run(t.Context(), tt.args, func(string) string { return "" }, &stdout, &stderr)
			if got != blind || stdout.Len() != 0 || !strings.HasPrefix(stderr.String(), tt.want) {
				t.Errorf("status %d, %q and %q, want %d and %q", got, &stdout, &stderr, blind, tt.want)
			}
			if lines := strings.Count(stderr.String(), "\n"); name != "a flag" && lines != 1 {
				t.Errorf("%d lines, want one: %s", lines, &stderr)
			}
		})
	}
}
