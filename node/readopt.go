package node

import (
	"context"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// readoptRounds is how often a lost lease is looked for, readoptPause apart.
	readoptRounds = 5
	readoptPause  = 10 * time.Second
)

// readopt looks for the leases that were lost with a store: of each agent that its
// folder says is kept alive from here, the network still holds the last record.
func (n *Node) readopt(ctx context.Context) {
	select {
	case <-n.Ready():
	case <-ctx.Done():
		return
	}
	lost := n.lostLeases()
	for round := 0; len(lost) > 0; round++ {
		var again []keyring.Agent
		for _, a := range lost {
			if ctx.Err() == nil && !n.readoptOne(ctx, a) {
				again = append(again, a)
			}
		}
		if lost = again; len(lost) == 0 || round+1 == readoptRounds {
			break
		}
		select {
		case <-time.After(readoptPause):
		case <-ctx.Done():
			return
		}
	}
	for _, a := range lost {
		n.log.Error("the lease of an agent is lost, and nobody has its record: publish it again", "agent", a.ID(), "name", a.Name)
	}
}

// lostLeases are the agents that are kept alive by the word of their folders only.
func (n *Node) lostLeases() []keyring.Agent {
	if n.keys == nil {
		return nil
	}
	var lost []keyring.Agent
	for _, a := range n.keys.Published() {
		if !n.leases.holds(a.ID()) {
			lost = append(lost, a)
		}
	}
	return lost
}

// readoptOne reports whether no more is to be done for an agent.
func (n *Node) readoptOne(ctx context.Context, a keyring.Agent) bool {
	id := a.ID()
	res, err := n.Resolve(ctx, id, Policy{Mode: PolicyMostRecent})
	if err != nil || res.Status != records.StatusRevoked && res.Record == nil {
		return false
	}
	unlock := n.leases.lock(id)
	defer unlock()
	switch {
	case n.leases.holds(id):
		return true // published again meanwhile
	case res.Status == records.StatusRevoked:
		err = n.keys.UnmarkPublished(a.Name)
	default:
		err = n.readoptRecord(ctx, a, res.Record)
	}
	if err != nil {
		n.log.Warn("lost lease not taken up", "agent", id, "name", a.Name, "err", err)
	}
	return err == nil
}

// readoptRecord keeps alive what the network holds; a lease that has ended is
// renewed at once.
func (n *Node) readoptRecord(ctx context.Context, a keyring.Agent, rec *records.Record) error {
	if rec.ValidAt(n.clock.Now()) == nil {
		if err := n.hold(ctx, rec, true); err != nil {
			return err
		}
	}
	lease := max(minLease, rec.NotAfter().Sub(rec.Issued()))
	if err := n.leases.put(ctx, store.Lease{ID: rec.ID(), Name: a.Name, Record: rec, Sequence: rec.Sequence(), Lease: lease}); err != nil {
		return err
	}
	n.count.add("leases_readopted_total", 1)
	n.log.Warn("an agent whose lease was lost with the store is kept alive again", "agent", a.ID(), "name", a.Name, "sequence", rec.Sequence())
	return nil
}
