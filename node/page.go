package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/web"
	"github.com/cairn-overlay/cairn/records"
)

// thisNode is what the node is called on its own page.
const thisNode = "this node"

// Page is the live page of one node: itself, its peers by their round trips, and what it
// hears. Where its peers are, whom they know, and how fast others hear, one node cannot
// know. Make it with [NewPage] before the node.
//
//	page := node.NewPage(handler)
//	n, err := node.New(page.Watch(cfg))
//	...
//	server, err := page.Open(n, "127.0.0.1:0")
type Page struct {
	log   *web.Log
	board web.Board

	node *Node // set by Open
}

// NewPage returns the page of a node that is still to be started; next gets what it logs.
func NewPage(next slog.Handler) *Page {
	return &Page{log: web.NewLog(next)}
}

// Watch returns cfg for a node that the page can show. It takes the place of Seen and Logger.
func (p *Page) Watch(cfg Config) Config {
	cfg.Seen, cfg.Logger = p.seen, slog.New(p.log)
	return cfg
}

// Open shows the node at a loopback address. The page is to be closed before the node.
func (p *Page) Open(n *Node, addr string) (*web.Server, error) {
	p.node = n
	return web.Open(web.Config{Addr: addr, View: p, Board: &p.board, Logger: slog.New(p.log)})
}

// seen hears of a fact that is new to the node; the page shows revocations.
func (p *Page) seen(s Seen) {
	if _, ends := s.Fact.(*records.Tombstone); ends {
		p.board.Seen(s.Fact.ID().String(), thisNode, shortPeer(s.From.String()), s.Via)
	}
}

// shortPeer is what a peer is called on the page: enough of its ID to tell it from others.
func shortPeer(id string) string {
	if len(id) <= 10 {
		return id
	}
	return "…" + id[len(id)-8:]
}

// About says what is shown.
func (p *Page) About() web.About {
	return web.About{Network: p.node.cfg.Network, Version: p.node.cfg.Version, Self: thisNode}
}

// Look reads how the node stands, and its links.
func (p *Page) Look() web.Scene {
	n, s := p.node, p.node.Status()
	scene := web.Scene{Agents: p.agents(), Nodes: []web.Node{{
		Name: thisNode, Turn: web.Turn([]byte(n.ID())), State: s.State, Peers: s.Peers, Facts: s.Facts, Records: s.Records,
	}}}
	_, passed := n.FactPeers()
	facts := peerSet(passed)
	for _, one := range n.Peers() {
		id, err := peer.Decode(one.ID)
		if err != nil {
			continue
		}
		rtt := float64(int(one.RTTMS*10)) / 10
		scene.Nodes = append(scene.Nodes, web.Node{Name: shortPeer(one.ID), Turn: web.Turn([]byte(id)), State: "peer", RTT: rtt})
		scene.Links = append(scene.Links, web.Link{A: thisNode, B: shortPeer(one.ID), RTT: rtt, Facts: facts[id]})
	}
	return scene
}

// agents are those that the node keeps alive, and those that it has ended.
func (p *Page) agents() []web.Agent {
	list := []web.Agent{}
	if p.node.keys == nil {
		return list
	}
	all, _ := p.node.keys.List() // what cannot be read is not shown
	for _, a := range all {
		_, revoked := p.node.fact(a.ID()).(*records.Tombstone)
		lease, kept := p.node.leases.get(a.ID())
		if !kept && !revoked {
			continue
		}
		one := web.Agent{ID: a.ID().String(), Name: a.Name, Node: thisNode, Turn: web.Turn([]byte(a.ID().Key())), Revoked: revoked}
		if kept && len(lease.Record.Location().Endpoints) > 0 {
			one.URL = lease.Record.Location().Endpoints[0].URL
		}
		list = append(list, one)
	}
	return list
}

// Inspect reads all about the node, or what it knows of a peer.
func (p *Page) Inspect(of string) (web.Detail, error) {
	n := p.node
	if of == thisNode {
		d := web.Detail{Name: of, Peer: n.ID().String(), Up: true, Status: n.Status(), Log: p.log.Lines("")}
		for _, one := range n.Peers() {
			d.Peers = append(d.Peers, web.Peer{Name: shortPeer(one.ID), RTT: one.RTTMS, Table: one.Table, Gossip: one.Gossip})
		}
		return d, nil
	}
	for _, one := range n.Peers() {
		if shortPeer(one.ID) == of {
			return web.Detail{Name: of, Peer: one.ID, Up: true, Link: one, Log: []string{}}, nil
		}
	}
	return web.Detail{}, fmt.Errorf("%.40q is not connected", of)
}

