package stack

import (
	"math"
	"runtime/debug"
	"testing"
)

//nolint:paralleltest // It changes what holds for the whole process.
func TestAFunctionUsesItsMemory(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	useMemory()
	if got, want := debug.SetGCPercent(100), 400; got != want {
		t.Errorf("garbage: got %d percent, want %d", got, want)
	}
	if got, want := debug.SetMemoryLimit(math.MaxInt64), int64(128<<20); got != want {
		t.Errorf("limit: got %d bytes, want %d, half of what a function is given", got, want)
	}
}
