package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The list goes out of date with every change of a guard; that shows here, and not only in the long proof.
func TestEveryMutantFindsItsCodeAndItsTest(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		code, err := os.ReadFile(filepath.Join("../..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(code), m.from); n != 1 {
			t.Errorf("%s: its code stands %d times in %s, want once", m.guard, n, m.file)
		}
		if !hasTest(t, m.in, m.test) {
			t.Errorf("%s: there is no %s in %s", m.guard, m.test, m.in)
		}
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(code), "func "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
