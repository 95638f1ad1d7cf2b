// Package figures makes measurements readable: medians, milliseconds, and what they were taken on.
package figures

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Median returns the middle of the values, which may stand in any order, or the mean of the two in the middle. There must be one at least.
func Median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// Milliseconds writes a time without its unit, to a hundredth.
func Milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

// Machine describes what figures were taken on, and when: they are worth nothing without it.
func Machine(now time.Time) string {
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		model = processor(string(info), model)
	}
	return fmt.Sprintf("%s/%s, %d × %s, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), model, runtime.Version(), now.Format(time.DateOnly))
}

// processor finds the model in a /proc/cpuinfo; arm64 kernels do not tell one.
func processor(info, otherwise string) string {
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
