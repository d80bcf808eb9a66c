// Package leaks is the written list of the goroutines that libraries leave behind
// for good. Every other one that outlives a test is ours, and a fault.
package leaks

import "go.uber.org/goleak"

// Upstream are goleak's options for the libraries that a node stands on. The list
// is empty: with the versions in go.mod, what a node starts its Close ends, over
// TCP and QUIC. A line that is added names the library and where it starts the
// goroutine.
func Upstream() []goleak.Option { return nil }
