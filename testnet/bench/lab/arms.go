package lab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// upLimit bounds how long a network may take to find itself, in virtual time.
	upLimit = 5 * time.Minute
	// warmUp is how long a network then runs before anything is scored: tables, meshes
	// and connection managers take their time.
	warmUp = 2 * time.Minute
)

// The arms.
const (
	Ours    = "ours"
	Stock   = "stock"
	Stock32 = "stock-32" // stock libraries under our limit of connections
)

// outsider is the number of a host that stands outside of every network; a client's is
// counted down from it.
const outsider = sim.MaxNodes - 2

// Config says where an experiment takes place.
type Config struct {
	// Nodes is how many each network has; Model says where they are, and Seed fixes
	// what is drawn.
	Nodes int
	Seed  uint64
	Model wan.Model
	// Alone leaves the networks of stock libraries out: what they cost is most of the
	// time, and no goal depends on them. Their results are empty then.
	Alone bool
	// Say gets messages on how far it is.
	Say func(format string, args ...any)
}

// setup is what the arms of one experiment have in common.
type setup struct {
	Config
	charge time.Duration
	loss   float64
}

// wire is the wire of one arm.
func (s setup) wire() sim.WireConfig {
	return sim.WireConfig{Seed: s.Seed, Model: s.Model, Charge: s.charge, Loss: s.loss}
}

// draw returns random numbers for one purpose.
func (s setup) draw(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, purpose)) }

// arms are the networks of one experiment.
type arms struct {
	setup
	ours   *sim.Network
	stocks []*stockNet
}

// newArms brings up settled networks, ours and, unless ours is alone, stock ones of these kinds. On error
// nothing is left running.
func newArms(ctx context.Context, s setup, kinds ...stockKind) (*arms, error) {
	a := &arms{setup: s}
	if s.Alone {
		kinds = nil
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		a.ours, err = newOurs(gctx, s)
		return err
	})
	for _, kind := range kinds {
		n := newStockNet(s, kind)
		a.stocks = append(a.stocks, n)
		group.Go(func() error { return n.start(gctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if err := pause(ctx, warmUp); err != nil {
		return nil, errors.Join(err, a.close())
	}
	s.Say("%d networks of %d nodes are up: %s", 1+len(kinds), s.Nodes, a.degrees())
	return a, nil
}

// newOurs brings up our network.
func newOurs(ctx context.Context, s setup) (*sim.Network, error) {
	w, err := sim.New(ctx, sim.Config{Nodes: s.Nodes, Replication: replication(s.Nodes), Wire: s.wire()})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, upLimit)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// close ends all that is up.
func (a *arms) close() error {
	var errs []error
	if a.ours != nil {
		errs = append(errs, a.ours.Close())
	}
	for _, n := range a.stocks {
		errs = append(errs, n.close())
	}
	return errors.Join(errs...)
}

// degrees tells how many connections the nodes of each arm have.
func (a *arms) degrees() string {
	text := fmt.Sprintf("%s %.0f", Ours, degree(hostsOf(a.ours)))
	for _, n := range a.stocks {
		text += fmt.Sprintf(", %s %.0f", n.kind, degree(n.hosts))
	}
	return text + " connections a node"
}

// lonely are remarks on nodes that their libraries left alone.
func (a *arms) lonely() (notes []string) {
	for _, n := range a.stocks {
		if n.lonely > 0 {
			notes = append(notes, fmt.Sprintf("%s: pubsub left %d nodes with too few peers on the topic", n.kind, n.lonely))
		}
	}
	return notes
}

// degree is the mean number of peers that hosts are connected to.
func degree(hosts []host.Host) float64 {
	sum := 0
	for _, h := range hosts {
		sum += len(h.Network().Peers())
	}
	return float64(sum) / float64(max(1, len(hosts)))
}

// hostsOf are the hosts of our nodes.
func hostsOf(w *sim.Network) []host.Host {
	var hosts []host.Host
	for _, n := range w.Nodes() {
		hosts = append(hosts, n.Host())
	}
	return hosts
}

// agents makes agents for one purpose, the same ones in every run.
func (s setup) agents(purpose uint64, count int) ([]*testnet.Agent, error) {
	all := make([]*testnet.Agent, count)
	for i := range all {
		var err error
		if all[i], err = testnet.SeededAgent(nil, sha256.Sum256(fmt.Appendf(nil, "cairn lab agent %d for %d of %d", i, purpose, s.Seed))); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// pause lets virtual time pass.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
