package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of go test -json. https://pkg.go.dev/cmd/test2json
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// test is one that has begun, by its package and its name.
type test struct{ of, name string }

// tally counts tests, subtests among them.
type tally struct {
	out     io.Writer
	ran     int
	failed  int
	skipped []string
	// said is what the tests printed that have not ended.
	said map[test][]string
}

func newTally(out io.Writer) *tally { return &tally{out: out, said: map[test][]string{}} }

// add takes a line. One that is no event is printed as it is.
func (t *tally) add(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		t.print(string(line))
		return
	}
	of := test{e.Package, e.Test}
	switch {
	case e.Action == "build-output", e.Action == "output" && e.Test == "":
		t.ofPackage(e.Output)
	case e.Test == "":
	case e.Action == "output":
		t.said[of] = append(t.said[of], e.Output)
	case e.Action == "pass":
		t.ran++
		delete(t.said, of)
	case e.Action == "fail":
		t.ran++
		t.failed++
		t.tell(of)
	case e.Action == "skip":
		t.skipped = append(t.skipped, fmt.Sprintf("%s: %s", e.Test, reason(t.said[of])))
		delete(t.said, of)
	case e.Action == "run":
		t.said[of] = nil
	}
}

// ofPackage prints what a package says of itself, unless it has no tests.
func (t *tally) ofPackage(text string) {
	if !strings.Contains(text, "[no test files]") && !strings.Contains(text, "no tests to run") && text != "PASS\n" {
		t.print(text)
	}
}

// end prints what those tests said that have not ended, as something ended them, and the sum.
func (t *tally) end(name string) {
	var open []test
	for of := range t.said {
		open = append(open, of)
	}
	slices.SortFunc(open, func(a, b test) int { return strings.Compare(a.of+" "+a.name, b.of+" "+b.name) })
	for _, of := range open {
		t.tell(of)
	}
	for _, skipped := range t.skipped {
		t.print("SKIPPED " + skipped + "\n")
	}
	sum := fmt.Sprintf("%s: %d tests ran, %d skipped", name, t.ran, len(t.skipped))
	if t.failed > 0 {
		sum += fmt.Sprintf(", %d FAILED", t.failed)
	}
	if len(open) > 0 {
		sum += fmt.Sprintf(", %d did NOT END", len(open))
	}
	t.print(sum + "\n")
}

// tell prints what a test said.
func (t *tally) tell(of test) {
	t.print(strings.Join(t.said[of], ""))
	delete(t.said, of)
}

func (t *tally) print(text string) { _, _ = io.WriteString(t.out, text) } // there is nowhere else to say it

// reason is what a skipped test said, without the lines that go test adds.
func reason(said []string) string {
	var all bytes.Buffer
	for _, line := range said {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			all.WriteString(line + " ")
		}
	}
	return strings.TrimSpace(all.String())
}
