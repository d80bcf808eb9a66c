package api

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Controller is what the API needs of a node. Errors are mapped to status codes
// by the sentinels of package records and of this package.
type Controller interface {
	// Resolve answers where an agent is and how good the answer is. A revoked,
	// expired, unverified or unknown agent is a Resolution, not an error.
	Resolve(ctx context.Context, id records.AgentID, policy Policy) (Resolution, error)
	// Put publishes a record that its agent signed elsewhere.
	Put(ctx context.Context, rec *records.Record) (PublishResult, error)
	// Publish imports one agent document, signs its location as the named agent
	// (a new one where name is empty) and publishes it.
	Publish(ctx context.Context, req PublishRequest) (PublishResult, error)
	// PublishAll publishes every entry of a JSON array or catalog, each under its
	// own new agent, and yields one outcome per entry, refusals included.
	PublishAll(ctx context.Context, req PublishRequest) iter.Seq2[PublishOutcome, error]
	// Attest signs that the agent's record stands, as far as the node's facts go. Without a
	// receipt the resolution says why it does not stand; ErrNotReady says that the node is in
	// no position to say.
	Attest(ctx context.Context, id records.AgentID) (Resolution, *records.Receipt, error)
	// Withdraw stops renewing the agent's lease; it does not revoke.
	Withdraw(ctx context.Context, id records.AgentID) (WithdrawResult, error)
	// Revoke stores, spreads and publishes a tombstone.
	Revoke(ctx context.Context, t *records.Tombstone) (RevokeResult, error)
	// Rotate stores, spreads and publishes the rotations of an agent.
	Rotate(ctx context.Context, chain *records.Chain) (RevokeResult, error)
	// Facts yields the held facts after a cursor in order of arrival (0 is
	// from the start); with follow it goes on with each new one until ctx ends.
	Facts(ctx context.Context, after uint64, follow bool) iter.Seq2[FactEvent, error]
	// Import takes facts that somebody carried here and returns once all are on disk.
	Import(ctx context.Context, facts []records.Fact) (ImportResult, error)
	// Backup writes the node's store as it is now, while the node goes on.
	Backup(ctx context.Context, w io.Writer) error
	// Watch yields how one agent stands now, and again whenever that changes here,
	// until ctx ends or the agent is revoked.
	Watch(ctx context.Context, id records.AgentID) iter.Seq2[Resolution, error]
	// Status says how the node stands; it never blocks on the network.
	Status(ctx context.Context) Status
	// Peers lists the connected peers.
	Peers(ctx context.Context) []Peer
	// Stop asks the daemon to shut down.
	Stop(ctx context.Context) error
}

// Policy says how hard to look: "cache-only", "cache-first" (default), "first",
// "quorum=N", "most-recent", "paths=N".
type Policy struct {
	Mode   string
	Quorum int // only with mode "quorum", 1 to 20
	Paths  int // only with mode "paths", 2 to 8
}

// The policy modes.
const (
	CacheOnly  = "cache-only"
	CacheFirst = "cache-first"
	First      = "first"
	Quorum     = "quorum"
	MostRecent = "most-recent"
	Paths      = "paths"
)

// Resolution is the answer to Resolve.
type Resolution struct {
	ID            records.AgentID    `json:"id"`
	Status        records.Status     `json:"status"`
	Source        string             `json:"source"` // local, cache, dht, gossip
	AgeMS         int64              `json:"age_ms"` // since the answer was last confirmed
	Confirmations int                `json:"confirmations"`
	ElapsedMS     float64            `json:"elapsed_ms"`
	Path          []Hop              `json:"path"`
	Paths         []PathAnswer       `json:"paths,omitempty"`  // by policy paths=N, what each found
	Reason        string             `json:"reason,omitempty"` // why not active
	Record        *records.Record    `json:"record,omitempty"`
	RecordBytes   []byte             `json:"record_cbor,omitempty"` // canonical bytes, base64
	Tombstone     *records.Tombstone `json:"tombstone,omitempty"`   // where revoked: the agent's, or of the ancestor that it ended with
	// Conflict is set where the status is conflict, and proves it: of the agent, or of an ancestor.
	Conflict *records.Duplicity `json:"-"`
	// ConflictBytes are its canonical bytes.
	ConflictBytes []byte `json:"conflict_cbor,omitempty"`
	// Rotations are those of the agent that the node knows of, nil where it was never rotated.
	Rotations *records.Chain `json:"-"`
	// RotationBytes are their canonical bytes.
	RotationBytes []byte `json:"rotations_cbor,omitempty"`
	// LineageBytes are a record whose proof names the ancestor that one of these is about. It is
	// not to be followed.
	LineageBytes []byte `json:"lineage_cbor,omitempty"`
}

