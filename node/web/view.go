package web

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// View is what the page shows, and what it can do. Its methods are called from several
// goroutines.
type View interface {
	// About says what kind of view it is; it never changes.
	About() About
	// Look returns how things stand; it asks nobody over the network.
	Look() Scene
	// Inspect returns all about one node.
	Inspect(node string) (Detail, error)
	// Floor returns, for each node that is up, the least time in milliseconds that news
	// from a node can take to it; nil where nobody knows.
	Floor(from string) map[string]float64
	// Publish puts an agent at a URL, through a node: a new one where the name is free.
	Publish(ctx context.Context, node, name, url string) (Receipt, error)
	// Resolve asks a node for an agent; policy is one of the API's.
	Resolve(ctx context.Context, node, agent, policy string) (Answer, error)
	// Revoke ends an agent that the view has the means for.
	Revoke(ctx context.Context, node, agent string) (Receipt, error)
}

// Breakable is a view of nodes that may be broken on purpose.
type Breakable interface {
	// Kill ends a node from one moment to the next.
	Kill(node string) error
	// Restart brings a node back.
	Restart(node string) error
	// Partition puts these nodes on one side and all others on another.
	Partition(nodes []string) error
	// Heal ends every partition.
	Heal() error
}

// About says what a view is of.
type About struct {
	Network string `json:"network"` // name of the network
	Version string `json:"version"`
	Whole   bool   `json:"whole"` // of a whole network; else what one node sees
	Map     bool   `json:"map"`   // it is known where the nodes are
	Delayed bool   `json:"delayed"`
	Breaks  bool   `json:"breaks"` // nodes may be broken; set by Open
	Self    string `json:"self"`   // the node where things are done if none is chosen
}

// Scene is how things stand.
type Scene struct {
	Nodes  []Node  `json:"nodes"`
	Links  []Link  `json:"links"`
	Agents []Agent `json:"agents"`
}

// Node is one node as the page draws it.
type Node struct {
	Name    string  `json:"name"` // unique, short
	Place   string  `json:"place,omitempty"`
	Lat     float64 `json:"lat"`
	Lon     float64 `json:"lon"`
	Turn    float64 `json:"turn"`             // position in the key space, 0 up to 1
	State   string  `json:"state"`            // ready, degraded, starting, down; peer where nothing is known
	RTT     float64 `json:"rtt_ms,omitempty"` // from the node that looks, where one does
	Side    int     `json:"side,omitempty"`   // of a partition
	Peers   int     `json:"peers"`
	Facts   int     `json:"facts"`
	Records int     `json:"records"`
}

// Link is a connection between two nodes.
type Link struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	RTT   float64 `json:"rtt_ms,omitempty"`
	Facts bool    `json:"facts,omitempty"` // facts go along it
}

// Agent is an agent that was published through the view.
type Agent struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Node    string  `json:"node"` // through which it was published
	URL     string  `json:"url"`
	Turn    float64 `json:"turn"`
	Revoked bool    `json:"revoked,omitempty"`
}

// Detail is all about one node.
type Detail struct {
	Name   string   `json:"name"`
	Place  string   `json:"place,omitempty"`
	Peer   string   `json:"peer"`
	Up     bool     `json:"up"`
	Status any      `json:"status,omitempty"` // as GET /v1/status of the API
	Link   any      `json:"link,omitempty"`   // what a node knows of a peer, as in GET /v1/peers
	Peers  []Peer   `json:"peers,omitempty"`
	Log    []string `json:"log"` // the last lines, oldest first
}

// Peer is a connected peer of a node.
type Peer struct {
	Name   string  `json:"name"`
	Place  string  `json:"place,omitempty"`
	RTT    float64 `json:"rtt_ms,omitempty"`
	Table  bool    `json:"table"`
	Gossip bool    `json:"gossip"`
}

// Receipt is the evidence of a write.
type Receipt struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Targets int     `json:"targets"`
	Acks    int     `json:"acks"`
	Took    float64 `json:"took_ms"`
	Reason  string  `json:"reason,omitempty"` // why it is partial
}

// Answer is the answer to a question for an agent.
type Answer struct {
	ID      string   `json:"id"`
	Turn    float64  `json:"turn"`
	Status  string   `json:"status"`
	Source  string   `json:"source"`
	Reason  string   `json:"reason,omitempty"`
	URLs    []string `json:"urls,omitempty"`
	Elapsed float64  `json:"elapsed_ms"`
	Path    []Hop    `json:"path"`
}

// Hop is one question of a lookup, in the order of the answers.
type Hop struct {
	Node     string  `json:"node"`
	Via      string  `json:"via,omitempty"` // who passed the question on
	Distance int     `json:"distance"`      // bits of the XOR distance to the key
	Answer   string  `json:"answer"`        // record, tombstone, closer, nothing, error
	RTT      float64 `json:"rtt_ms"`
}

// Turn is the position of a key, a peer's or an agent's, in the key space: 0 up to 1.
func Turn(key []byte) float64 {
	sum := sha256.Sum256(key)
	return math.Floor(float64(binary.BigEndian.Uint32(sum[:4]))/math.Exp2(32)*1e5) / 1e5
}
