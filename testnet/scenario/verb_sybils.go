package scenario

import (
	"context"
	"strconv"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/testnet/attack"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// sybilsVerb lets a crowd of strangers in that know and name one another, and that every
// node gets to know.
type sybilsVerb struct {
	cast  castVerb
	count int
	near  string // the agent nearer to whose key they lie than every node; empty: anywhere
	nets  int    // how many networks of addresses they share; 0: each has its own
}

func readSybils(a *args) action {
	v := sybilsVerb{count: a.count("the number of Sybils", a.next("the number of Sybils"))}
	a.word("as")
	v.cast.role = a.oneOf("the role", roles()...)
	if a.try("near") {
		v.near = a.agent()
	}
	if n, ok := a.option("nets"); ok {
		v.nets = a.count("the number of networks", n)
	}
	return v
}

func (v sybilsVerb) do(ctx context.Context, p *play) error {
	var crew []peer.AddrInfo
	var peers []*attack.Peer
	for i := range v.count {
		key, err := v.key(p)
		if err != nil {
			return err
		}
		who := Guest{Key: key}
		if v.nets > 0 {
			who.Net = 1 + i%v.nets
		}
		s, err := p.guest(v.cast.config(p, func() []peer.AddrInfo { return crew }), who)
		if err != nil {
			return err
		}
		peers = append(peers, s)
	}
	for _, s := range peers {
		crew = append(crew, s.AddrInfo())
	}
	note := v.cast.role
	if v.near != "" {
		note += " near " + v.near
	}
	p.log.Note(audit.Event{Kind: audit.Cast, Count: v.count, Note: note + " in " + strconv.Itoa(v.nets) + " networks"})
	return each(numbers(len(peers)), func(i int) error { return v.cast.meet(ctx, p, peers[i]) })
}

// key is one that lies where the Sybils are to lie, nil for anywhere.
func (v sybilsVerb) key(p *play) (crypto.PrivKey, error) {
	if v.near == "" {
		return nil, nil
	}
	var nodes []peer.ID
	for _, n := range p.world.Up() {
		nodes = append(nodes, p.world.(Hosting).Addr(n).ID)
	}
	return attack.KeyNear(p.agents[v.near][0].id.Key(), nodes)
}

// numbers are 0 to n-1.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
