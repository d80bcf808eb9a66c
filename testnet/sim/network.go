package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/host"

	"github.com/cairn-overlay/cairn/testnet"
)

// stranger is the number of the host that looks at nodes from outside.
const stranger = MaxNodes - 1

// Network is a running network in virtual time. Nodes and their verbs are those of
// [testnet.Network]; node i is host i of the wire.
type Network struct {
	*testnet.Network
	*Fabric
}

// New starts a network and returns when every node is ready; Settle waits until the
// network has found itself. It must be called inside a synctest bubble. ctx bounds
// the start only. On error nothing is left running.
func New(ctx context.Context, cfg Config) (*Network, error) {
	if cfg.Nodes < 1 || cfg.Nodes >= stranger {
		return nil, fmt.Errorf("sim: %d nodes: want 1 to %d", cfg.Nodes, stranger-1)
	}
	f, err := NewFabric(cfg.Wire)
	if err != nil {
		return nil, err
	}
	f.nats = cfg.NATs
	w, err := testnet.New(ctx, testnet.Config{
		Nodes: cfg.Nodes, Replication: cfg.Replication, WAN: cfg.WAN, Room: cfg.Room, Dir: cfg.Dir, Memory: cfg.Dir == "",
		Logger: cfg.Logger, Started: cfg.Started, NewHost: f.hostOf, Now: cfg.Now,
	})
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Network{w, f}, nil
}

// hostOf builds the host of a node, or of who looks from outside.
func (f *Fabric) hostOf(i int) (host.Host, error) {
	switch {
	case i == testnet.Outside:
		return f.NewHost(stranger)
	case f.isShut(i):
		return f.NewShutHost(i, f.relaying)
	case f.nats:
		return f.newRelaying(i)
	}
	return f.NewHost(i)
}

// Kill ends node i as a power cut would: from one packet to the next it is silent,
// and nobody is told. What it had acknowledged is on its disk, where it has one;
// Restart brings it back with its key and address.
func (w *Network) Kill(i int) error {
	w.Mute(i)
	return w.Network.Kill(i)
}

// Hide puts node i, which is down, behind a NAT, see [Fabric.Shut]: from its next start on it
// knows that nobody reaches it, and those that are not hidden relay for it. It takes
// Config.NATs.
func (w *Network) Hide(i int) error {
	if !w.nats {
		return errors.New("sim: nobody relays in this network: want Config.NATs")
	}
	w.Shut(i)
	return nil
}

// Partition splits the nodes, see [Fabric.Partition]: their connections stay and
// wait, as they would on a broken wire.
func (w *Network) Partition(groups ...[]int) { w.Fabric.Partition(groups...) }

// Heal ends every partition and every cut.
func (w *Network) Heal() { w.Fabric.Heal() }

// TrafficOfAll returns what all nodes together have sent and received so far.
func (w *Network) TrafficOfAll() Traffic {
	var sum Traffic
	for _, n := range w.Nodes() {
		sum = sum.Add(w.Traffic(n.Index))
	}
	return sum
}

// Close stops every node, waits for all of them, and ends the wire.
func (w *Network) Close() error {
	err := w.Network.Close()
	w.Fabric.Close()
	if err != nil {
		return errors.Join(errors.New("sim: close"), err)
	}
	return nil
}
