package bubble

import (
	"os/exec"
	"syscall"
)

// apart keeps a terminal's Ctrl-C from the child: the parent tells it to end, and a
// second signal would cut short what it does then. A child whose parent is killed
// ends too.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
