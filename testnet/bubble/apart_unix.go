//go:build unix && !linux

package bubble

import (
	"os/exec"
	"syscall"
)

// apart keeps a terminal's Ctrl-C from the child: the parent tells it to end, and a
// second signal would cut short what it does then.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
