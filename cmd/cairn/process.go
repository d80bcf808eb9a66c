package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// processAlive reports whether the process still runs, as far as the system tells;
// one that has ended and waits for its parent does not.
func processAlive(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil || p.Signal(syscall.Signal(0)) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, ok := strings.Cut(string(stat), ") ")
	return !ok || !strings.HasPrefix(state, "Z")
}
