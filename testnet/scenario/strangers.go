package scenario

import (
	"context"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/testnet/attack"
)

func lacksStrangers(w World) string {
	if _, ok := w.(Hosting); !ok {
		return "way to let strangers in"
	}
	return ""
}

func lacksStrangersOrFaults(w World) string {
	if lack := lacksFaults(w); lack != "" {
		return lack
	}
	return lacksStrangers(w)
}

// stranger makes a peer that is no node. It ends with the run.
func (p *play) stranger(cfg attack.Config) (*attack.Peer, error) { return p.guest(cfg, Guest{}) }

// guest is stranger for one of a given key or place.
func (p *play) guest(cfg attack.Config, who Guest) (*attack.Peer, error) {
	world := p.world.(Hosting)
	h, err := world.Stranger(who)
	if err != nil {
		return nil, err
	}
	cfg.Host, cfg.Network = h, world.Network()
	s, err := attack.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w, and its host: %w", err, h.Close())
	}
	p.strangers = append(p.strangers, s)
	return s, nil
}

// addrs are how to reach nodes.
func (p *play) addrs(nodes []int) []peer.AddrInfo {
	var infos []peer.AddrInfo
	for _, n := range nodes {
		infos = append(infos, p.world.(Hosting).Addr(n))
	}
	return infos
}

// putAll puts values to nodes and returns those that acknowledged one.
func (p *play) putAll(ctx context.Context, s *attack.Peer, nodes []int, values []attack.Value) (took []int, err error) {
	for _, n := range nodes {
		acks, err := s.PutAll(ctx, p.world.(Hosting).Addr(n), values)
		if err != nil {
			return nil, fmt.Errorf("n%d: %w", n, err)
		}
		if acks > 0 {
			took = append(took, n)
		}
	}
	return took, nil
}

// sayTaken says which of the nodes took something.
func (p *play) sayTaken(what string, took []int) {
	if len(took) == 0 {
		p.say("%s: taken by none", what)
		return
	}
	p.say("%s: taken by %s", what, show(took))
}