// PathAnswer is what one of several paths found that share no peer.
type PathAnswer struct {
	Asked    int    `json:"asked"` // peers
	Answered int    `json:"answered"`
	Answer   string `json:"answer"`             // record, tombstone, rotation, conflict, nothing
	Sequence uint64 `json:"sequence,omitempty"` // of the newest record
	Agrees   bool   `json:"agrees"`             // it is what the answer as a whole rests on
}

// Hop is one question of a lookup.
type Hop struct {
	Peer     string  `json:"peer"`
	Via      string  `json:"via,omitempty"`  // who passed the question on; empty where it was asked itself
	Path     int     `json:"path,omitempty"` // by policy paths=N, which path it is of, from 1
	Distance int     `json:"distance"`       // bits of the XOR distance, 0 to 256
	Answer   string  `json:"answer"`         // record, tombstone, closer, nothing, error
	RTTMS    float64 `json:"rtt_ms"`
}

// PublishRequest is a document to publish.
type PublishRequest struct {
	Agent        string               // name under the data directory; empty makes a new agent
	Document     []byte               // an agent card or another description
	Lease        time.Duration        // zero is the default
	AllowPrivate bool                 // accept private and loopback endpoints and plain http
	Code         []records.CodeDigest // of what runs, which the record binds
	Claims       []*records.Claim     // about the agent, which the record carries
}

