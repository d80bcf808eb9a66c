package node

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// A18: many more dial than the node has files for, and say nothing. It bears its share of
// the files, hangs up on the rest, and whoever was connected stays.
func TestDialsThatSayNothing(t *testing.T) {
	const dials = 300
	n, err := New(Config{Limits: Limits{Files: leastFiles}, Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/tcp/0")}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	before := newTestNode(t, Config{})
	if err := before.host.Connect(t.Context(), n.AddrInfo()); err != nil {
		t.Fatal(err)
	}
	addr, err := manet.ToNetAddr(n.host.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	var hungUp atomic.Int32
	var reading sync.WaitGroup
	defer reading.Wait()
	for range dials {
		var d net.Dialer
		c, err := d.DialContext(t.Context(), addr.Network(), addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		reading.Go(func() {
			_, _ = io.Copy(io.Discard, c) // until it hangs up, one way or another
			hungUp.Add(1)
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for borne := 0; borne+int(hungUp.Load()) < dials; {
		if borne = n.filesInUse(t); borne > leastFiles/2 {
			t.Fatalf("it bears %d connections with %d files", borne, leastFiles)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("of %d dials %d are borne and %d refused", dials, borne, hungUp.Load())
		}
	}
	if n.host.Network().Connectedness(before.ID()) != network.Connected {
		t.Error("who was there before has lost its connection")
	}
}

// filesInUse is how many files the host's connections take, by its own count.
func (n *Node) filesInUse(t *testing.T) (files int) {
	t.Helper()
	err := n.host.Network().ResourceManager().ViewSystem(func(s network.ResourceScope) error {
		files = s.Stat().NumFD
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
