package figures

import (
	"strings"
	"testing"
	"time"
)

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{9, 1, 5, 6}, 5.5},
	}
	for _, tt := range tests {
		if got := Median(tt.values); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestMillisecondsAreWrittenToAHundredth(t *testing.T) {
	t.Parallel()
	if got, want := Milliseconds(3456*time.Microsecond), "3.46"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAMachineIsDescribedWithTheDay(t *testing.T) {
	t.Parallel()
	if got, want := Machine(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)), ", 2026-11-25"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end in %q", got, want)
	}
}

func TestProcessorIsReadFromTheKernel(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t: x\n": "A CPU @ 2 GHz",
		"processor\t: 0\nBogoMIPS\t: 50\n":                          "none",
	}
	for info, want := range tests {
		if got := processor(info, "none"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
