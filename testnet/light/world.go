package light

import (
	"fmt"
)

// World is a network on paper. It is for one goroutine.
type World struct {
	cfg    Config
	places *places
	floor  *floor
	space  *space
	tables *tables
	views  *views
	links  *graph
	rule   Forwarder
}

// New places the nodes, fills their routing tables and lets them choose their links.
func New(cfg Config) (*World, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	w, err := newWorld(cfg)
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	c := newChooser(cfg.Links, w.places, w.tables)
	w.links = c.chooseAll()
	for range shortenings(cfg) {
		w.links = c.shorten(w)
	}
	w.rule = cfg.Rule(w)
	return w, nil
}

// newWorld is a world without links.
func newWorld(cfg Config) (*World, error) {
	p, err := newPlaces(cfg.Model, cfg.Nodes)
	if err != nil {
		return nil, err
	}
	w := &World{cfg: cfg, places: p, floor: p.floor(cfg.Charge), space: newSpace(cfg.Seed, cfg.Nodes)}
	w.tables, w.views = &tables{space: w.space}, newViews(w.space)
	return w, nil
}

// FromGraph makes a world of the links of a running network: links[i] lists the peers
// of node i, and node i is where node i of the model is. mesh[i], where mesh is not
// nil, lists whom node i hands on to what came from others, by the rule of Relay;
// else Config.Rule decides over the links. What is resolved is resolved over tables of
// our own making.
func FromGraph(cfg Config, links, mesh [][]int) (*World, error) {
	w, err := fromGraph(cfg, links, mesh)
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	return w, nil
}

func fromGraph(cfg Config, links, mesh [][]int) (*World, error) {
	cfg.Nodes = len(links)
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	w, err := newWorld(cfg)
	if err != nil {
		return nil, err
	}
	if w.links, err = readGraph(links, cfg.Nodes); err != nil {
		return nil, err
	}
	if mesh == nil {
		w.rule = cfg.Rule(w)
		return w, nil
	}
	relay := &Relay{topic: w.links}
	relay.mesh, err = readGraph(mesh, cfg.Nodes)
	w.rule = relay
	return w, err
}

// readGraph takes over lists of peers as they are, one way where they are.
func readGraph(lists [][]int, nodes int) (*graph, error) {
	if len(lists) != nodes {
		return nil, fmt.Errorf("peers of %d nodes, want %d", len(lists), nodes)
	}
	g := &graph{start: make([]uint32, nodes+1)}
	for i, peers := range lists {
		for _, j := range peers {
			if j < 0 || j >= nodes || j == i {
				return nil, fmt.Errorf("node %d has peer %d: want another of 0 to %d", i, j, nodes-1)
			}
			g.peers = append(g.peers, uint32(j))
		}
		g.start[i+1] = uint32(len(g.peers))
	}
	g.compact()
	return g, nil
}

// Nodes is how many nodes there are.
func (w *World) Nodes() int { return w.cfg.Nodes }

// Degree is the mean number of links of a node.
func (w *World) Degree() float64 { return w.links.degree() }

// Peers lists whom a node is linked to. It is not to be changed.
func (w *World) Peers(node uint32) []uint32 { return w.links.of(node) }
