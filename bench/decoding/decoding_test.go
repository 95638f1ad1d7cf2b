package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestAMessageIsHeldAgainstEncodingJSON(t *testing.T) {
	t.Parallel()
	good := result{sample{"a text", "0123456789"}, reading{4000, 60, 2200}, reading{2000, 15, 700}}
	slow := good
	slow.name, slow.ours.ns = "a slow one", 5_100
	if err := tooSlow([]result{good}); err != nil {
		t.Error(err)
	}
	if err := tooSlow([]result{good, slow}); err == nil || err.Error() != "a slow one takes 2.55 times as long as with encoding/json, and may take 2.5" {
		t.Errorf("err = %v", err)
	}
	var out bytes.Buffer
	if err := printTable(&out, "a machine", 3, []result{good, slow}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a machine\n", "a text      10     4.00  2.00           2.00   60           15             4.00   2.2  0.7  ok\n", "  SLOW\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestBothWaysReadTheSame(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		if err := alike(s); err != nil {
			t.Error(err)
		}
	}
	further := sample{"an element", `{"channel": "messenger", "type": "template", "workspace": {"id": "W1"}, "contact": {"id": "C1"},
		"elements": [{"title": "Offer", "imageUrl": "https://example.com/1.png"}]}`}
	if alike(further) == nil {
		t.Error("encoding/json is said to read what it drops")
	}
}

func TestTheLeastOfAllRoundsCounts(t *testing.T) {
	t.Parallel()
	if got, want := least([]reading{{3, 60, 9}, {1, 62, 8}, {2, 60, 7}}), (reading{1, 60, 7}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
