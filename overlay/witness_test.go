package overlay

import (
	"errors"
	"testing"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Those who have a tombstone confirm it, and nothing is put to anybody.
func TestWitness(t *testing.T) {
	nodes := newNetwork(t, 8, tcp)
	dead := newAgent(t, 1).tombstone()
	for _, n := range nodes[1:] {
		if err := n.values.Put(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
	}
	r, err := nodes[0].Witness(t.Context(), dead, nil)
	if err != nil || !r.Confirmed || r.Targets != enough || r.ReadBack != enough {
		t.Errorf("receipt %+v: %v", r, err)
	}
	if got := holders(t, nodes, dead.ID()); len(got) != len(nodes)-1 {
		t.Errorf("%d hold it", len(got))
	}
}

// One of those asked was not told by the node itself: here the only one that lacks it.
func TestWitnessIsNotOnlyWhomWeTold(t *testing.T) {
	nodes := newNetwork(t, 8, tcp)
	dead, last := newAgent(t, 1).tombstone(), nodes[7]
	for _, n := range nodes[1:7] {
		if err := n.values.Put(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
	}
	r, err := nodes[0].Witness(t.Context(), dead, func(p peer.ID) bool { return p != last.host.ID() })
	var partial *PartialError
	if !errors.As(err, &partial) || r.Confirmed || r.Targets != enough || r.ReadBack != enough-1 {
		t.Errorf("receipt %+v: %v", r, err)
	}
}

// A witness that gets the value while it is asked confirms it; one that never does
// makes it partial; one that is dead is replaced.
func TestWitnesses(t *testing.T) {
	empty := func(m *pb.Message) *pb.Message { return named(m) }
	for name, row := range map[string]struct {
		fakes     int
		holders   int
		closed    int // of the fakes
		confirmed bool
		targets   int
	}{
		"all have it":      {0, 3, 0, true, 3},
		"one never has it": {1, 2, 0, false, 3},
		"two are dead":     {2, 3, 2, true, 3},
		"nobody has it":    {3, 0, 0, false, 3},
		"only one there":   {0, 1, 0, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, dead := newNode(t, 0, tcp), newAgent(t, 1).tombstone()
			var peers []peer.AddrInfo
			var hosts []host.Host
			for i := range row.holders {
				h := newNode(t, uint64(50+i), tcp)
				time.AfterFunc(150*time.Millisecond, func() { _ = h.values.Put(t.Context(), dead) })
				peers = append(peers, h.info())
			}
			for i := range row.fakes {
				f := fakePeer(t, uint64(100+i), empty)
				peers = append(peers, infoOf(f))
				hosts = append(hosts, f)
			}
			if reached, err := n.Bootstrap(t.Context(), peers); reached != len(peers) || err != nil {
				t.Fatalf("reached %d: %v", reached, err)
			}
			for _, h := range hosts[:row.closed] {
				_ = h.Close()
			}
			r, err := n.Witness(t.Context(), dead, nil)
			if r.Confirmed != row.confirmed || r.Targets != row.targets || (err == nil) != row.confirmed {
				t.Errorf("receipt %+v: %v", r, err)
			}
		})
	}
}
