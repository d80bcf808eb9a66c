package worlds

import (
	"context"
	"errors"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// loopback is a world of sockets, by the clock on the wall.
type loopback struct {
	nodes
	remove func() error
}

// Loopback makes a world of nodes on loopback sockets. It is a [scenario.Maker]. It
// has no wire of its own to bend: what wants loss, jitter or a matrix is refused.
func Loopback(ctx context.Context, want scenario.Spec) (scenario.World, error) {
	if want.Matrix != "" || want.Loss > 0 || want.Jitter > 0 || want.WAN {
		return nil, errors.New("loopback sockets have no matrix, loss, jitter or networks: play it in virtual time")
	}
	w := &loopback{nodes: nodes{clocks: newClocks()}, remove: func() error { return nil }}
	cfg := testnet.Config{Nodes: want.Nodes, Replication: want.Replication, Room: want.Room, Memory: !want.Disk, Now: w.clocks.now}
	if want.Disk {
		dir, err := scratch()
		if err != nil {
			return nil, err
		}
		cfg.Dir, w.remove = dir, remover(dir)
	}
	var err error
	if w.net, err = testnet.New(ctx, cfg); err != nil {
		return nil, errors.Join(err, w.remove())
	}
	return w, nil
}

// Partition splits the nodes.
func (w *loopback) Partition(of ...[]int) error {
	w.net.Partition(groups(of)...)
	return nil
}

// Heal ends the partition.
func (w *loopback) Heal() error {
	w.net.Heal()
	return nil
}

// Stranger makes a host on a free port.
func (w *loopback) Stranger(g scenario.Guest) (host.Host, error) {
	identity := libp2p.RandomIdentity
	if g.Key != nil {
		identity = libp2p.Identity(g.Key)
	}
	return libp2p.New(identity, libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay(), libp2p.DisableMetrics())
}

// Close stops every node and removes what they stored.
func (w *loopback) Close() error { return errors.Join(w.net.Close(), w.remove()) }
