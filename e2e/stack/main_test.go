//go:build e2e

package stack_test

import (
	"flag"
	"testing"
)

// TestMain lets all tests wait at the same time: for their messages' time, and for hardly anything else.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	m.Run()
}
