//go:build unix

package node

import (
	"math"
	"syscall"
)

// machineFiles is how many files the process may open.
func machineFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return defaultFiles
	}
	return int(min(uint64(l.Cur), math.MaxInt32))
}
