package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// Defaults of Config.
const (
	// DefaultSyncEvery is the mean time between two rounds that nothing else caused.
	DefaultSyncEvery = 30 * time.Second
	// DefaultStrangerRate and DefaultStrangerBurst bound the facts of unknown
	// subjects: 2,000 per second in the long run. Of those without work 10,000 pass at
	// once from one source, 20,000 from many.
	DefaultStrangerRate  = 2_000
	DefaultStrangerBurst = 40_000
)

// Via says how a fact came.
type Via string

// The ways in which a fact comes.
const (
	ViaGossip Via = "gossip" // the topic
	ViaSync   Via = "sync"   // reconciliation, started by either side
)

// Config is what [Join] needs. Host and Facts are required; zero means the documented
// default elsewhere.
type Config struct {
	// Host is the libp2p host. Gossip runs its GossipSub router on it, so nothing
	// else may; Close does not close the host.
	Host host.Host
	// Facts is the node's set of facts. Gossip reads it and never writes it.
	Facts *records.FactSet
	// Ingest takes a verified fact that is not Held. It adds it to Facts, where it is in the
	// range, before it returns, returns quickly, and never waits for a disk. It is called
	// from several goroutines at once. isNew is false if the fact was held meanwhile. Where
	// the fact contradicts what was held, the proof of that is the node's to publish.
	// An error is our own fault, such as a failing store: the fact is ignored,
	// nobody is punished for it, and a reconciliation follows. Nil: the fact is added to
	// Facts, and that is all.
	Ingest func(f records.Fact, from peer.ID, via Via) (isNew bool, err error)

	// Network separates networks that share machines. It enters the topic,
	// "/cairn[/<network>]/facts/1", and the protocol, "/cairn[/<network>]/sync/1".
	// Empty, or 1 to 32 of a-z, 0-9 and "-".
	Network string
	// Flush makes durable whatever Facts holds when it is called. It is called before
	// a reconciliation counts as complete, often in vain, and from several goroutines
	// at once. Nil: nothing is durable.
	Flush func(ctx context.Context) error
	// Range is the part of the key space of whose subjects Facts is to have all facts: the
	// sessions with a peer are about what is in both ranges. From one call to the next it
	// stays or becomes a half of itself; facts beyond it are dropped after that. It must
	// be quick. Nil: everything.
	Range func() records.Range
	// CutOff is the day before which subjects have ended whose facts this node does not keep,
	// nor take: 0 for none. It grows only, by what the clock shows; the facts past it are
	// dropped from Facts after that. It must be quick. Nil: none.
	CutOff func() records.Day
	// Now is the wall clock: what is told to peers, and what cut-offs of theirs are held
	// against. Nil: time.Now.
	Now func() time.Time
	// OnClock is called with what a peer says that its clock shows, to the second, and the
	// round trip within which it was said, 0 where it is not known. It must not block. May
	// be nil.
	OnClock func(p peer.ID, theirs time.Time, trip time.Duration)
	// Held reports whether what is known of a fact's subject, in Facts or beyond the range, says
	// as much. Nil: in Facts.
	Held func(records.Fact) bool
	// Lookup returns what is known of a subject, in Facts or beyond the range, or nil. Nil: in
	// Facts.
	Lookup func(records.AgentID) records.Fact
	// Known reports whether a subject is known here: its record is held, or it is
	// watched, or our own. Facts of known subjects pass in the first lane, without
	// a cap. It is called for every fact that is new, so it must be quick. Nil:
	// nobody is known.
	Known func(records.AgentID) bool
	// EverReady is told to peers in every reconciliation: has this node, in its
	// life, ever been complete itself? Nil: no.
	EverReady func() bool
	// OnSync is called after every reconciliation that this node started, whatever
	// came of it, and after those that a peer started and that are Complete here too,
	// from gossip's goroutine: it must not block, nor call Close. May be nil.
	OnSync func(SyncReport)
	// OnWay is called for each fact that came along a tree and goes on along it, with how long the way from
	// its root to here is: the sum of measured half round trips, and nothing for queues. It
	// must not block. May be nil.
	OnWay func(time.Duration)
	// Memory is what [Topic.Memory] returned in an earlier run of this node, so that it
	// catches up with peers that it knew for the bytes of what it missed. It must be
	// one whose facts were on the disk that Facts was filled from, in their order. What
	// is wrong in it costs bytes, and nothing else. Nil: no peer is known.
	Memory []byte
	// Ledger is what [Topic.Ledger] returned in an earlier run, so that those facts are not
	// gone through again. Facts must have had the same ones, of all that came before, and
	// lack the same ones. Of other facts or another range it is of no use, and is told to
	// Logger. Nil: all are gone through when the first peer comes.
	Ledger []byte
	// Logger gets what an operator may want to know. Nil: nothing is logged.
	Logger *slog.Logger

	// Linked returns the peers that this node means to stay connected with: to these it
	// opens links of the trees that facts are passed on along. Peers open links too.
	// It is called every second, and more often while peers come. As long as no link
	// stands, some are opened to a few of those connected as well. Nil: all connected
	// peers.
	Linked func() []peer.ID
	// OnLink is called when a peer has opened a link of the trees to this node, and when
	// that ends: while it stands the peer means to stay connected. It must not block.
	// May be nil.
	OnLink func(p peer.ID, stands bool)
	// RTT returns the least round trip to p that the transport has measured, 0 if it has
	// none: links are as long as this, or as their own pings say if that is less. Nil: the
	// pings alone.
	RTT func(p peer.ID) time.Duration
	// NoTrees leaves facts to the topic alone.
	NoTrees bool

	// SyncEvery is the mean time between reconciliations that nothing else causes;
	// each wait is between 3/4 and 5/4 of it. 0: DefaultSyncEvery.
	SyncEvery time.Duration
	// StrangerRate and StrangerBurst cap the facts per second that trees and topic may
	// bring about unknown subjects, a token bucket in which one of more than 150 bytes
	// counts as more. Each source has a 32nd of it to itself and what others leave;
	// the emptier the bucket, the more work an ID must have. What does not pass is
	// counted, not forwarded, and fetched later by reconciliation. 0: DefaultStrangerRate
	// and DefaultStrangerBurst.
	StrangerRate, StrangerBurst int
}

