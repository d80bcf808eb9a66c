//go:build !linux

package bench

import "os"

// dataSync waits until what was written to f is on disk.
func dataSync(f *os.File) error { return f.Sync() }
