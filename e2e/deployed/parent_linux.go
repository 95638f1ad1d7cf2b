package deployed

import (
	"os/exec"
	"syscall"
)

// EndWithParent has a program be told to end when this process has ended, also by force. It is for a program that is not started yet.
func EndWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
