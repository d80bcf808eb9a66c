package demo

import (
	"os/exec"
	"syscall"
)

// apart keeps a terminal's Ctrl-C from the process: whoever started it ends it. Where
// that one is itself killed, the kernel ends the process.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
