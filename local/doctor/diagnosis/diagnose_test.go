package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
)

var (
	noon    = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	morning = noon.Add(-3 * time.Hour)
)

const (
	queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/"
	queueARN = "arn:aws:sqs:eu-central-1:123456789012:"
)

// healthy are the facts of a stack with which nothing is wrong.
func healthy() diagnosis.Facts {
	return diagnosis.Facts{
		At: noon, Rate: 100,
		Stack: diagnosis.Stack{Name: "sender", Region: "eu-central-1", Account: "123456789012", APIURL: "https://api.example", Status: "UPDATE_COMPLETE", Since: morning},
		Key: &diagnosis.Key{
			Secret: "dmly-key", State: diagnosis.KeyReadable, Changed: morning, HasKey: true, HasDefault: true,
			Accounts: []diagnosis.Account{{Name: "default", Next: noon, Interval: 625 * time.Millisecond}},
		},
		Callers: &diagnosis.Callers{Secret: "inbound"},
		Functions: []diagnosis.Function{
			{Role: "worker", Name: "w", State: "Active", Update: "Successful"}, {Role: "schedule", Name: "s", State: "Active", Update: "Successful"},
		},
		Mappings: []diagnosis.Mapping{
			{Queue: "send", QueueARN: queueARN + "send", Function: "w", ID: "m1", State: "Enabled", Changed: morning, ReportsFailures: true, AtOnce: 2},
			{Queue: "bulk", QueueARN: queueARN + "bulk", Function: "w", ID: "m2", State: "Enabled", Changed: morning, ReportsFailures: true, AtOnce: 2},
		},
		Roles: []diagnosis.Role{{ID: "WorkerRole", Name: "wr", Service: "lambda.amazonaws.com", Trusts: true, Simulated: true}},
		Queues: []diagnosis.Queue{
			{Role: "send", URL: queueURL + "send", Ready: 7, InHand: 2, Delayed: 1, Oldest: time.Minute}, {Role: "bulk", URL: queueURL + "bulk"},
			{Role: "send", Dead: true, URL: queueURL + "send-dead"}, {Role: "schedule", Dead: true, URL: queueURL + "schedule-dead"},
			{Role: "outcome", Dead: true, URL: queueURL + "outcome-dead"},
		},
		Schedules: &diagnosis.Schedules{Group: "later", Held: 3, Tick: &diagnosis.Schedule{Name: "tick", Enabled: true}, Example: &diagnosis.Schedule{Name: "example"}},
		Problems:  []diagnosis.Problems{{State: "unknown"}, {State: "failed"}},
		Campaigns: &diagnosis.Campaigns{N: 2, PausedByHand: 1},
		Alarms:    []diagnosis.Alarm{{Name: "a"}},
	}
}

func TestOfAHealthyStackEverythingIsRight(t *testing.T) {
	t.Parallel()
	got := diagnosis.Diagnose(healthy())
	if len(got.Wrong) != 0 || len(got.Unseen) != 0 {
		t.Errorf("wrong %+v, unseen %+v", got.Wrong, got.Unseen)
	}
	want := []string{
		"The stack was deployed at 2026-11-30 09:00:00 UTC (UPDATE_COMPLETE).",
		"The secret has held a DMLY key since 2026-11-30 09:00:00 UTC.",
		"The worker function is ready to run.", "The schedule function is ready to run.",
		"The send queue hands its records to the worker (enabled).", "The bulk queue hands its records to the worker (enabled).",
		"These roles may do what they have to: WorkerRole.",
		"No account is paused (1 account).",
		"The secret with the keys of the HTTP API can be used.",
		"3 dead-letter queues are empty.",
		"The send queue has 7 records to be sent, 2 with a worker or postponed, and 1 delayed.", "The bulk queue is empty.",
		"3 schedules of messages that are due later, none overdue.", "Campaigns are taken a step further each minute.",
		"The example schedule is switched off, as it is at first.",
		"No unknown or failed message needs a person.",
		"2 campaigns are under way, 1 of them paused by hand.",
		"None of the stack's 1 alarm rings.",
	}
	if !slices.Equal(got.Right, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got.Right, "\n"), strings.Join(want, "\n"))
	}
}

func TestOfWhatWasNotSeenNothingIsSaid(t *testing.T) {
	t.Parallel()
	unseen := []diagnosis.Unseen{{What: "the alarms", Why: "no time"}}
	got := diagnosis.Diagnose(diagnosis.Facts{At: noon, Stack: healthy().Stack, Unseen: unseen})
	if len(got.Wrong) != 0 || len(got.Right) != 1 || !slices.Equal(got.Unseen, unseen) {
		t.Errorf("got %+v", got)
	}
}

// finding is what has to be said of one thing that is wrong: all of what, and the beginnings of what to type, remarks aside.
type finding struct {
	what  string
	means string
	next  []string
}

// check has one thing wrong with a healthy stack, and holds what is said against what is wanted.
func check(t *testing.T, cases map[string]struct {
	change func(f *diagnosis.Facts)
	want   []finding
}) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := healthy()
			tt.change(&f)
			got := diagnosis.Diagnose(f)
			if len(got.Wrong) != len(tt.want) {
				t.Fatalf("%d things are wrong, want %d: %+v", len(got.Wrong), len(tt.want), got.Wrong)
			}
			for i, want := range tt.want {
				compare(t, got.Wrong[i], want)
			}
			whole := diagnosis.Diagnose(healthy()).Right
			if len(tt.want) > 0 && slices.Equal(got.Right, whole) {
				t.Errorf("what is wrong is said to be right, too: %q", got.Right)
			}
		})
	}
}

func compare(t *testing.T, got diagnosis.Finding, want finding) {
	t.Helper()
	if got.What != want.what {
		t.Errorf("what:\ngot  %s\nwant %s", got.What, want.what)
	}
	if !strings.Contains(got.Means, want.means) || got.Means == "" {
		t.Errorf("means:\ngot  %s\nwant %s", got.Means, want.means)
	}
	commands := slices.DeleteFunc(slices.Clone(got.Next), func(line string) bool { return strings.HasPrefix(line, "#") })
	if len(commands) != len(want.next) {
		t.Fatalf("%d commands, want %d: %q", len(commands), len(want.next), commands)
	}
	for i, next := range want.next {
		if !strings.HasPrefix(commands[i], next) {
			t.Errorf("next:\ngot  %s\nwant %s", commands[i], next)
		}
	}
}
