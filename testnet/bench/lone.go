package bench

import (
	"context"
	"errors"

	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// loneConfig is that of a node on loopback that knows nobody, and so is ready at
// once.
func loneConfig(dir string) node.Config {
	return node.Config{Dir: dir, Listen: loopback(), NoMDNS: true, Network: "bench"}
}

// loopback is where hosts under measurement listen: as a daemon does by default, over
// both transports, but where nobody else is.
func loopback() []multiaddr.Multiaddr {
	return []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/tcp/0"), multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}
}

// publishAlone makes a record known to a node that has no peers.
func publishAlone(ctx context.Context, n *node.Node, rec *records.Record) error {
	if _, err := n.Publish(ctx, rec); err != nil && !errors.Is(err, overlay.ErrNoPeers) {
		return err
	}
	return nil
}

// revokeAlone revokes at a node that has no peers.
func revokeAlone(ctx context.Context, n *node.Node, t *records.Tombstone) error {
	if _, err := n.Revoke(ctx, t); err != nil && !errors.Is(err, overlay.ErrNoPeers) {
		return err
	}
	return nil
}
