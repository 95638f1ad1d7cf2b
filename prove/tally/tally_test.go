package tally_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"dmlysender/prove/tally"
)

func TestPartsAreAddedUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tally")
	t.Setenv(tally.FileVariable, file)
	if got, err := tally.Read(file); err != nil || len(got) != 0 {
		t.Errorf("before anybody has reported: got %v, %v", got, err)
	}
	tally.Report(t, "one", tally.Counts{"messages": 2, "sent": 1, "longestWaitMs": 7})
	tally.Report(t, "two", tally.Counts{"messages": 5})
	tally.Report(t, "one", tally.Counts{"messages": 1, "lost": 1, "longestWaitMs": 5})
	want := map[string]tally.Counts{"one": {"messages": 3, "sent": 1, "lost": 1, "longestWaitMs": 7}, "two": {"messages": 5}}
	if got, err := tally.Read(file); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, want := want["one"].String(), "longestWaitMs=7 lost=1 messages=3 sent=1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithoutAFileNothingIsWritten(t *testing.T) {
	t.Setenv(tally.FileVariable, "")
	if err := tally.Append("one", tally.Counts{"messages": 1}); err != nil {
		t.Error(err)
	}
}
