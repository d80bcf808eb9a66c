package lab

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

const (
	// pace is the pause between the beginnings of two operations of one arm.
	pace = 250 * time.Millisecond
	// rest is the pause between two kinds of operations, and how soon all holders are to
	// hold a record.
	rest = 2 * time.Second
	// giveUp bounds one operation.
	giveUp = time.Minute
)

// replication is k of our nodes: a network must be larger, or nobody has to look.
func replication(nodes int) int { return max(1, min(node.DefaultReplication, nodes/3)) }

// newLookupRun brings up three networks and casts agents. On error nothing is left
// running.
func newLookupRun(ctx context.Context, cfg Config, keys int) (*lookupRun, error) {
	charge, err := measureCharge(ctx)
	if err != nil {
		return nil, err
	}
	a, err := newArms(ctx, setup{Config: cfg, charge: charge}, asIs, under32)
	if err != nil {
		return nil, err
	}
	r := &lookupRun{arms: a, k: replication(cfg.Nodes), ids: idsOf(a.ours), degree: a.degreeByArm()}
	r.ground = newGround(a.setup, upTo(cfg.Nodes), r.ids)
	if err := r.cast(keys); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return r, nil
}

// move publishes every agent, and once more at another place.
func (r *lookupRun) move(ctx context.Context) (map[string]*Puts, error) {
	r.Say("%d agents published, then moved", len(r.roles))
	first, err := r.publish(ctx, r.roles)
	if err != nil {
		return nil, err
	}
	moved, err := r.publish(ctx, r.roles)
	for arm, p := range first {
		if err == nil {
			moved[arm].add(p)
		}
	}
	return moved, err
}

// kill cuts a part of the nodes off for good, and casts agents among the others.
func (r *lookupRun) kill(ctx context.Context, share float64, keys int) error {
	dead := r.draw(drawDead).Perm(r.Nodes)[:int(share*float64(r.Nodes))]
	r.ours.Isolate(dead...)
	for _, n := range r.stocks {
		n.Isolate(dead...)
	}
	alive := slices.DeleteFunc(upTo(r.Nodes), func(i int) bool { return slices.Contains(dead, i) })
	r.ground = newGround(r.setup, alive, r.ids)
	if err := r.cast(keys); err != nil {
		return err
	}
	return pause(ctx, rest)
}

// lookupRun does the same on three networks.
type lookupRun struct {
	*arms
	k      int
	ids    []peer.ID
	degree map[string]float64 // before anything was asked
	ground *ground
	roles  []*role
	casts  uint64 // so far
}

// role is who does what with one agent.
type role struct {
	agent     *testnet.Agent
	record    *records.Record // the last one published
	publisher int
	holders   []int // the k live nodes closest to the key, nearest first, without the publisher
	sources   []int // whom a reader may ask: the holders, and the publisher where it is as near
	reader    int   // none of these; -1 where all nodes are
	second    int   // another reader, or the same
}

// cast draws roles for new agents among the live nodes.
func (r *lookupRun) cast(keys int) error {
	r.casts++
	all, err := r.agents(drawAgents+r.casts, keys)
	if err != nil {
		return err
	}
	draw := r.draw(drawRoles)
	r.roles = nil
	for _, a := range all {
		live := r.ground.nodes
		l := &role{agent: a, publisher: live[draw.IntN(len(live))], reader: -1, second: -1}
		l.holders = r.ground.nearest(a.ID().Key(), r.k, l.publisher)
		l.sources = l.holders
		if slices.Contains(r.ground.nearest(a.ID().Key(), r.k, -1), l.publisher) {
			l.sources = append(slices.Clone(l.holders), l.publisher)
		}
		free := slices.DeleteFunc(slices.Clone(live), func(i int) bool { return i == l.publisher || slices.Contains(l.holders, i) })
		if len(free) > 0 {
			l.reader, l.second = free[draw.IntN(len(free))], free[draw.IntN(len(free))]
		}
		r.roles = append(r.roles, l)
	}
	return nil
}

// majority is how many of the holders have to acknowledge.
func (l *role) majority() int { return len(l.holders)/2 + 1 }

// paced begins an operation for each of the roles, a pace apart, and waits for all.
func paced(ctx context.Context, roles []*role, do func(ctx context.Context, i int, l *role) error) error {
	group, gctx := errgroup.WithContext(ctx)
	for i, l := range roles {
		group.Go(func() error {
			opctx, cancel := context.WithTimeout(gctx, giveUp)
			defer cancel()
			return do(opctx, i, l)
		})
		if err := pause(gctx, pace); err != nil {
			return errors.Join(group.Wait(), err)
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return pause(ctx, rest)
}

// connected reports whether a host needs no dial to reach a node.
func (r *lookupRun) connected(h host.Host, i int) bool {
	return h.Network().Connectedness(r.ids[i]) == network.Connected
}

// ask is what a question to node j costs on the direct way: a round trip, and another
// one for the handshake where there is no connection.
func (r *lookupRun) ask(h host.Host, i, j int) time.Duration {
	if r.connected(h, j) {
		return r.ground.rtt(i, j)
	}
	return 2 * r.ground.rtt(i, j)
}

// degreeByArm is the mean number of connections.
func (a *arms) degreeByArm() map[string]float64 {
	d := map[string]float64{Ours: degree(hostsOf(a.ours))}
	for _, n := range a.stocks {
		d[string(n.kind)] = degree(n.hosts)
	}
	return d
}

// holds reports whether our node i holds, by itself, the last record of an agent.
func (r *lookupRun) holds(ctx context.Context, i int, l *role) bool {
	res, err := r.ours.Node(i).Resolve(ctx, l.agent.ID(), node.Policy{Mode: node.PolicyCacheOnly})
	return err == nil && res.Record != nil && res.Record.Sequence() == l.record.Sequence()
}