// withDefaults checks c and returns a copy with every optional field filled in.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Host == nil:
		return c, errors.New("gossip: no Host")
	case c.Facts == nil:
		return c, errors.New("gossip: no Facts")
	case c.Network != "" && !regexp.MustCompile(`^[a-z0-9-]{1,32}$`).MatchString(c.Network):
		return c, fmt.Errorf("gossip: network name %.80q: want 1 to 32 of a-z, 0-9 and dash", c.Network)
	case c.SyncEvery < 0 || c.StrangerRate < 0 || c.StrangerBurst < 0:
		return c, errors.New("gossip: negative interval or cap")
	}
	if c.Ingest == nil {
		facts := c.Facts
		c.Ingest = func(f records.Fact, _ peer.ID, _ Via) (bool, error) { return facts.Add(f), nil }
	}
	if c.Flush == nil {
		c.Flush = func(context.Context) error { return nil }
	}
	if c.Range == nil {
		c.Range = func() records.Range { return records.Range{} }
	}
	if c.CutOff == nil {
		c.CutOff = func() records.Day { return 0 }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Held == nil {
		c.Held = c.Facts.Has
	}
	if c.Lookup == nil {
		c.Lookup = c.Facts.Lookup
	}
	if c.Known == nil {
		c.Known = func(records.AgentID) bool { return false }
	}
	if c.EverReady == nil {
		c.EverReady = func() bool { return false }
	}
	if c.RTT == nil {
		c.RTT = func(peer.ID) time.Duration { return 0 }
	}
	if c.OnLink == nil {
		c.OnLink = func(peer.ID, bool) {}
	}
	if c.Linked == nil {
		c.Linked = c.Host.Network().Peers
	}
	if c.OnSync == nil {
		c.OnSync = func(SyncReport) {}
	}
	if c.OnWay == nil {
		c.OnWay = func(time.Duration) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.SyncEvery == 0 {
		c.SyncEvery = DefaultSyncEvery
	}
	orDefault(&c.StrangerRate, DefaultStrangerRate)
	orDefault(&c.StrangerBurst, DefaultStrangerBurst)
	return c, nil
}

func orDefault(v *int, value int) {
	if *v == 0 {
		*v = value
	}
}

// prefix is what the topic and the protocol begin with.
func (c Config) prefix() string {
	if c.Network == "" {
		return "/cairn"
	}
	return "/cairn/" + c.Network
}
