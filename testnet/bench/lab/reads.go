package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/stock"
)

const (
	// freshFor is how long ago a fresh client began to join.
	freshFor = 2 * time.Second
	// freshAsks is how many agents each fresh client looks for.
	freshAsks = 4
)

// Resolving is what came of lookups.
type Resolving struct {
	Charge float64
	Degree map[string]float64
	K      int // of our nodes; that of stock nodes is 20
	// Known is by arm: readers are nodes of the network. Fresh readers are clients that
	// began to join through one node a moment ago; of ours and of stock as it is.
	Known, Fresh map[string]*Reads
}

// RunResolving publishes agents, moves them, and looks for them from nodes that never
// asked, in three calm networks.
func RunResolving(ctx context.Context, cfg Config, keys int) (s *Resolving, err error) {
	r, err := newLookupRun(ctx, cfg, keys)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	s = &Resolving{Charge: ms(r.charge), Degree: r.degree, K: r.k, Known: map[string]*Reads{Ours: {}, Stock: {}, Stock32: {}}}
	if _, err := r.move(ctx); err != nil {
		return nil, err
	}
	cfg.Say("%d agents looked for, by nodes that never asked", keys)
	if err := errors.Join(r.readOurs(ctx, s.Known[Ours]), r.readStock(ctx, s.Known)); err != nil {
		return nil, err
	}
	cfg.Say("%d agents looked for, by fresh clients", keys)
	s.Fresh, err = r.readFresh(ctx)
	return s, err
}

// Reads is what came of the lookups of one arm. Only the newest record, as a valid
// answer, counts; anything else never came.
type Reads struct {
	mu sync.Mutex

	Took  []float64 // to the first answer
	Full  []float64 // until a stock node has asked them all
	Asked []float64 // questions answered until the first answer (ours), begun until then (stock)
	// Direct is the floor of asking the nearest holder, with a handshake where there is no
	// connection, Relayed that of a question that is passed on over open connections,
	// and Floor the smaller of the two; ours only.
	Floor, Direct, Relayed []float64
}

// Share is which part was answered rightly.
func (r *Reads) Share() float64 { return finite(r.Took) }

func (r *Reads) note(took time.Duration, asked int, right bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Took, r.Asked = append(r.Took, orNever(took, right)), append(r.Asked, float64(asked))
}

func (r *Reads) noteFloor(direct, relayed time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Direct, r.Floor = append(r.Direct, ms(direct)), append(r.Floor, ms(min(direct, relayed)))
	r.Relayed = append(r.Relayed, orNever(relayed, relayed < math.MaxInt64))
}

// readers are the roles that have one.
func (r *lookupRun) readers() ([]*role, error) {
	var with []*role
	for _, l := range r.roles {
		if l.reader >= 0 {
			with = append(with, l)
		}
	}
	if len(with) == 0 {
		return nil, errors.New("every node holds every record: a larger network is needed")
	}
	return with, nil
}

// readOurs lets a node of ours that does not hold it look for each agent.
func (r *lookupRun) readOurs(ctx context.Context, out *Reads) error {
	readers, err := r.readers()
	if err != nil {
		return err
	}
	return paced(ctx, readers, func(ctx context.Context, _ int, l *role) error {
		n := r.ours.Node(l.reader)
		out.noteFloor(r.directFloor(n.Host(), l.reader, l), r.relayedFloor(l.reader, l))
		out.note(r.askOurs(ctx, n.Node, l))
		return nil
	})
}

// readStock lets the same stock nodes take the first value, and others ask them all.
func (r *lookupRun) readStock(ctx context.Context, out map[string]*Reads) error {
	readers, err := r.readers()
	if err != nil {
		return err
	}
	both := func(do func(ctx context.Context, n *stockNet, l *role)) error {
		return paced(ctx, readers, func(ctx context.Context, _ int, l *role) error {
			var work sync.WaitGroup
			for _, n := range r.stocks {
				work.Go(func() { do(ctx, n, l) })
			}
			work.Wait()
			return nil
		})
	}
	return errors.Join(
		both(func(ctx context.Context, n *stockNet, l *role) {
			out[string(n.kind)].note(askStock(ctx, n.nodes[l.reader], l))
		}),
		both(func(ctx context.Context, n *stockNet, l *role) { out[string(n.kind)].walk(ctx, n.nodes[l.second], l) }))
}

// directFloor is what a reader needs who knows which holder is the nearest by round
// trip, and asks it.
func (r *lookupRun) directFloor(h host.Host, reader int, l *role) time.Duration {
	nearest := l.sources[0]
	for _, j := range l.sources {
		if r.ground.rtt(reader, j) < r.ground.rtt(reader, nearest) {
			nearest = j
		}
	}
	return r.ask(h, reader, nearest)
}

// relayedFloor is what a question and its answer need that any node may pass on, over
// connections that are open.
func (r *lookupRun) relayedFloor(reader int, l *role) time.Duration {
	least := time.Duration(math.MaxInt64)
	for _, j := range l.sources {
		least = min(least, 2*r.ground.news(reader, j))
	}
	return least
}

