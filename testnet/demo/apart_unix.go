//go:build unix && !linux

package demo

import (
	"os/exec"
	"syscall"
)

// apart keeps a terminal's Ctrl-C from the process: whoever started it ends it.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
