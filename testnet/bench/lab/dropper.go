package lab

import (
	"context"
	"errors"
	"math/rand/v2"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/attack"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// courted is how many honest nodes a dropper connects to.
const courted = 24

// dropper is a peer that speaks every protocol as it should, takes every tombstone, and
// hands on none.
type dropper struct {
	host  host.Host
	close func() error
}

// newDroppers puts droppers on a wire, as hosts from first on; each of them connects to
// some of the honest peers. What was started comes back with an error too.
func newDroppers(ctx context.Context, f *sim.Fabric, first, count int, honest []peer.AddrInfo, draw *rand.Rand, serve func(context.Context, host.Host) (func() error, error)) ([]*dropper, error) {
	var all []*dropper
	for i := range count {
		h, err := f.NewHost(first + i)
		if err != nil {
			return all, err
		}
		stop, err := serve(ctx, h)
		if err != nil {
			return all, errors.Join(err, h.Close())
		}
		all = append(all, &dropper{h, stop})
		for _, j := range draw.Perm(len(honest))[:min(courted, len(honest))] {
			if err := h.Connect(ctx, honest[j]); err != nil && ctx.Err() != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// Close ends a dropper.
func (d *dropper) Close() error {
	return errors.Join(d.close(), d.host.Network().Close(), d.host.Close())
}

// dropOurs speaks our protocols.
func dropOurs(_ context.Context, h host.Host) (func() error, error) {
	return attack.Drop(h, testnet.DefaultNetwork)
}

// dropStock speaks the protocols of stock nodes.
func dropStock(ctx context.Context, h host.Host) (func() error, error) {
	ctx, cancel := context.WithCancel(ctx)
	d, err := dht.New(h, dht.Mode(dht.ModeServer), dht.ProtocolPrefix(protocol.ID(wire.Root(testnet.DefaultNetwork))),
		dht.NamespacedValidator("cairn", records.Validator{}), dht.DisableAutoRefresh())
	if err != nil {
		cancel()
		return nil, err
	}
	stop := func() error { cancel(); return d.Close() }
	router, err := pubsub.NewGossipSub(ctx, h)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	name := wire.Topic(testnet.DefaultNetwork)
	ignore := func(context.Context, peer.ID, *pubsub.Message) pubsub.ValidationResult {
		return pubsub.ValidationIgnore
	}
	if err := router.RegisterTopicValidator(name, ignore); err != nil {
		return nil, errors.Join(err, stop())
	}
	topic, err := router.Join(name)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	sub, err := topic.Subscribe()
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	go func() { // ends with the context; nothing ever comes
		for err := error(nil); err == nil; _, err = sub.Next(ctx) {
		}
	}()
	return stop, nil
}
