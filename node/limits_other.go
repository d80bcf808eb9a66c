//go:build !unix

package node

// machineFiles is how many files the process may open.
func machineFiles() int { return defaultFiles }
