package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

const (
	// seedTime bounds one round of asking the seeds.
	seedTime = 5 * time.Second
	// maxSeedAddrs is how many addresses of one name are asked.
	maxSeedAddrs = 16
)

// checkSeed reports why an address cannot be a seed: it takes an IP address or a DNS name,
// and a TCP port, and nothing more.
func checkSeed(a multiaddr.Multiaddr) error {
	_, _, err := seedName(a)
	return err
}

// seedName splits a seed into name or IP address, with the network to look it up in, and
// port.
func seedName(a multiaddr.Multiaddr) (network, hostport string, err error) {
	networks := map[int]string{
		multiaddr.P_IP4: "ip4", multiaddr.P_IP6: "ip6", multiaddr.P_DNS: "ip", multiaddr.P_DNS4: "ip4", multiaddr.P_DNS6: "ip6",
	}
	if len(a) == 2 && networks[a[0].Protocol().Code] != "" && a[1].Protocol().Code == multiaddr.P_TCP {
		return networks[a[0].Protocol().Code], net.JoinHostPort(a[0].Value(), a[1].Value()), nil
	}
	return "", "", fmt.Errorf("seed %s: want an address or a DNS name and a TCP port, such as /dns4/cairn.example/tcp/7474: %w", a, ErrUsage)
}

// meetSeeds looks for peers behind the seeds while the node is not ready or has nobody,
// and returns anchors with those that it found.
func (n *Node) meetSeeds(ctx context.Context, anchors anchors) anchors {
	if len(n.cfg.Seeds) == 0 || n.isReady() && len(n.host.Network().Peers()) > 0 {
		return anchors
	}
	ctx, cancel := context.WithTimeout(ctx, seedTime)
	defer cancel()
	first := false
	for i, found := range n.askSeeds(ctx) {
		for _, info := range found {
			if info.ID == n.host.ID() {
				first = first || i == 0
				continue
			}
			known := slices.DeleteFunc(anchors.bootstrap, func(a peer.AddrInfo) bool { return a.ID == info.ID })
			anchors.bootstrap = append(known, info)
			n.ready.anchor(info.ID)
		}
	}
	if first {
		n.ready.isFirst()
	}
	return anchors
}

// askSeeds returns who answers at each seed.
func (n *Node) askSeeds(ctx context.Context) [][]peer.AddrInfo {
	all := make([][]peer.AddrInfo, len(n.cfg.Seeds))
	var mu sync.Mutex
	var asking sync.WaitGroup
	for i, seed := range n.cfg.Seeds {
		for _, at := range n.lookUp(ctx, seed) {
			asking.Go(func() {
				id, err := peerAt(ctx, at)
				addr, addrErr := manet.FromNetAddr(net.TCPAddrFromAddrPort(at))
				if err != nil || addrErr != nil {
					n.log.Debug("seed", "addr", at, "err", err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				all[i] = append(all[i], peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{addr}})
			})
		}
	}
	asking.Wait()
	return all
}

// lookUp returns the addresses of a seed now, none where its name is not known.
func (n *Node) lookUp(ctx context.Context, seed multiaddr.Multiaddr) []netip.AddrPort {
	network, hostport, err := seedName(seed)
	if err != nil {
		return nil // Config was checked
	}
	name, portText, _ := net.SplitHostPort(hostport)
	port, _ := strconv.ParseUint(portText, 10, 16)
	ips, err := net.DefaultResolver.LookupNetIP(ctx, network, name)
	if err != nil {
		n.log.Debug("seed", "name", name, "err", err)
	}
	var at []netip.AddrPort
	for _, ip := range ips[:min(len(ips), maxSeedAddrs)] {
		at = append(at, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	return at
}

// peerAt asks who listens at a TCP address, by a handshake that takes any peer's key.
func peerAt(ctx context.Context, at netip.AddrPort) (peer.ID, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return "", err
	}
	tpt, err := noise.New(noise.ID, key, nil)
	if err != nil {
		return "", err
	}
	anybody, err := tpt.WithSessionOptions(noise.DisablePeerIDCheck())
	if err != nil {
		return "", err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at.String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return "", err
		}
	}
	if err := multistream.SelectProtoOrFail(noise.ID, conn); err != nil {
		return "", err
	}
	secured, err := anybody.SecureOutbound(ctx, conn, "")
	if err != nil {
		return "", err
	}
	return secured.RemotePeer(), nil
}
