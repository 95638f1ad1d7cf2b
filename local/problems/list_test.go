package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

func TestTheListHasALineForEachProblemAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dropped := resting(t, "order-9", delivery.Unknown, 0, "dropped by ana")
	dropped.Dropped = true
	third := resting(t, "order-1042-shipped@2026-12-01T08:00:00Z", delivery.Failed, 3, "given up after 8 attempts: not sent (HTTP 503)")
	third.Generation, third.Attempts = 3, 8
	old := resting(t, "order-7", delivery.Rejected, 4, "/textMessage: has 4097 characters; the limit is 4096")
	old.History, old.Attempts = nil, 0
	o := newOffice(
		t, dropped, third, old,
		resting(t, "order-2", delivery.Unknown, 2, "it is not known whether it was sent (HTTP 500): no answer for "+private+" from\nthe operator\tof the other side, who is asked again"),
		resting(t, "order-1", delivery.Unknown, 5, "its sender ended between claiming it and recording what became of it"),
		resting(t, "order-3", delivery.Sent, 1, ""), resting(t, "order-4", delivery.Waiting, 1, "not sent"),
	)
	const want = `STATE     SINCE                 ID                                       GENERATION  ATTEMPTS  REASON
unknown   2026-11-23T12:02:00Z  order-2                                  1           3         it is not known whether it was sent (HTTP 500): no answer for +… from the opera…
unknown   2026-11-23T12:05:00Z  order-1                                  1           3         its sender ended between claiming it and recording what became of it
failed    2026-11-23T12:03:00Z  order-1042-shipped@2026-12-01T08:00:00Z  3           8         given up after 8 attempts: not sent (HTTP 503)
rejected  -                     order-7                                  1           0         /textMessage: has 4097 characters; the limit is 4096
2 unknown, 1 failed, 1 rejected. Next: make settle STACK=dmly-test ID=… AS=sent (it has arrived), AS=resend (send it again) or AS=drop (let it be); mend what was rejected, and send it again under its id.
`
	got, err := o.list()
	if err != nil || got != want {
		t.Errorf("got %v and\n%s\nwant\n%s", err, got, want)
	}
}

func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	item := resting(t, "order-1", delivery.Unknown, 0, "")
	item.History[0].At = noon.In(time.FixedZone("", 3600))
	if got, want := since(item), "2026-11-23T12:00:00Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnEmptyListSaysSo(t *testing.T) {
	t.Parallel()
	got, err := newOffice(t, resting(t, "order-3", delivery.Sent, 1, "")).list()
	if want := "No message needs attention.\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestAListOfManyPagesIsBoundedAndSaysThatThereAreMore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		unknown     int
		first, last string
		more        bool
		count       string
	}{
		"two pages and a bit": {unknown: 201, last: "order-0200", count: "201 unknown"},
		"all that fit":        {unknown: 1000, last: "order-0999", count: "1000 unknown"},
		"one more":            {unknown: 1001, last: "order-0999", more: true, count: "more than 1000 unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, resting(t, "other", delivery.Failed, 0, ""))
			for i := range tt.unknown {
				o.put(resting(t, fmt.Sprintf("order-%04d", i), delivery.Unknown, i, ""))
			}
			got, err := o.list()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(got, "\n")
			shown := min(tt.unknown, 1000)
			if n := strings.Count(got, "\nunknown "); n != shown || !strings.Contains(lines[1], "order-0000") || !strings.Contains(lines[shown], tt.last) {
				t.Errorf("got %d lines, from %q to %q, want %d to %s", n, lines[1], lines[shown], shown, tt.last)
			}
			if !strings.HasPrefix(lines[shown+1], "failed ") {
				t.Errorf("the failed one comes as %q", lines[shown+1])
			}
			const note = "There are more unknown messages: these are the 1000 that have stood longest."
			if (lines[shown+2] == note) != tt.more || !strings.Contains(got, "\n"+tt.count+", 1 failed, 0 rejected. Next: ") {
				t.Errorf("it ends with %q", lines[shown+2:])
			}
		})
	}
}

func TestWhatWasListedBeforeAnErrorIsPrinted(t *testing.T) {
	t.Parallel()
	o := newOffice(t, resting(t, "order-1", delivery.Unknown, 0, ""))
	o.ledger.lists = delivery.Failed
	got, err := o.list()
	if !errors.Is(err, errNoAnswer) || !strings.Contains(got, "order-1") || strings.Contains(got, "Next:") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAReasonIsOneShortLineWithoutNumbers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 79)
	for reason, want := range map[string]string{
		"":                             "",
		"HTTP 503, 8 attempts of 4096": "HTTP 503, 8 attempts of 4096",
		"12345":                        "…",
		"1234":                         "1234",
		"to +15551234567, again":       "to +…, again",
		"to +1 (555) 123-4567":         "to +…",
		"to +1.555.123.4567.":          "to +….",
		"to ٠١٢٣٤٥":                    "to …",
		"two\nlines\t and\x1b[31m red": "two lines and [31m red",
		"\u202eleft":                   "left",
		long + "x":                     long + "x",
		long + "xy":                    long + "…",
		long + "12345":                 long + "…",
		"\xff":                         "\uFFFD",
	} {
		if got := brief(reason); got != want {
			t.Errorf("%q: got %q, want %q", reason, got, want)
		}
	}
}
