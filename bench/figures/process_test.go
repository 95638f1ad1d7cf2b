package figures

import (
	"os"
	"testing"
	"time"
)

func TestAProcessIsAskedForItsUse(t *testing.T) {
	t.Parallel()
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for now := before; now < before+3*tick; {
		for range 1_000_000 {
			now += 0
		}
		if now, err = CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if before > time.Hour {
		t.Errorf("got %v for a test that has just begun", before)
	}
	kb, err := PeakKB(os.Getpid())
	if err != nil || kb < 1<<10 || kb > 4<<20 {
		t.Errorf("got %d KB, %v, want what a test has", kb, err)
	}
}

func TestAProcessThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	const none = 1 << 30
	if _, err := CPU(none); err == nil {
		t.Error("got a processor time")
	}
	if _, err := PeakKB(none); err == nil {
		t.Error("got a memory")
	}
}
