package overlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/records"
)

// Protocol numbers of this package. What is not a Config field is fixed here.
const (
	protocolRoot   = "/cairn"     // before the network's name
	protocolSuffix = "/kad/1.0.0" // what kad-dht appends
	maxNetworkName = 32           // bytes of Config.Network

	bucketSize = 20 // peers per bucket of the routing table, whatever Replication is

	// DefaultReplication is k: the copies of a value.
	DefaultReplication = 20
	// DefaultParallel is the number of questions a lookup keeps in the air.
	DefaultParallel = 6
	// DefaultRequestTimeout ends every single request.
	DefaultRequestTimeout = 2 * time.Second
	// DefaultLookupTimeout ends every lookup, and every publication.
	DefaultLookupTimeout = 10 * time.Second
	// DefaultIdleTimeout closes connections that were opened for a lookup.
	DefaultIdleTimeout = 30 * time.Second
	// DefaultPutRate is the number of PUT_VALUE requests per second that one peer is served.
	DefaultPutRate = 100
	// putBurst is how many seconds of PutRate a peer may use at once.
	putBurst = 4
)

// Values is the node's part of the value store, owned by the node. Both methods
// are safe for concurrent use.
type Values interface {
	// Get returns the value to serve for id: a tombstone where one is known, else
	// the newest record whose lease holds; nil, nil where there is none.
	Get(ctx context.Context, id records.AgentID) (records.Value, error)
	// Put takes a verified value (from a peer or from here) and returns nil only
	// once it is durable (or already held). Otherwise records.ErrRevoked,
	// ErrStale, ErrExpired or ErrNotYetValid, or the storage's error. Of a peer's value
	// [Source] tells where it comes from.
	Put(ctx context.Context, v records.Value) error
}

// Config says how a node takes part in the overlay.
type Config struct {
	// Host carries the overlay's streams. Required; Close leaves it open.
	Host host.Host
	// Values decides what is stored and served. Nil: a [Memory] of its own.
	Values Values

	// Network keeps networks apart: it enters every protocol ID, as in
	// /cairn/<network>/kad/1.0.0. Lower-case letters, digits and '-', at
	// most 32. Empty is the main network, /cairn/kad/1.0.0.
	Network string
	// Replication is k, the copies of a value: 1 to 20, default DefaultReplication.
	Replication int
	// Client asks and never serves: no peer takes this node into its table.
	Client bool
	// Auto has the node serve while it can be reached or nobody knows, and only ask while
	// the host says that it cannot be.
	Auto bool
	// WAN is the public profile: the routing table takes at most 3 peers of one
	// IP group (2 per bucket), and only public addresses are believed. Otherwise
	// loopback and private addresses are as good as any.
	WAN bool
	// RecordAge is kad-dht's own record age: what it serves no longer. The
	// default 0 is never, since leases decide. No age opens a roll-back.
	RecordAge time.Duration
	// Covers reports whether this node holds all facts of a range that id is in, and for how
	// long that has been unconfirmed. It is asked where a peer wants to know, see
	// [DHT.SearchBacked]. Nil: it does not.
	Covers func(id records.AgentID) (age time.Duration, ok bool)
	// Neighbours are the peers that this node keeps connections with, who are asked now
	// and then which members of the network they know. Nil, or while they are very few,
	// all that are connected. It must not block.
	Neighbours func() []peer.ID
	// NoView keeps no view of the members beyond the routing table, and gives none.
	NoView bool
	// Logger gets what an operator may want to know; nil discards.
	Logger *slog.Logger

	// Parallel is the number of questions that one lookup keeps in the air, not
	// counting those whose peer is late: default DefaultParallel, above 20 is taken
	// as 20. More is faster and costs more requests.
	Parallel int
	// RequestTimeout is the hard end of one request, dialling included, default
	// DefaultRequestTimeout. A lookup turns to the next peer much earlier, after
	// a limit that follows the round trips measured.
	RequestTimeout time.Duration
	// LookupTimeout ends a lookup or a publication that does not end by itself,
	// default DefaultLookupTimeout.
	LookupTimeout time.Duration
	// IdleTimeout closes a connection that the overlay opened for itself and that
	// carried no DHT request for so long, unless the host's connection manager
	// protects the peer. Default DefaultIdleTimeout, negative never.
	IdleTimeout time.Duration
	// PutRate is how many PUT_VALUE requests per second one peer is served; four
	// seconds' worth may come at once, what is above waits a moment and is then
	// refused. Default DefaultPutRate, negative without limit.
	PutRate int
}

// withDefaults returns a copy with every zero filled in, or what is wrong.
func (c Config) withDefaults() (Config, error) {
	if c.Host == nil {
		return c, errors.New("config: Host is required")
	}
	if c.Values == nil {
		c.Values = NewMemory(nil)
	}
	c.Replication = cmp.Or(c.Replication, DefaultReplication)
	if c.Replication < 1 || c.Replication > bucketSize {
		return c, fmt.Errorf("config: Replication is %d, want 1 to %d", c.Replication, bucketSize)
	}
	c.Parallel = min(cmp.Or(c.Parallel, DefaultParallel), bucketSize)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, DefaultRequestTimeout)
	c.LookupTimeout = cmp.Or(c.LookupTimeout, DefaultLookupTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, DefaultIdleTimeout)
	c.PutRate = cmp.Or(c.PutRate, DefaultPutRate)
	if c.Parallel < 0 || c.RequestTimeout < 0 || c.LookupTimeout < 0 || c.RecordAge < 0 {
		return c, errors.New("config: Parallel, RequestTimeout, LookupTimeout or RecordAge is negative")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, checkNetwork(c.Network)
}

// checkNetwork keeps protocol IDs readable and free of further slashes.
func checkNetwork(name string) error {
	if len(name) > maxNetworkName {
		return fmt.Errorf("config: Network has %d bytes, at most %d", len(name), maxNetworkName)
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return fmt.Errorf("config: Network %q: only a-z, 0-9 and '-'", name)
		}
	}
	return nil
}

// prefix is what kad-dht calls the protocol prefix.
func (c Config) prefix() protocol.ID {
	if c.Network == "" {
		return protocolRoot
	}
	return protocol.ID(protocolRoot + "/" + c.Network)
}

// protocol is the ID of the one protocol spoken.
func (c Config) protocol() protocol.ID { return c.prefix() + protocolSuffix }
