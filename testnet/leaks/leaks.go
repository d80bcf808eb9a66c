// Package leaks knows the goroutines that libraries leave behind for good. Every
// other one that outlives a test is ours, and a fault.
package leaks

import "go.uber.org/goleak"

// Upstream are goleak's options for the libraries that a node stands on. Each
// line names whose goroutine it is.
func Upstream() []goleak.Option {
	return []goleak.Option{
		// go-log keeps one reader for its lifetime; kad-dht and pubsub import it.
		goleak.IgnoreTopFunction("github.com/ipfs/go-log/v2/writer.(*MirrorWriter).logRoutine"),
		// OpenCensus starts one worker when it is imported.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"),
	}
}