// PublishResult is the evidence of a publish.
type PublishResult struct {
	ID       records.AgentID `json:"id"`
	Name     string          `json:"name"`
	Sequence uint64          `json:"seq"`
	NotAfter time.Time       `json:"not_after"`
	Targets  int             `json:"targets"`
	Acks     int             `json:"acks"`
	ReadBack int             `json:"read_back"`
	// Partial is set where too few stored it; Reason says why. It goes out again by itself.
	Partial  bool     `json:"partial,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Shape    string   `json:"shape,omitempty"`    // the recognised document format
	Warnings []string `json:"warnings,omitempty"` // what the importer dropped or doubts
}

// PublishOutcome is one entry of PublishAll.
type PublishOutcome struct {
	Index  int            `json:"index"`
	Total  int            `json:"total"`
	Title  string         `json:"title,omitempty"` // the document's own name for the entry
	Result *PublishResult `json:"result,omitempty"`
	Error  string         `json:"error,omitempty"` // the reason where it was refused
}

// WithdrawResult says what a withdrawal left standing.
type WithdrawResult struct {
	ID       records.AgentID `json:"id"`
	NotAfter time.Time       `json:"not_after"` // the last lease ends here
}

// RevokeResult is the evidence of a revocation, or a rotation.
type RevokeResult struct {
	ID          records.AgentID `json:"id"`
	Targets     int             `json:"targets"`
	Acks        int             `json:"acks"`
	ReadBack    int             `json:"read_back"`
	GossipPeers int             `json:"gossip_peers"`
	Partial     bool            `json:"partial,omitempty"`
	Reason      string          `json:"reason,omitempty"`
}

// ImportResult counts what became of facts that somebody carried here.
type ImportResult struct {
	New     int    `json:"new"`
	Held    int    `json:"held"`             // their subjects had a fact already
	Beyond  int    `json:"beyond"`           // outside the range of facts that the node keeps
	Refused int    `json:"refused"`          // they do not verify, or are of a kind that this version does not know
	Reason  string `json:"reason,omitempty"` // what was wrong with the first one refused
}

// FactEvent is one fact as it arrived here.
type FactEvent struct {
	Cursor uint64          `json:"cursor"`
	ID     records.AgentID `json:"id"`
	At     time.Time       `json:"at"`
	Source string          `json:"source"` // local, gossip, sync, dht
	Kind   string          `json:"kind"`   // tombstone, conflict, rotation
	Fact   records.Fact    `json:"-"`
	Bytes  []byte          `json:"fact"`
}

// kindOf names a fact.
func kindOf(f records.Fact) string {
	switch f.(type) {
	case *records.Tombstone:
		return "tombstone"
	case *records.Duplicity:
		return "conflict"
	}
	return "rotation"
}

// TombstoneEvent is a tombstone as it arrived here.
type TombstoneEvent struct {
	Cursor    uint64             `json:"cursor"`
	ID        records.AgentID    `json:"id"`
	At        time.Time          `json:"at"`
	Source    string             `json:"source"` // local, gossip, sync, dht
	Tombstone *records.Tombstone `json:"-"`
	Bytes     []byte             `json:"tombstone,omitempty"`
}

// Status says how a node stands.
type Status struct {
	Peer          string            `json:"peer"`
	Network       string            `json:"network"`
	Version       string            `json:"version"`
	Addrs         []string          `json:"addrs"`
	State         string            `json:"state"` // starting, ready, degraded
	Reason        string            `json:"reason,omitempty"`
	UptimeMS      int64             `json:"uptime_ms"`
	Peers         int               `json:"peers"`
	TablePeers    int               `json:"table_peers"`
	GossipPeers   int               `json:"gossip_peers"`
	Facts         int               `json:"facts"`
	FactBytes     int               `json:"fact_bytes"`
	FactRoom      int64             `json:"fact_room"`              // bytes, above which the range is halved
	Range         string            `json:"range"`                  // what all facts are held of: "everything", "1/4 from 40"
	RangeBits     int               `json:"range_bits"`             // it is one part in 2^bits of everything
	FactsBeyond   int               `json:"facts_beyond"`           // held of others, as long as there is room
	FactCutOff    string            `json:"fact_cut_off,omitempty"` // no facts of subjects that ended before this date
	ClockOffsetMS int64             `json:"clock_offset_ms"`        // how far the clock is ahead of the peers' clocks, their median
	ClockPeers    int               `json:"clock_peers"`            // how many of these are known; the offset says nothing where it is 0
	ClockBehindMS int64             `json:"clock_behind_ms"`        // how far the machine's clock is behind the highest reading that the node kept, by which it goes
	Records       int               `json:"records"`
	Published     int               `json:"published"` // own leases kept alive
	CompleteAgeMS int64             `json:"complete_age_ms"`
	Reachability  string            `json:"reachability"` // whether others can dial the node: public, private, unknown
	StoreBytes    int64             `json:"store_bytes"`  // what the store takes on the disk
	DiskFree      int64             `json:"disk_free"`    // bytes that are free there; negative where the system does not tell
	Counters      map[string]uint64 `json:"counters"`
	Extra         json.RawMessage   `json:"extra,omitempty"`
}

// Peer is a connected peer.
type Peer struct {
	ID        string   `json:"id"`
	Addrs     []string `json:"addrs"`
	Direction string   `json:"direction"` // inbound, outbound
	RTTMS     float64  `json:"rtt_ms,omitempty"`
	Table     bool     `json:"table"`           // in the routing table
	Gossip    bool     `json:"gossip"`          // on the fact topic
	Agent     string   `json:"agent,omitempty"` // name and version of its program, as it says itself
	Role      string   `json:"role,omitempty"`  // what this node chose it for: near, shortcut, random; empty: it did not
	Chosen    bool     `json:"chosen"`          // it has chosen this node
	SinceMS   int64    `json:"since_ms"`        // how long it has been connected
}
