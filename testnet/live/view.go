// Package live shows a running [testnet.Network] on the live page of package node/web:
// every node, where it is, and how facts spread among all of them.
//
//	v := live.New(wan.Cities(1), slog.DiscardHandler)
//	w, err := testnet.New(ctx, v.Watch(testnet.Config{Nodes: 50}))
//	...
//	page, err := v.Open(w, "127.0.0.1:0")
package live

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/web"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

// maxAgents bounds the agents that the page lists, the last ones.
const maxAgents = 200

// View is a network as the page sees it. Make it with [New].
type View struct {
	model wan.Model // nil where the nodes are nowhere
	log   *web.Log
	board web.Board
	names sync.Map // string (peer ID) -> string (name): of every node that was ever up

	net    *testnet.Network // set by Open
	about  web.About
	mu     sync.Mutex
	agents []*agent       // in order of their first publish; owned by mu
	side   map[string]int // of nodes, while the network is split; owned by mu
}

// New returns a view of a network that is still to be started. model says where its nodes
// are, nil: nowhere; next gets what they log.
func New(model wan.Model, next slog.Handler) *View {
	return &View{model: model, log: web.NewLog(next)}
}

// Watch returns cfg for a network that the view can show.
func (v *View) Watch(cfg testnet.Config) testnet.Config {
	cfg.Places, cfg.Seen, cfg.Logger = v.model, v.seen, slog.New(v.log)
	return cfg
}

// Open shows the network at a loopback address. The page is to be closed before the
// network.
func (v *View) Open(w *testnet.Network, network, version, addr string) (*web.Server, error) {
	v.net = w
	v.about = web.About{Network: network, Version: version, Whole: true, Delayed: v.model != nil, Self: name(0)}
	_, v.about.Map = v.model.(wan.Located)
	return web.Open(web.Config{Addr: addr, View: v, Board: &v.board, Logger: slog.New(v.log)})
}

// seen hears of a fact that is new to node i; the page shows revocations.
func (v *View) seen(i int, s node.Seen) {
	if _, ends := s.Fact.(*records.Tombstone); !ends {
		return
	}
	v.board.Seen(s.Fact.ID().String(), name(i), v.nameOf(s.From.String()), s.Via)
}

// name is what node i is called.
func name(i int) string { return fmt.Sprintf("n%d", i+1) }

// nameOf is the name of the node with a peer ID; empty for strangers.
func (v *View) nameOf(p string) string {
	if n, ok := v.names.Load(p); ok {
		return n.(string)
	}
	return ""
}

// About says what is shown.
func (v *View) About() web.About { return v.about }

// Look reads how all nodes stand.
func (v *View) Look() web.Scene {
	nodes := v.net.Nodes()
	up := make(map[peer.ID]*testnet.Node, len(nodes))
	for _, n := range nodes {
		up[n.ID()] = n
		v.names.Store(n.ID().String(), n.Name())
	}
	scene := web.Scene{Links: v.links(up), Agents: v.listed()}
	v.mu.Lock()
	side := maps.Clone(v.side)
	v.mu.Unlock()
	for i := range v.net.Size() {
		one := web.Node{Name: name(i), State: "down", Side: side[name(i)]}
		if v.model != nil {
			one.Place = spaced(v.model.Place(i))
		}
		if m, ok := v.model.(wan.Located); ok {
			one.Lat, one.Lon = m.At(i)
		}
		scene.Nodes = append(scene.Nodes, one)
	}
	for _, n := range nodes {
		one, s := &scene.Nodes[n.Index], n.Status()
		one.State, one.Peers, one.Facts, one.Records = s.State, s.Peers, s.Facts, s.Records
	}
	for i := range scene.Nodes {
		scene.Nodes[i].Turn = web.Turn([]byte(v.net.Node(i).ID()))
	}
	return scene
}

// spaced parts the words of a place's name: NewYork is New York.
func spaced(place string) string {
	var b strings.Builder
	for i, r := range place {
		if i > 0 && r >= 'A' && r <= 'Z' && place[i-1] >= 'a' && place[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// links are the connections between nodes that are up.
func (v *View) links(up map[peer.ID]*testnet.Node) []web.Link {
	type pair struct{ a, b int }
	all := make(map[pair]*web.Link)
	for _, n := range up {
		for _, p := range n.Host().Network().Peers() {
			other, ok := up[p]
			if !ok {
				continue
			}
			k := pair{min(n.Index, other.Index), max(n.Index, other.Index)}
			if all[k] == nil {
				all[k] = &web.Link{A: name(k.a), B: name(k.b), RTT: v.roundTrip(k.a, k.b)}
			}
		}
		_, passed := n.FactPeers()
		for _, p := range passed {
			if other, ok := up[p]; ok {
				if l := all[pair{min(n.Index, other.Index), max(n.Index, other.Index)}]; l != nil {
					l.Facts = true
				}
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(all), func(x, y pair) int { return cmp.Or(x.a-y.a, x.b-y.b) })
	var links []web.Link
	for _, k := range keys {
		links = append(links, *all[k])
	}
	return links
}

// roundTrip is that of the model, in milliseconds.
func (v *View) roundTrip(a, b int) float64 {
	if v.model == nil {
		return 0
	}
	return float64((2*v.model.OneWay(a, b)).Microseconds()/100) / 10
}

// Floor is what the model allows.
func (v *View) Floor(from string) map[string]float64 {
	if v.model == nil {
		return nil
	}
	var up []int
	source := -1
	for _, n := range v.net.Nodes() {
		up = append(up, n.Index)
		if n.Name() == from {
			source = n.Index
		}
	}
	if source < 0 {
		return nil
	}
	paths, floor := wan.Floor(v.model, up, 0), make(map[string]float64, len(up))
	for _, i := range up {
		if d, ok := paths.Between(source, i); ok {
			floor[name(i)] = float64(d.Microseconds()) / 1000
		}
	}
	return floor
}

// Inspect reads all about a node.
func (v *View) Inspect(of string) (web.Detail, error) {
	i, err := v.index(of)
	if err != nil {
		return web.Detail{}, err
	}
	n := v.net.Node(i)
	d := web.Detail{Name: of, Peer: n.ID().String(), Log: v.log.Lines(of)}
	if v.model != nil {
		d.Place = spaced(v.model.Place(i))
	}
	if n, err = v.up(of); err != nil {
		return d, nil
	}
	d.Up, d.Status = true, n.Status()
	for _, p := range n.Peers() {
		one := web.Peer{Name: v.nameOf(p.ID), RTT: p.RTTMS, Table: p.Table, Gossip: p.Gossip}
		if one.Name == "" {
			one.Name = "…" + p.ID[max(0, len(p.ID)-6):]
		} else if j, err := v.index(one.Name); err == nil && v.model != nil {
			one.Place = spaced(v.model.Place(j))
		}
		d.Peers = append(d.Peers, one)
	}
	slices.SortFunc(d.Peers, func(a, b web.Peer) int { return cmp.Or(cmp.Compare(a.RTT, b.RTT), cmp.Compare(a.Name, b.Name)) })
	return d, nil
}

// index is the number of a node, up or down.
func (v *View) index(of string) (int, error) {
	for i := range v.net.Size() {
		if name(i) == of {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no node %.40q", of)
}

// up is a node that is up.
func (v *View) up(of string) (*testnet.Node, error) {
	for _, n := range v.net.Nodes() {
		if n.Name() == of {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%.40s is not up", of)
}
