package bench

import (
	"os"
	"syscall"
)

// dataSync waits until what was written to f is on disk.
func dataSync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
