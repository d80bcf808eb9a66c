package scenario

import (
	"context"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/testnet/attack"
	"github.com/cairn-overlay/cairn/testnet/audit"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// The roles that a peer can be cast in.
const (
	earlierVersion = "earlier-version"
	replayer       = "replayer"
	dropper        = "dropper"
)

func roles() []string {
	return []string{"echo-liar", "refuser", "black-hole", "early-terminator", replayer, dropper, earlierVersion}
}

// castVerb turns nodes into peers of another kind: they stop, and a stranger of that
// kind takes the place of each.
type castVerb struct {
	on   set
	role string
}

func readCast(a *args) action {
	v := castVerb{on: a.nodes()}
	if v.on.all {
		a.fail("somebody has to stay honest")
	}
	a.word("as")
	v.role = a.oneOf("the role", roles()...)
	return v
}

func (v castVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := p.fault(ctx, audit.Stop, n); err != nil {
			return err
		}
	}
	var crew []peer.AddrInfo
	var peers []*attack.Peer
	for range nodes {
		s, err := p.stranger(v.config(p, func() []peer.AddrInfo { return crew }))
		if err != nil {
			return err
		}
		if v.role == dropper {
			if err := s.Drop(); err != nil {
				return err
			}
		}
		peers = append(peers, s)
	}
	for _, s := range peers {
		crew = append(crew, s.AddrInfo())
	}
	p.log.Note(audit.Event{Kind: audit.Cast, Count: len(nodes), Note: v.role + " in place of " + show(nodes)})
	return each(nodes, func(n int) error { return v.meet(ctx, p, peers[slices.Index(nodes, n)]) })
}

// config says what the peer is.
func (v castVerb) config(p *play, crew attack.Crew) attack.Config {
	cfg := attack.Config{}
	switch v.role {
	case "echo-liar":
		cfg.Handler = attack.EchoLiar(crew)
	case "refuser":
		cfg.Handler = attack.Refuser(crew)
	case "black-hole":
		cfg.Handler = attack.BlackHole(crew)
	case "early-terminator":
		cfg.Handler = attack.EarlyTerminator()
	case replayer:
		cfg.Handler = attack.Replayer(p.oldest(), crew)
	case earlierVersion:
		cfg.Handler = attack.EchoLiar(crew)
		cfg.Kad = earlier(p)[0]
	}
	return cfg
}

// earlier are the protocols of the version before this one, if it had been numbered
// so.
func earlier(p *play) []protocol.ID {
	root := wire.Root(p.world.(Hosting).Network())
	return []protocol.ID{protocol.ID(root + "/kad/0.9.0"), protocol.ID(root + "/sync/0")}
}

// oldest are the first records of all agents.
func (p *play) oldest() map[string][]byte {
	values := make(map[string][]byte)
	for _, crowd := range p.agents {
		for _, a := range crowd {
			first := a.seq
			for seq := range a.old {
				first = min(first, seq)
			}
			if rec := a.old[first]; rec != nil {
				values[a.id.Key()] = rec.Bytes()
			}
		}
	}
	return values
}

// meet makes the nodes know the peer. One of an earlier version tries what it speaks.
func (v castVerb) meet(ctx context.Context, p *play, s *attack.Peer) error {
	for _, n := range p.world.Up() {
		addr := p.world.(Hosting).Addr(n)
		if err := s.Meet(ctx, addr); err != nil {
			return fmt.Errorf("n%d: %w", n, err)
		}
		if v.role != earlierVersion {
			continue
		}
		if spoken, err := s.Try(ctx, addr, earlier(p)...); err != nil || spoken > 0 {
			return fmt.Errorf("n%d speaks %d protocols of an earlier version: %w", n, spoken, err)
		}
	}
	return nil
}
