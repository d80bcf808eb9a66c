package worlds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"

	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// virtual is a world in virtual time.
type virtual struct {
	nodes
	sim    *sim.Network
	remove func() error // what the nodes stored

	mu        sync.Mutex
	strangers guests // owned by mu
}

// Virtual makes a world in virtual time. It is a [scenario.Maker], to be called inside
// a synctest bubble.
func Virtual(ctx context.Context, want scenario.Spec) (scenario.World, error) {
	cfg := sim.Config{
		Nodes: want.Nodes, Replication: want.Replication, WAN: want.WAN, Room: want.Room, NATs: want.NATs,
		Wire: sim.WireConfig{Seed: want.Seed, Loss: want.Loss, Jitter: want.Jitter},
	}
	if want.Matrix != "" {
		m, err := wan.LoadMatrix(want.Matrix)
		if err != nil {
			return nil, err
		}
		cfg.Wire.Model = m.Model(want.Seed)
	}
	w := &virtual{nodes: nodes{clocks: newClocks()}, remove: func() error { return nil }}
	cfg.Now = w.clocks.now
	if want.Disk {
		dir, err := scratch()
		if err != nil {
			return nil, err
		}
		cfg.Dir, w.remove = dir, remover(dir)
	}
	var err error
	if w.sim, err = sim.New(ctx, cfg); err != nil {
		return nil, errors.Join(err, w.remove())
	}
	w.net, w.here = w.sim.Network, want.NATs
	return w, nil
}

// scratch makes a folder for data directories, in memory where the system has such a
// place and nobody has named another: they must survive a restart, not a power cut.
func scratch() (string, error) {
	const shared, pattern = "/dev/shm", "cairn-testnet-"
	if os.Getenv("TMPDIR") == "" {
		if dir, err := os.MkdirTemp(shared, pattern); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", pattern)
}

// remover removes a folder.
func remover(dir string) func() error { return func() error { return os.RemoveAll(dir) } }

// Kill ends a node as a power cut would, so that nobody is told.
func (w *virtual) Kill(n int) error { return w.sim.Kill(n - 1) }

// Partition splits the nodes.
func (w *virtual) Partition(of ...[]int) error {
	w.sim.Partition(groups(of)...)
	return nil
}

// Heal ends every partition and cut.
func (w *virtual) Heal() error {
	w.sim.Heal()
	return nil
}

// Cut lets what one node sends to another vanish.
func (w *virtual) Cut(from, to int) error {
	w.sim.Cut(from-1, to-1)
	return nil
}

// Slow makes whatever a node sends and gets later.
func (w *virtual) Slow(n int, extra time.Duration) error {
	w.sim.Slow(n-1, extra)
	return nil
}

// Hide puts a node that is down behind a NAT.
func (w *virtual) Hide(n int) error { return w.sim.Hide(n - 1) }

// Loss sets the share of packets that vanish.
func (w *virtual) Loss(share float64) error { return w.sim.SetLoss(share) }

// Jitter sets the most that a packet is late.
func (w *virtual) Jitter(most time.Duration) error { return w.sim.SetJitter(most) }

// Stranger makes a host on the wire.
func (w *virtual) Stranger(g scenario.Guest) (host.Host, error) {
	w.mu.Lock()
	at, last := w.strangers.place(g)
	w.mu.Unlock()
	if at < w.count() {
		return nil, fmt.Errorf("no place on the wire for one more stranger")
	}
	return w.sim.NewGuest(at, last, g.Key)
}

// count is how many nodes there ever were.
func (w *virtual) count() int {
	up := w.Up()
	if len(up) == 0 {
		return 0
	}
	return up[len(up)-1]
}

// Close stops every node and removes what they stored.
func (w *virtual) Close() error { return errors.Join(w.sim.Close(), w.remove()) }
