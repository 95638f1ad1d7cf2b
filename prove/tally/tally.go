// Package tally adds up what the parts of the proof have counted, across test binaries and programs: each part prints its
// counts, and `make prove` sums them into its last line.
package tally

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The environment variables by which `make prove` steers its parts.
const (
	// FullVariable is "1" for the proof at its full length; without it, the parts take seconds.
	FullVariable = "PROVE_FULL"
	// FileVariable names the file to which each part adds a line of JSON.
	FileVariable = "PROVE_TALLY"
)

// Counts are what a part has counted, by name.
type Counts map[string]int

// Longest begins the name of a count of which the largest is kept, and not the sum.
const Longest = "longest"

// Add sums other into the counts.
func (c Counts) Add(other Counts) {
	for name, n := range other {
		if strings.HasPrefix(name, Longest) {
			c[name] = max(c[name], n)
			continue
		}
		c[name] += n
	}
}

// String lists the counts by name.
func (c Counts) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, " %s=%d", name, c[name])
	}
	return strings.TrimPrefix(b.String(), " ")
}

// Full says whether the proof is to be run at its full length.
func Full() bool { return os.Getenv(FullVariable) == "1" }

// Report logs the counts of a part of the proof, and adds them to the tally if there is one.
func Report(t *testing.T, part string, c Counts) {
	t.Helper()
	t.Logf("%s: %s", part, c)
	if err := Append(part, c); err != nil {
		t.Error(err)
	}
}

type line struct {
	Part   string `json:"part"`
	Counts Counts `json:"counts"`
}

// Append adds the counts of a part to the file that FileVariable names; without one it does nothing.
func Append(part string, c Counts) (err error) {
	name := os.Getenv(FileVariable)
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // whoever starts the proof names it
	if err != nil {
		return fmt.Errorf("add to the tally: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := json.NewEncoder(file).Encode(line{part, c}); err != nil {
		return fmt.Errorf("add to the tally: %w", err)
	}
	return nil
}

// Read returns the counts of each part that has reported to the file; none if there is no file yet.
func Read(name string) (map[string]Counts, error) {
	file, err := os.Open(name) //nolint:gosec // whoever starts the proof names it
	if errors.Is(err, os.ErrNotExist) {
		return map[string]Counts{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the tally: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	parts := map[string]Counts{}
	for decoder := json.NewDecoder(file); decoder.More(); {
		var l line
		if err := decoder.Decode(&l); err != nil {
			return nil, fmt.Errorf("read the tally: %w", err)
		}
		if parts[l.Part] == nil {
			parts[l.Part] = Counts{}
		}
		parts[l.Part].Add(l.Counts)
	}
	return parts, nil
}
