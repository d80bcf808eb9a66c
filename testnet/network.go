package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"
)

// startParallel is how many nodes come up side by side: handshakes cost CPU, and
// more at once only make each other late.
const startParallel = 8

// Network is a running network. Its methods are safe for concurrent use.
type Network struct {
	cfg      Config
	dir      string // where data directories are; empty in memory
	temp     bool   // dir is ours to remove
	board    *switchboard
	far      *distances // nil where nobody is far
	stranger stranger

	mu     sync.Mutex
	seats  []*seat // owned by mu; a seat itself by whoever starts or stops its node
	closed bool    // owned by mu
}

// seat is what stays of a node while it is down.
type seat struct {
	index  int
	dir    string // empty in memory
	key    crypto.PrivKey
	listen []multiaddr.Multiaddr // with the ports of the first start
	// returns: the data directory is of an earlier network in Config.Dir.
	returns bool
	node    *Node         // the last one started; nil before; owned by Network.mu
	down    bool          // owned by Network.mu
	busy    bool          // its node is being started or stopped; owned by Network.mu
	anchor  peer.AddrInfo // how others reach it; owned by Network.mu
}

func (s *seat) name() string { return fmt.Sprintf("n%d", s.index+1) }

// New starts a network and returns when every node is ready alone or with its
// first peers; Settle waits until the network has found itself. ctx bounds the
// start only. On error nothing is left running.
func New(ctx context.Context, cfg Config) (*Network, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("testnet: %w", err)
	}
	w := &Network{cfg: cfg, dir: cfg.Dir, board: newSwitchboard(), far: newDistances(cfg.Places)}
	w.stranger.network, w.stranger.newHost = cfg.Network, cfg.NewHost
	if w.dir == "" && !cfg.Memory {
		if w.dir, err = os.MkdirTemp("", "cairn-testnet-"); err != nil {
			return nil, fmt.Errorf("testnet: %w", err)
		}
		w.temp = true
	}
	if err := w.startAll(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// startAll starts the nodes side by side, each as soon as those through which it
// joins are ready.
func (w *Network) startAll(ctx context.Context) error {
	seats := make([]*seat, w.cfg.Nodes)
	up := make([]chan struct{}, len(seats))
	for i := range seats {
		var err error
		if seats[i], err = w.newSeat(); err != nil {
			return err
		}
		up[i] = make(chan struct{})
	}
	slots, started := make(chan struct{}, startParallel), 0
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range seats {
		group.Go(func() error {
			for _, a := range anchorsOf(i) {
				select {
				case <-up[a]:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			n, err := w.launch(s)
			if err != nil {
				return err
			}
			if s.returns {
				close(up[i]) // it may need those behind it to become ready again
			}
			if err := n.WaitReady(ctx); err != nil {
				return err
			}
			if !s.returns {
				close(up[i])
			}
			mu.Lock()
			defer mu.Unlock()
			started++
			w.cfg.Started(started, len(seats))
			return nil
		})
	}
	return group.Wait()
}

// anchorsOf names the nodes through which node i joins: three earlier ones, so
// that no node has to serve all newcomers and the chain stays short.
func anchorsOf(i int) []int {
	if i == 0 {
		return nil
	}
	anchors := []int{(i - 1) / 2, (i - 1) / 3, (i - 1) / 4}
	slices.Sort(anchors)
	return slices.Compact(anchors)
}

// newSeat makes a place for one more node.
func (w *Network) newSeat() (*seat, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, fmt.Errorf("testnet: %w", errClosed)
	}
	s := &seat{index: len(w.seats), listen: w.cfg.listenAddrs(), down: true}
	if w.dir != "" {
		s.dir = filepath.Join(w.dir, s.name())
		_, err := os.Stat(s.dir)
		s.returns = err == nil
	}
	var err error
	if s.key, err = hostKey(s.dir); err != nil {
		return nil, fmt.Errorf("testnet: %s: %w", s.name(), err)
	}
	w.seats = append(w.seats, s)
	return s, nil
}

// anchors returns the addresses through which the node of seat i joins. The first
// one has none: on its return it finds the peers that it knew on its disk, and
// without a disk it gets some of those that are up.
func (w *Network) anchors(i int) []peer.AddrInfo {
	w.mu.Lock()
	defer w.mu.Unlock()
	var infos []peer.AddrInfo
	add := func(j int) {
		if a := w.seats[j].anchor; j != i && a.ID != "" && !slices.ContainsFunc(infos, func(b peer.AddrInfo) bool { return a.ID == b.ID }) {
			infos = append(infos, a)
		}
	}
	for _, j := range anchorsOf(i) {
		add(j)
	}
	for j := 0; j < len(w.seats) && len(infos) < 3; j++ {
		if !w.seats[j].down && (i > 0 || w.dir == "") {
			add(j)
		}
	}
	return infos
}

// Nodes returns the nodes that are up, in their order.
func (w *Network) Nodes() []*Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	var nodes []*Node
	for _, s := range w.seats {
		if !s.down {
			nodes = append(nodes, s.node)
		}
	}
	return nodes
}

// Node returns node i, counted from 0, as it was last started; like an index
// into a slice it panics where there is none.
func (w *Network) Node(i int) *Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seats[i].node
}

// Size returns how many nodes there ever were, up or down: they are Node(0) to
// Node(Size()-1).
func (w *Network) Size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seats)
}

// Close stops every node, waits for all of them, and removes the temporary
// directory.
func (w *Network) Close() error {
	w.mu.Lock()
	w.closed = true
	var running []*Node
	for _, s := range w.seats {
		if !s.down {
			running = append(running, s.node)
			s.down = true
		}
	}
	w.mu.Unlock()
	errs := make([]error, len(running)+1)
	var group sync.WaitGroup
	for i, n := range running {
		group.Go(func() {
			if err := n.Close(); err != nil {
				errs[i] = fmt.Errorf("testnet: %s: %w", n.Name(), err)
			}
		})
	}
	group.Wait()
	errs[len(running)] = w.stranger.Close()
	if w.temp {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// NewAgent makes an agent that reads the network's clock.
func (w *Network) NewAgent() (*Agent, error) {
	return NewAgent(func() time.Time { return w.cfg.Now(Outside) })
}