// Floor is not known: the node knows the way to its peers, not from them to others.
func (p *Page) Floor(string) map[string]float64 { return nil }

// Publish puts the agent of that name at a URL: a new one, where the node has none.
func (p *Page) Publish(ctx context.Context, _, called, location string) (web.Receipt, error) {
	if p.node.keys == nil {
		return web.Receipt{}, errors.New("without a data directory there are no agents")
	}
	if u, err := url.Parse(location); err != nil || u.Scheme != "https" || u.Host == "" {
		return web.Receipt{}, errors.New("an agent is at an https URL, such as https://agents.example/a2a")
	}
	a, err := p.node.keys.Lookup(strings.TrimSpace(called))
	if errors.Is(err, keyring.ErrNotFound) {
		a, err = p.node.keys.New(strings.TrimSpace(called), keyring.NewOptions{Now: p.node.clock.Now(), Work: records.DefaultWork})
	}
	if err != nil {
		return web.Receipt{}, err
	}
	begin := time.Now()
	done, err := p.node.PublishAgent(ctx, a.Name, records.Location{Endpoints: []records.Endpoint{{URL: location, Protocol: "a2a"}}}, 0)
	return pageReceipt(a, done.Receipt, begin, err)
}

// Resolve asks the node for an agent.
func (p *Page) Resolve(ctx context.Context, _, of, policy string) (web.Answer, error) {
	id, err := records.ParseAgentID(of)
	if err != nil {
		return web.Answer{}, err
	}
	how, err := policyOf(policy)
	if err != nil {
		return web.Answer{}, err
	}
	res, err := p.node.Resolve(ctx, id, how)
	if err != nil {
		return web.Answer{}, err
	}
	return PageAnswer(res, shortPeer), nil
}

// Revoke ends an agent whose certificate the node can read.
func (p *Page) Revoke(ctx context.Context, _, of string) (web.Receipt, error) {
	if p.node.keys == nil {
		return web.Receipt{}, errors.New("without a data directory there are no agents")
	}
	a, err := p.node.keys.Lookup(of)
	if err != nil {
		return web.Receipt{}, err
	}
	certificate, err := p.node.keys.Certificate(of)
	if err != nil {
		return web.Receipt{}, err
	}
	begin := time.Now()
	r, err := p.node.Revoke(ctx, certificate)
	return pageReceipt(a, r.Receipt, begin, err)
}

// pageReceipt turns a write that too few confirmed into a receipt that says so.
func pageReceipt(a keyring.Agent, r Receipt, begin time.Time, err error) (web.Receipt, error) {
	reason, err := partial(err)
	return web.Receipt{ID: a.ID().String(), Name: a.Name, Targets: r.Targets, Acks: r.Acks, Took: milliseconds(time.Since(begin)), Reason: reason}, err
}

// policyOf reads a policy of the API.
func policyOf(text string) (Policy, error) {
	how, err := api.ParsePolicy(text)
	if err != nil {
		return Policy{}, err
	}
	mode := PolicyMode(how.Mode)
	if how.Mode == api.CacheFirst {
		mode = PolicyCacheFirst
	}
	return Policy{Mode: mode, Quorum: how.Quorum, Paths: how.Paths}, nil
}

// PageAnswer is an answer as the live page draws it; nameOf says what a peer is called
// there.
func PageAnswer(r Resolution, nameOf func(peer string) string) web.Answer {
	out := web.Answer{
		ID: r.ID.String(), Turn: web.Turn([]byte(r.ID.Key())), Status: string(r.Status), Source: r.Source, Reason: r.Reason,
		Elapsed: milliseconds(r.Elapsed), Path: []web.Hop{},
	}
	if r.Record != nil && r.Tombstone == nil {
		for _, e := range r.Record.Location().Endpoints {
			out.URLs = append(out.URLs, e.URL)
		}
	}
	for _, h := range r.Path {
		hop := web.Hop{Node: nameOf(h.Peer.String()), Distance: h.Distance, Answer: h.Answer, RTT: milliseconds(h.RTT)}
		if h.Via != "" {
			hop.Via = nameOf(h.Via.String())
		}
		out.Path = append(out.Path, hop)
	}
	return out
}
