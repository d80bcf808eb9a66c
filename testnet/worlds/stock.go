package worlds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/stock"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// stockSeeds is how many of the first nodes all others join through.
	stockSeeds = 3
	// stockQuiet is how long tables and meshes get to fill.
	stockQuiet = 10 * time.Second
)

// stockWorld is a world of stock nodes in virtual time, each with a careful user: one
// who puts a tombstone into the DHT as well as on the topic, remembers those that
// the topic brought, takes no value whose lease has ended, and believes a library
// that returns no error.
type stockWorld struct {
	fabric    *sim.Fabric
	clocks    *clocks
	strangers guests

	mu    sync.Mutex
	seats []*stockSeat // owned by mu
}

// Stock makes a world of stock libraries in virtual time. It is a [scenario.Maker], to
// be called inside a synctest bubble. It has no disk, since what kad-dht stores by
// default is in memory, and k is kad-dht's.
func Stock(ctx context.Context, want scenario.Spec) (scenario.World, error) {
	if want.Disk {
		return nil, errors.New("stock libraries keep nothing on a disk by default")
	}
	wire := sim.WireConfig{Seed: want.Seed, Loss: want.Loss, Jitter: want.Jitter}
	if want.Matrix != "" {
		m, err := wan.LoadMatrix(want.Matrix)
		if err != nil {
			return nil, err
		}
		wire.Model = m.Model(want.Seed)
	}
	fabric, err := sim.NewFabric(wire)
	if err != nil {
		return nil, err
	}
	w := &stockWorld{fabric: fabric, clocks: newClocks()}
	if err := w.Grow(ctx, want.Nodes); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Grow starts new nodes, one after the other.
func (w *stockWorld) Grow(ctx context.Context, count int) error {
	for range count {
		w.mu.Lock()
		i := len(w.seats)
		w.seats = append(w.seats, &stockSeat{})
		w.mu.Unlock()
		if err := w.start(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// start brings up node i, with an empty memory.
func (w *stockWorld) start(ctx context.Context, i int) error {
	h, err := w.fabric.NewStockHost(i)
	if err != nil {
		return err
	}
	s := w.seat(i + 1)
	s.mu.Lock()
	s.last, s.dead = make(map[records.AgentID]*records.Record), make(map[records.AgentID]*records.Tombstone)
	s.mu.Unlock()
	n, err := stock.New(stock.Config{Host: h, Network: testnet.DefaultNetwork, Bootstrap: w.seeds(i), Heard: s.bury})
	if err != nil {
		return errors.Join(err, h.Close())
	}
	w.mu.Lock()
	s.up, s.host, s.node, s.addr = true, h, n, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}
	w.mu.Unlock()
	return n.Join(ctx)
}

// seeds are those of the first nodes that are up, without node i.
func (w *stockWorld) seeds(i int) []peer.AddrInfo {
	w.mu.Lock()
	defer w.mu.Unlock()
	var infos []peer.AddrInfo
	for j, s := range w.seats {
		if s.up && j != i && len(infos) < stockSeeds {
			infos = append(infos, s.addr)
		}
	}
	return infos
}

func (w *stockWorld) seat(n int) *stockSeat {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seats[n-1]
}

// at returns a seat whose node is up.
func (w *stockWorld) at(n int) (*stockSeat, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < 1 || n > len(w.seats) || !w.seats[n-1].up {
		return nil, fmt.Errorf("n%d is not up", n)
	}
	return w.seats[n-1], nil
}

// Up returns the numbers of the nodes that are up.
func (w *stockWorld) Up() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var up []int
	for i, s := range w.seats {
		if s.up {
			up = append(up, i+1)
		}
	}
	return up
}

// Settle lets tables and meshes fill: the libraries do not say when they have.
func (w *stockWorld) Settle(ctx context.Context) error {
	select {
	case <-time.After(stockQuiet):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Publish is PutValue.
func (w *stockWorld) Publish(ctx context.Context, n int, rec *records.Record) (scenario.Receipt, error) {
	s, err := w.at(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	if s.buried(rec.ID()) != nil {
		return scenario.Receipt{}, records.ErrRevoked
	}
	if err := s.node.Put(ctx, rec.ID().Key(), rec.Bytes()); err != nil {
		return scenario.Receipt{}, err
	}
	s.remember(rec)
	return scenario.Receipt{Confirmed: true}, nil
}

// Revoke tells the topic, and is PutValue.
func (w *stockWorld) Revoke(ctx context.Context, n int, t *records.Tombstone) (scenario.Receipt, error) {
	s, err := w.at(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	s.bury(t)
	err = errors.Join(s.node.Shout(ctx, t), s.node.Put(ctx, t.ID().Key(), t.Bytes()))
	return scenario.Receipt{Confirmed: err == nil}, err
}

// Resolve is what the user remembers, or a search: up to its first value, or to its
// end.
func (w *stockWorld) Resolve(ctx context.Context, n int, id records.AgentID, policy string) (scenario.Answer, error) {
	s, err := w.at(n)
	if err != nil {
		return scenario.Answer{}, err
	}
	if t := s.buried(id); t != nil {
		return dead(t), nil
	}
	var b []byte
	switch policy {
	case "cache-only":
		return w.judge(n, s.remembered(id)), nil
	case "first", "cache-first":
		b, err = s.node.First(ctx, id.Key())
	case "most-recent":
		b, err = s.node.Full(ctx, id.Key())
	default:
		return scenario.Answer{}, fmt.Errorf("stock libraries have no policy %s", policy)
	}
	if errors.Is(err, routing.ErrNotFound) {
		return scenario.Answer{Status: records.StatusUnknown}, nil
	}
	if err != nil {
		return scenario.Answer{}, err
	}
	v, err := records.OpenFor(id.Key(), b)
	if err != nil {
		return scenario.Answer{}, err
	}
	if t, ok := v.(*records.Tombstone); ok {
		s.bury(t)
		return dead(t), nil
	}
	rec := v.(*records.Record)
	s.remember(rec)
	return w.judge(n, rec), nil
}

func dead(t *records.Tombstone) scenario.Answer {
	return scenario.Answer{Status: records.StatusRevoked, Proof: t.Bytes()}
}

// judge is what a record is worth by the clock of a node.
func (w *stockWorld) judge(n int, rec *records.Record) scenario.Answer {
	if rec == nil {
		return scenario.Answer{Status: records.StatusUnknown}
	}
	a := scenario.Answer{Status: records.StatusActive, Proof: rec.Bytes()}
	if err := rec.ValidAt(w.clocks.now(n - 1)); err != nil {
		a.Status, a.Reason = records.StatusExpired, err.Error()
	}
	return a
}

// Now is the clock of the machine.
func (w *stockWorld) Now() time.Time { return time.Now() }

// Skew puts the clock of a user ahead; kad-dht has the machine's.
func (w *stockWorld) Skew(n int, ahead time.Duration) error { return w.clocks.skew(n-1, ahead) }

// Kill ends a node from one moment to the next.
func (w *stockWorld) Kill(n int) error {
	w.fabric.Mute(n - 1)
	return w.Stop(n)
}

// Stop ends a node.
func (w *stockWorld) Stop(n int) error {
	s, err := w.at(n)
	if err != nil {
		return err
	}
	w.mu.Lock()
	s.up = false
	w.mu.Unlock()
	return errors.Join(s.node.Close(), s.host.Network().Close(), s.host.Close())
}

// Restart brings a node back with its key and address, and nothing else.
func (w *stockWorld) Restart(n int) error {
	if slices.Contains(w.Up(), n) {
		return fmt.Errorf("n%d is up", n)
	}
	return w.start(context.Background(), n-1)
}

// Partition splits the nodes.
func (w *stockWorld) Partition(of ...[]int) error {
	w.fabric.Partition(groups(of)...)
	return nil
}

// Heal ends every partition and cut.
func (w *stockWorld) Heal() error {
	w.fabric.Heal()
	return nil
}

// Stranger makes a host on the wire.
func (w *stockWorld) Stranger(g scenario.Guest) (host.Host, error) {
	w.mu.Lock()
	at, last := w.strangers.place(g)
	w.mu.Unlock()
	return w.fabric.NewGuest(at, last, g.Key)
}

// Addr is how to reach a node.
func (w *stockWorld) Addr(n int) peer.AddrInfo { return w.seat(n).addr }

// Network is the name of the network.
func (w *stockWorld) Network() string { return testnet.DefaultNetwork }

// Close stops every node and ends the wire.
func (w *stockWorld) Close() error {
	var errs []error
	for _, n := range w.Up() {
		errs = append(errs, w.Stop(n))
	}
	w.fabric.Close()
	return errors.Join(errs...)
}
