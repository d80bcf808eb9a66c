package attack

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

var errDropped = errors.New("dropped on purpose")

// Drop makes a host a silent dropper until stop is called: it speaks every protocol of
// ours as it should, says that it was complete once, takes every fact and every value,
// and hands on none.
func Drop(h host.Host, network string) (stop func() error, err error) {
	d, err := overlay.Join(overlay.Config{Host: h, Values: nothing{}, Network: network})
	if err != nil {
		return nil, fmt.Errorf("attack: %w", err)
	}
	t, err := gossip.Join(gossip.Config{
		Host: h, Network: network, Facts: records.NewFactSet(), EverReady: func() bool { return true },
		Ingest: func(records.Fact, peer.ID, gossip.Via) (bool, error) { return false, errDropped },
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("attack: %w", err), d.Close())
	}
	return func() error { return errors.Join(t.Close(), d.Close()) }, nil
}

// nothing takes every value and has none.
type nothing struct{}

// Get has none.
func (nothing) Get(context.Context, records.AgentID) (records.Value, error) { return nil, nil }

// Put takes it.
func (nothing) Put(context.Context, records.Value) error { return nil }

// Drop makes the peer a silent dropper, until it is closed.
func (p *Peer) Drop() error {
	stop, err := Drop(p.host, p.network)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stops = append(p.stops, stop)
	return nil
}
