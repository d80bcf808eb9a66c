package node

import (
	"testing"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// BenchmarkWarmResolve is an answer out of memory.
func BenchmarkWarmResolve(b *testing.B) {
	n, err := New(Config{Dir: b.TempDir(), Listen: loopbackQUIC()})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	<-n.Ready()
	agent, err := n.Agents().New("warm", keyring.NewOptions{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := n.PublishAgent(b.Context(), "warm", placeAt("https://a.example/"), 0); err != nil {
		b.Log(err) // nobody is there to take it
	}
	b.ReportAllocs()
	for b.Loop() {
		if res, err := n.Resolve(b.Context(), agent.ID(), Policy{Mode: PolicyCacheOnly}); err != nil || res.Status != records.StatusActive {
			b.Fatalf("%s, %v", res.Status, err)
		}
	}
}
