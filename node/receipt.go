package node

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// Attest signs with the node's own key that the record of an agent stands, as far as the
// node's facts go: a status receipt, for who trusts the node. Without a receipt the resolution
// says why the record does not stand. The error is ErrNotReady where the node is in no position
// to say: it is not ready, its clock is off, or its facts are not complete for the agent.
func (n *Node) Attest(ctx context.Context, id records.AgentID) (Resolution, *records.Receipt, error) {
	key, err := n.signer()
	if err != nil {
		return Resolution{}, nil, fmt.Errorf("receipt: %w", err)
	}
	// The time and the set come before the look at the facts: what was not known then was
	// not in the set either.
	at := n.clock.Now()
	facts, set := n.topic.Digest()
	res, err := n.Resolve(ctx, id, Policy{})
	if err != nil || res.Status != records.StatusActive {
		return res, nil, err
	}
	if why := n.unfit(res.Record); why != "" {
		return Resolution{}, nil, fmt.Errorf("receipt: %w: %s", ErrNotReady, why)
	}
	r, err := records.Attest(key, records.Attestation{Agent: id, Record: res.Record.Mark().Digest, Facts: facts, Set: set, At: at})
	if err != nil {
		return Resolution{}, nil, err
	}
	n.count.add("receipts_total", 1)
	return res, r, nil
}

// unfit says why the node does not sign that a record stands that it takes for active
// itself; empty: it does.
func (n *Node) unfit(rec *records.Record) string {
	if state, reason, _ := n.ready.state(); state != StateReady {
		return reason
	}
	if why := clockTrouble(n.offset()); why != "" {
		return why
	}
	if behind := n.clock.Behind(); behind > offsetReported {
		return fmt.Sprintf("the clock is %s behind its own last reading", behind.Round(time.Second))
	}
	if fate := n.standing(rec); fate != nil {
		return fate.Error()
	}
	subjects := append(rec.Proof().Ancestors(), rec.Proof().Own())
	for _, chain := range subjects {
		switch id := chain.ID(); {
		case !n.knows(id):
			return fmt.Sprintf("all facts are known of %s only, and not of %s", n.extent.is(), id)
		}
	}
	return ""
}

// signer is the node's own key, for what it says itself: who pins it names the peer ID.
func (n *Node) signer() (records.Signer, error) {
	key := n.host.Peerstore().PrivKey(n.host.ID())
	if key == nil {
		return nil, fmt.Errorf("the host does not give its key: %w", ErrUsage)
	}
	raw, err := key.Raw()
	if err != nil {
		return nil, err
	}
	return records.NewEd25519Signer(ed25519.PrivateKey(raw))
}

// Attest signs that an agent's record stands.
func (c control) Attest(ctx context.Context, id records.AgentID) (api.Resolution, *records.Receipt, error) {
	res, r, err := c.n.Attest(ctx, id)
	if err != nil {
		return api.Resolution{}, nil, outward(err)
	}
	return resolutionDTO(res), r, nil
}
