package figures

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which the kernel tells processor times.
const tick = 10 * time.Millisecond

// CPU is the processor time that a running process has taken so far, its own and the kernel's on its behalf, to 10 ms.
func CPU(pid int) (time.Duration, error) {
	text, err := read(pid, "stat")
	if err != nil {
		return 0, err
	}
	// The second field is the program's name, which may contain anything; the fourteenth and fifteenth are the times.
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the processor time of process %d: %d fields", pid, len(fields))
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(user+system) * tick, nil
}

// PeakKB is the most memory that a running process has had resident.
func PeakKB(pid int) (kb int, err error) {
	text, err := read(pid, "status")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(text, "VmHWM:")
	if _, err := fmt.Sscan(after, &kb); err != nil {
		return 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	return kb, nil
}

func read(pid int, what string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, what))
	if err != nil {
		return "", fmt.Errorf("ask for a process's use of the machine, which only Linux tells: %w", err)
	}
	return string(text), nil
}