// askOurs looks for an agent through our node.
func (r *lookupRun) askOurs(ctx context.Context, n *node.Node, l *role) (took time.Duration, asked int, right bool) {
	begin := time.Now()
	res, err := n.Resolve(ctx, l.agent.ID(), node.Policy{Mode: node.PolicyFirst})
	took = time.Since(begin)
	return took, len(res.Path), err == nil && res.Status == records.StatusActive && res.Record.Sequence() == l.record.Sequence()
}

// askStock takes the first value of a search.
func askStock(ctx context.Context, n *stock.Node, l *role) (took time.Duration, asked int, right bool) {
	ctx, stop := context.WithCancel(ctx)
	ctx, events := routing.RegisterForQueryEvents(ctx)
	var count atomic.Int64
	var work sync.WaitGroup
	work.Go(func() {
		for e := range events {
			if e.Type == routing.SendingQuery {
				count.Add(1)
			}
		}
	})
	begin := time.Now()
	b, err := n.First(ctx, l.agent.ID().Key())
	took, asked = time.Since(begin), int(count.Load())
	stop()
	work.Wait()
	return took, asked, err == nil && string(b) == string(l.record.Bytes())
}

// walk lets a stock node ask all.
func (r *Reads) walk(ctx context.Context, n *stock.Node, l *role) {
	begin := time.Now()
	b, err := n.Full(ctx, l.agent.ID().Key())
	took := time.Since(begin)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Full = append(r.Full, orNever(took, err == nil && string(b) == string(l.record.Bytes())))
}

// readFresh lets clients that began to join a moment ago, through one node, look for
// some agents each.
func (r *lookupRun) readFresh(ctx context.Context) (map[string]*Reads, error) {
	out := map[string]*Reads{Ours: {}, Stock: {}}
	for c := 0; c*freshAsks < len(r.roles); c++ {
		roles := r.roles[c*freshAsks : min(len(r.roles), (c+1)*freshAsks)]
		number, entry := outsider-1-c, r.draw(drawEntries+uint64(c)).IntN(r.Nodes)
		errs := make([]error, 2)
		var work sync.WaitGroup
		work.Go(func() { errs[0] = r.freshOurs(ctx, out[Ours], number, entry, roles) })
		if len(r.stocks) > 0 {
			work.Go(func() { errs[1] = r.stocks[0].fresh(ctx, out[Stock], number, entry, roles) })
		}
		work.Wait()
		if err := errors.Join(errs...); err != nil {
			return nil, fmt.Errorf("fresh client %d: %w", c, err)
		}
	}
	return out, nil
}

// freshOurs is one client of ours.
func (r *lookupRun) freshOurs(ctx context.Context, out *Reads, number, entry int, roles []*role) (err error) {
	h, err := r.ours.NewHost(number)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Network().Close(), h.Close()) }()
	n, err := node.New(node.Config{
		Host: h, Bootstrap: []peer.AddrInfo{r.ours.Node(entry).AddrInfo()}, Network: testnet.DefaultNetwork,
		Profile: node.ProfileLocal, Replication: r.k, NoMDNS: true,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if err := pause(ctx, freshFor); err != nil {
		return err
	}
	for _, l := range roles {
		out.noteFloor(r.directFloor(h, number, l), r.passedFloor(h, number, entry, l))
		out.note(r.askOurs(ctx, n, l))
		if err := pause(ctx, pace); err != nil {
			return err
		}
	}
	return nil
}

// passedFloor is what a question needs that the entry passes on.
func (r *lookupRun) passedFloor(h host.Host, client, entry int, l *role) time.Duration {
	if !r.connected(h, entry) {
		return math.MaxInt64
	}
	least := time.Duration(math.MaxInt64)
	for _, j := range l.sources {
		least = min(least, r.ground.rtt(client, entry)+2*r.ground.news(entry, j))
	}
	return least
}

// fresh is one stock client.
func (n *stockNet) fresh(ctx context.Context, out *Reads, number, entry int, roles []*role) (err error) {
	h, err := n.NewStockHost(number)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Network().Close(), h.Close()) }()
	client, err := stock.New(stock.Config{
		Host: h, Network: testnet.DefaultNetwork, Bootstrap: []peer.AddrInfo{{ID: n.hosts[entry].ID(), Addrs: n.hosts[entry].Addrs()}},
	})
	if err != nil {
		return err
	}
	joinCtx, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { _ = client.Join(joinCtx) }) // how far it comes is part of what is measured
	defer func() { stop(); err = errors.Join(err, client.Close()); work.Wait() }()
	if err := pause(ctx, freshFor); err != nil {
		return err
	}
	for _, l := range roles {
		askCtx, cancel := context.WithTimeout(ctx, giveUp)
		out.note(askStock(askCtx, client, l))
		cancel()
		if err := pause(ctx, pace); err != nil {
			return err
		}
	}
	return nil
}
