package lab

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// deadShare is which part of the nodes dies before the last puts.
const deadShare = 0.3

// Publishing is what came of records that were published.
type Publishing struct {
	Charge float64
	Degree map[string]float64
	K      int // of our nodes; that of stock nodes is 20
	// Calm is by arm; Dead the same after a part of the nodes fell silent at once.
	Calm, Dead map[string]*Puts
	// Found is the share of other nodes that then found the newest record.
	Found float64
}

// RunPublishing publishes agents twice in three calm networks, and half as many once
// more just after three nodes of ten have fallen silent.
func RunPublishing(ctx context.Context, cfg Config, keys int) (p *Publishing, err error) {
	r, err := newLookupRun(ctx, cfg, keys)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	p = &Publishing{Charge: ms(r.charge), Degree: r.degree, K: r.k}
	if p.Calm, err = r.move(ctx); err != nil {
		return nil, err
	}
	found := new(Reads)
	if err := r.readOurs(ctx, found); err != nil {
		return nil, err
	}
	p.Found = found.Share()
	cfg.Say("three nodes of ten are dead, %d agents published", (keys+1)/2)
	if err := r.kill(ctx, deadShare, (keys+1)/2); err != nil {
		return nil, err
	}
	p.Dead, err = r.publish(ctx, r.roles)
	return p, err
}

// Puts is what came of the records that one arm published.
type Puts struct {
	// Acked is until a majority of the true holders had acknowledged; of stock, until
	// PutValue returned nil. Of every record.
	Acked []float64
	// Confirmed is until our node called the record confirmed, Floor the least for a
	// majority; ours only.
	Confirmed, Floor []float64
	// Holders is how many true holders were looked at, after a rest, and Holding how many
	// of them had the record in their store. Empty records were said to be stored, and
	// no true holder had them.
	Holders, Holding, Empty int
}

func (p *Puts) add(o *Puts) {
	p.Holders, p.Holding, p.Empty = p.Holders+o.Holders, p.Holding+o.Holding, p.Empty+o.Empty
	p.Acked, p.Confirmed, p.Floor = append(p.Acked, o.Acked...), append(p.Confirmed, o.Confirmed...), append(p.Floor, o.Floor...)
}

// Share is which part was acknowledged.
func (p *Puts) Share() float64 { return finite(p.Acked) }

// finite is the share of values that came.
func finite(values []float64) float64 {
	came := 0
	for _, v := range values {
		if !math.IsInf(v, 1) {
			came++
		}
	}
	return float64(came) / float64(max(1, len(values)))
}

// orNever is a duration in milliseconds; what did not happen took for ever.
func orNever(d time.Duration, happened bool) float64 {
	if !happened {
		return math.Inf(1)
	}
	return ms(d)
}

// publish publishes the next record of every agent in all arms, and looks into the
// stores afterwards.
func (r *lookupRun) publish(ctx context.Context, roles []*role) (map[string]*Puts, error) {
	out := map[string]*Puts{Ours: new(Puts), Stock: new(Puts), Stock32: new(Puts)}
	said := make(map[string][]bool)
	for arm := range out {
		said[arm] = make([]bool, len(roles))
	}
	var mu sync.Mutex // of out
	err := paced(ctx, roles, func(ctx context.Context, i int, l *role) error {
		rec, err := l.agent.At("https://agent.example/a2a")
		if err != nil {
			return err
		}
		l.record = rec
		var group errgroup.Group
		group.Go(func() error {
			floor, acked, confirmed := r.publishOurs(ctx, l)
			mu.Lock()
			defer mu.Unlock()
			p := out[Ours]
			said[Ours][i] = confirmed > 0
			p.Floor, p.Acked = append(p.Floor, ms(floor)), append(p.Acked, orNever(acked, acked > 0))
			p.Confirmed = append(p.Confirmed, orNever(confirmed, confirmed > 0))
			return nil
		})
		for _, n := range r.stocks {
			group.Go(func() error {
				begin := time.Now()
				err := n.nodes[l.publisher].Put(ctx, l.agent.ID().Key(), rec.Bytes())
				took := time.Since(begin)
				mu.Lock()
				defer mu.Unlock()
				p := out[string(n.kind)]
				said[string(n.kind)][i] = err == nil
				p.Acked = append(p.Acked, orNever(took, err == nil))
				return nil
			})
		}
		return group.Wait()
	})
	if err != nil {
		return nil, err
	}
	return out, r.inspect(ctx, roles, out, said)
}

