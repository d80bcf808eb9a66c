package lab

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// deliverySlot is the pause between two tombstones.
	deliverySlot = 100 * time.Millisecond
	// deliveryLate is how long a tombstone may take before it is missing: connections
	// to the dead have ended by then, and reconciled has who lives.
	deliveryLate = 2 * time.Minute
	// mingle is how long droppers are there before the first tombstone.
	mingle = 2 * time.Minute
)

// The conditions of a delivery.
const (
	Calm     = "calm"
	Loss     = "loss"     // 5 packets of 100 vanish
	Crash    = "crash"    // 3 nodes of 10 fall silent as the first tombstone goes out
	Droppers = "droppers" // 1 peer of 10 hands on nothing
	Sybils   = "sybils"   // 4 peers of 5 hand on nothing
)

// Conditions are all of them, in the order of the run.
func Conditions() []string { return []string{Calm, Loss, Crash, Droppers, Sybils} }

// Delivery is what arrived, by condition.
type Delivery struct {
	Charge float64
	Waves  map[string]*Wave // only live honest nodes count, and relay in the floor
	Honest map[string]int   // how many there were
}

// RunDelivery sends tombstones through a network of ours and one of stock libraries
// under our limit of connections, in each of the conditions. Nodes counts all peers,
// droppers included. What it has when ctx ends comes with the error.
func RunDelivery(ctx context.Context, cfg Config, messages int) (*Delivery, error) {
	charge, err := measureCharge(ctx)
	if err != nil {
		return nil, err
	}
	d := &Delivery{Charge: ms(charge), Waves: make(map[string]*Wave), Honest: make(map[string]int)}
	for _, run := range []delivering{
		{set: setup{Config: cfg, charge: charge}, conditions: []string{Calm, Crash}},
		{set: setup{Config: cfg, charge: charge, loss: 0.05}, conditions: []string{Loss}},
		{set: setup{Config: cfg, charge: charge}, hostile: 0.1, conditions: []string{Droppers}},
		{set: setup{Config: cfg, charge: charge}, hostile: 0.8, conditions: []string{Sybils}},
	} {
		if err := run.into(ctx, d, messages); err != nil {
			return d, err
		}
	}
	return d, nil
}

// delivering is one pair of networks.
type delivering struct {
	set        setup
	hostile    float64 // share of the peers
	conditions []string
	droppers   []*dropper
}

// into brings the networks up, and sends.
func (g *delivering) into(ctx context.Context, d *Delivery, messages int) (err error) {
	hostile := int(g.hostile * float64(g.set.Nodes))
	g.set.Nodes -= hostile
	a, err := newArms(ctx, g.set, under32)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	defer func() { err = errors.Join(err, g.close()) }()
	if err := g.infiltrate(ctx, a, hostile); err != nil {
		return err
	}
	r := newSpreadRun(ctx, a)
	defer r.close()
	for _, condition := range g.conditions {
		g.set.Say("%s: %d tombstones, %d honest nodes, %d hostile", condition, messages, g.set.Nodes, hostile)
		if condition == Crash {
			r.crash()
		}
		w, err := r.phase(ctx, pacing{messages: messages, slot: deliverySlot, late: deliveryLate}, r.revoke)
		if err != nil {
			return err
		}
		d.Waves[condition], d.Honest[condition] = w, len(r.ground.nodes)
	}
	return nil
}

// infiltrate lets droppers into both networks.
func (g *delivering) infiltrate(ctx context.Context, a *arms, count int) error {
	if count == 0 {
		return nil
	}
	for _, n := range a.stocks {
		d, err := newDroppers(ctx, n.Fabric, g.set.Nodes, count, infos(n.hosts), g.set.draw(drawDroppers), dropStock)
		g.droppers = append(g.droppers, d...)
		if err != nil {
			return err
		}
	}
	d, err := newDroppers(ctx, a.ours.Fabric, g.set.Nodes, count, infos(hostsOf(a.ours)), g.set.draw(drawDroppers), dropOurs)
	g.droppers = append(g.droppers, d...)
	if err != nil {
		return err
	}
	return pause(ctx, mingle)
}

func (g *delivering) close() error {
	var errs []error
	for _, d := range g.droppers {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// infos are how hosts are reached.
func infos(hosts []host.Host) []peer.AddrInfo {
	var all []peer.AddrInfo
	for _, h := range hosts {
		all = append(all, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()})
	}
	return all
}

// crash silences a part of the nodes for good.
func (r *spreadRun) crash() {
	dead := r.draw(drawDead).Perm(r.Nodes)[:int(deadShare*float64(r.Nodes))]
	for _, w := range r.ways {
		w.fabric.Isolate(dead...)
	}
	alive := slices.DeleteFunc(upTo(r.Nodes), func(i int) bool { return slices.Contains(dead, i) })
	r.ground = newGround(r.setup, alive, r.ground.ids)
}
