package gossip

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain checks that nothing of ours outlives its Close. What is spared belongs
// to libraries: pubsub's goroutines end with their context, but nobody can wait for
// them; the others run once per process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/libp2p/go-libp2p-pubsub.(*backoff).cleanupLoop"),
		goleak.IgnoreTopFunction("github.com/libp2p/go-libp2p-pubsub/timecache.background"),
		goleak.IgnoreAnyFunction("github.com/libp2p/go-libp2p-pubsub.(*PubSub).announceRetry"),
	)
}