// publishOurs publishes through our node, and returns 0 for what did not happen.
func (r *lookupRun) publishOurs(ctx context.Context, l *role) (floor, acked, confirmed time.Duration) {
	n := r.ours.Node(l.publisher)
	var costs []time.Duration
	for _, j := range l.holders {
		costs = append(costs, r.ask(n.Host(), l.publisher, j))
	}
	slices.Sort(costs)
	floor = costs[l.majority()-1]
	receipt, err := n.Publish(ctx, l.record)
	if err == nil && receipt.Confirmed {
		confirmed = receipt.Elapsed
	}
	var acks []time.Duration
	for _, p := range receipt.Peers {
		if p.Acked && slices.ContainsFunc(l.holders, func(j int) bool { return r.ids[j] == p.Peer }) {
			acks = append(acks, p.AckedAt)
		}
	}
	slices.Sort(acks)
	if len(acks) >= l.majority() {
		acked = acks[l.majority()-1]
	}
	return floor, acked, confirmed
}

// inspect looks into the stores of the true holders: ours are asked in process, stock
// ones over the wire by somebody outside, since they show them in no other way.
func (r *lookupRun) inspect(ctx context.Context, roles []*role, out map[string]*Puts, said map[string][]bool) error {
	look := func(arm string, i int, l *role, holds func(j int) bool) {
		p, have := out[arm], 0
		for _, j := range l.holders {
			if holds(j) {
				have++
			}
		}
		p.Holders, p.Holding = p.Holders+len(l.holders), p.Holding+have
		if said[arm][i] && have == 0 {
			p.Empty++
		}
	}
	for i, l := range roles {
		look(Ours, i, l, func(j int) bool { return r.holds(ctx, j, l) })
	}
	for _, n := range r.stocks {
		h, err := n.NewHost(outsider)
		if err != nil {
			return err
		}
		for i, l := range roles[:min(len(roles), inspected)] {
			held := n.holders(ctx, h, l)
			look(string(n.kind), i, l, func(j int) bool { return held[j] })
		}
		if err := errors.Join(h.Network().Close(), h.Close(), ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// inspected is how many agents of a stock network are looked for in the stores.
const inspected = 20

// holders asks the true holders of an agent for its last record, all at once.
func (n *stockNet) holders(ctx context.Context, h host.Host, l *role) map[int]bool {
	held := make(map[int]bool)
	var mu sync.Mutex // of held
	var work sync.WaitGroup
	for _, j := range l.holders {
		work.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, giveUp)
			defer cancel()
			have := n.holds(ctx, h, j, l)
			mu.Lock()
			defer mu.Unlock()
			held[j] = have
		})
	}
	work.Wait()
	return held
}

func (n *stockNet) holds(ctx context.Context, h host.Host, j int, l *role) bool {
	if err := h.Connect(ctx, peer.AddrInfo{ID: n.hosts[j].ID(), Addrs: n.hosts[j].Addrs()}); err != nil {
		return false
	}
	s, err := wire.Open(ctx, h, n.hosts[j].ID(), wire.Kad(testnet.DefaultNetwork))
	if err != nil {
		return false
	}
	defer s.Close()
	b, err := s.Get(ctx, l.agent.ID().Key())
	return err == nil && string(b) == string(l.record.Bytes())
}
