package node

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Whoever was ready for a half of all facts, and has room for all of them again, does not
// say that it was ever ready: others would count on it for what it has not got yet.
func TestWidenedRangeWasNeverReady(t *testing.T) {
	for name, row := range map[string]struct {
		bits byte
		want bool
	}{
		"everything, then as now": {0, true},
		"half, and now more":      {1, false},
	} {
		t.Run(name, func(t *testing.T) {
			gone := newTestNode(t, Config{})
			dir, away := t.TempDir(), gone.AddrInfo()
			if err := gone.Close(); err != nil {
				t.Fatal(err)
			}
			start := func() *Node {
				n, err := New(Config{Dir: dir, Listen: loopbackQUIC(), Bootstrap: []peer.AddrInfo{away}, NoMDNS: true})
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			n := start()
			for key, b := range map[string][]byte{metaRange: {row.bits}, metaEverReady: {1}} {
				if err := n.store.SetMeta(t.Context(), key, b); err != nil {
					t.Fatal(err)
				}
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			n = start()
			defer n.Close()
			if got := n.wasEverReady(); got != row.want {
				t.Errorf("ever ready: %t, want %t", got, row.want)
			}
			if bits := n.extent.is().Bits(); bits != 0 {
				t.Errorf("the range has %d bits, want 0", bits)
			}
		})
	}
}
