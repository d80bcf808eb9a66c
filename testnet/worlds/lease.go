package worlds

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// Keep makes an agent at a node, publishes it, and has the node renew its lease. Only
// a node with a disk keeps keys.
func (w *nodes) Keep(ctx context.Context, n int, name string, lease time.Duration) (scenario.Receipt, *records.Record, *records.Tombstone, error) {
	at, err := w.node(n)
	if err != nil {
		return scenario.Receipt{}, nil, nil, err
	}
	keys := at.Agents()
	if keys == nil {
		return scenario.Receipt{}, nil, nil, errors.New("nodes keep keys only on a disk: want nodes ... disk")
	}
	if _, err := keys.New(name, keyring.NewOptions{Now: w.clocks.now(n - 1)}); err != nil {
		return scenario.Receipt{}, nil, nil, err
	}
	end, err := keys.Certificate(name)
	if err != nil {
		return scenario.Receipt{}, nil, nil, err
	}
	where := records.Location{Endpoints: []records.Endpoint{{URL: fmt.Sprintf("https://%s.example/place-0", name), Protocol: "a2a"}}}
	if info := at.AddrInfo(); w.here && len(info.Addrs) > 0 {
		self := records.Endpoint{URL: fmt.Sprintf("%s/p2p/%s", info.Addrs[0], info.ID), Protocol: "libp2p"}
		where.Endpoints = append([]records.Endpoint{self}, where.Endpoints...)
	}
	said, err := at.PublishAgent(ctx, name, where, lease)
	r, err := receipt(said.Receipt, err)
	return r, said.Record, end, err
}

// Withdraw ends the renewals of an agent at a node.
func (w *nodes) Withdraw(ctx context.Context, n int, id records.AgentID) error {
	at, err := w.node(n)
	if err != nil {
		return err
	}
	_, err = at.Withdraw(ctx, id)
	return err
}
