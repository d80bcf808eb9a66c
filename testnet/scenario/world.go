package scenario

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// Maker makes the world that a scenario's nodes command asks for, and returns when
// its nodes are up. It refuses what it cannot make. On error nothing is left running.
type Maker func(ctx context.Context, want Spec) (World, error)

// Spec is what a nodes command says. The zero value of a field is the world's own
// choice.
type Spec struct {
	// Nodes is how many start. At least 1.
	Nodes int
	// Replication is k, how many nodes hold a value.
	Replication int
	// Room is how many bytes of facts each node has room for.
	Room int64
	// Seed fixes places, keys and losses, where the world can.
	Seed uint64
	// Matrix is a file of round trips, see package wan; empty is the world's own.
	Matrix string
	// Loss is the share of packets that vanish; Jitter the most that one is late.
	Loss   float64
	Jitter time.Duration
	// Disk keeps what a node stored across its restarts.
	Disk bool
	// WAN gives the nodes the public profile, each in a network of addresses of its own.
	WAN bool
	// NATs says that nodes are put behind NATs later on: the others are to relay for them.
	NATs bool
}

// Guest says who a stranger is.
type Guest struct {
	// Key of its host; nil is the world's own choice.
	Key crypto.PrivKey
	// Net is the number of the network of addresses, a /24, that it shares with others;
	// 0 is one of its own. A world without networks does not care.
	Net int
}

// World is a network that a scenario is played in: nodes in virtual time, on loopback
// sockets, in processes of their own, or of stock libraries. Nodes count from 1 and
// keep their numbers for ever. What a world can do beside this it says by one of the
// small interfaces below; a scenario that needs what its world lacks is refused
// before it begins.
type World interface {
	// Grow starts count more nodes and returns when each serves; it need not be ready.
	Grow(ctx context.Context, count int) error
	// Up returns the numbers of the nodes that are up, ascending.
	Up() []int
	// Settle waits until the network has found itself.
	Settle(ctx context.Context) error
	// Publish stores a record through a node. Too few acknowledgements are no error
	// but a Receipt that is not Confirmed; an error wraps records.ErrRevoked or
	// records.ErrStale where the network knew better.
	Publish(ctx context.Context, n int, rec *records.Record) (Receipt, error)
	// Revoke ends an agent through a node.
	Revoke(ctx context.Context, n int, t *records.Tombstone) (Receipt, error)
	// Resolve asks a node for an agent, which may ask others; policy is one of
	// "cache-only", "cache-first", "first", "quorum=N", "most-recent" and "paths=N".
	Resolve(ctx context.Context, n int, id records.AgentID, policy string) (Answer, error)
	// Now is the wall clock.
	Now() time.Time
	// Close stops every node and waits.
	Close() error
}

// Receipt is what a world says of a write.
type Receipt struct {
	Targets, Acks, ReadBack int
	// Confirmed is the world's own claim that the write is safe. Stock libraries
	// claim it whenever they return no error.
	Confirmed bool
}

// Answer is what a world says of an agent.
type Answer struct {
	Status records.Status
	// Reason is why the status is not active, in words; may be empty.
	Reason string
	// Proof is the record or tombstone that the answer rests on, as bytes; nil where
	// it rests on none.
	Proof []byte
	// Lineage is a record of the agent, as bytes, where the proof is an ancestor's.
	Lineage []byte
	// Source is where it came from, such as "cache"; empty where the world cannot tell.
	Source string
	// Asked is how many questions it took.
	Asked int
}

// Faulty worlds can be broken on purpose.
type Faulty interface {
	// Kill ends a node from one moment to the next; Stop in good order; Restart brings
	// it back with its key, its address and what it had on disk.
	Kill(n int) error
	Stop(n int) error
	Restart(n int) error
	// Partition splits the nodes into groups without links between them; those that no
	// group names form one more. Heal ends every partition and cut.
	Partition(groups ...[]int) error
	Heal() error
}

// Wired worlds have a wire that can be bent.
type Wired interface {
	// Cut lets what one node sends to another vanish; the way back stays.
	Cut(from, to int) error
	// Slow makes whatever a node sends and gets later by extra; 0 ends it.
	Slow(n int, extra time.Duration) error
	// Loss sets the share of packets that vanish, 0 to 0.9.
	Loss(share float64) error
	// Jitter sets the most that a packet is late.
	Jitter(most time.Duration) error
}

// Hiding worlds have nodes behind NATs where Spec.NATs says so.
type Hiding interface {
	// Hide puts a node that is down behind a NAT: when it is back only those reach it to
	// whom it has spoken, and everybody else by way of others that relay.
	Hide(n int) error
	// Reach connects from a node to where an agent's record says that it is, and lets it
	// show there that it has the agent's key. Relayed: somebody between them carries
	// what they say.
	Reach(ctx context.Context, n int, rec *records.Record) (relayed bool, err error)
}

// Freezing worlds have nodes that can stand still.
type Freezing interface {
	// Freeze lets a node stand where it is: its links stay, and it answers nobody. Thaw
	// lets it go on as if no time had passed.
	Freeze(n int) error
	Thaw(n int) error
}

// Disked worlds have disks that can fail, one for each node.
type Disked interface {
	// Fill takes every free byte of a node's disk; Free gives them back.
	Fill(n int) error
	Free(n int) error
	// Break makes a node's disk read-only under whatever is open on it. Mend makes it
	// writable again, and ends a node that still runs on it.
	Break(n int) error
	Mend(n int) error
}

// Clocked worlds have a wall clock per node.
type Clocked interface {
	// Skew puts the clock of a node ahead by that much, behind where negative; 0 is
	// right. It jumps at once.
	Skew(n int, ahead time.Duration) error
}

// Ready worlds know how far a node is.
type Ready interface {
	// State is "starting", "ready" or "degraded", and the reason where it is not ready.
	State(n int) (state, reason string, err error)
}

// Ranging worlds have nodes that may hold the facts of a range only.
type Ranging interface {
	// RangeBits says that a node holds all facts of one part in 2^bits of everything.
	RangeBits(n int) (bits int, err error)
}

// Holding worlds let a stranger look into what a node holds.
type Holding interface {
	// Holders asks every node that is up for the value that it itself holds about an
	// agent. Nodes that hold none are not in the answer.
	Holders(ctx context.Context, id records.AgentID) (map[int][]byte, error)
}

// Rotating worlds take facts that are no tombstones.
type Rotating interface {
	// Rotate hands an agent over to other keys through a node: the chain is all rotations of it.
	// Errors are those of Publish, and records.ErrConflict where another rotation of that
	// number is known.
	Rotate(ctx context.Context, n int, c *records.Chain) (Receipt, error)
	// Known is the fact that a node knows about an agent or a grant, or nil.
	Known(ctx context.Context, n int, id records.AgentID) (records.Fact, error)
}

// Leasing worlds have nodes that keep keys of agents and renew their leases.
type Leasing interface {
	// Keep makes an agent of that name at a node, publishes it, and has the node renew
	// its lease until Withdraw. The record is the first one; the tombstone would end
	// the agent.
	Keep(ctx context.Context, n int, name string, lease time.Duration) (Receipt, *records.Record, *records.Tombstone, error)
	// Withdraw ends the renewals of an agent at the node that keeps it.
	Withdraw(ctx context.Context, n int, id records.AgentID) error
}

// Hosting worlds let strangers in: attackers, and nodes of other versions.
type Hosting interface {
	// Stranger makes a host that can reach the nodes, and they it. Who asks for it
	// closes it before the world.
	Stranger(Guest) (host.Host, error)
	// Addr is how to reach a node.
	Addr(n int) peer.AddrInfo
	// Network is the name that is in every protocol ID.
	Network() string
}

// Telling worlds say when a fact reaches a node.
type Telling interface {
	// Follow calls heard with each fact that a node has and gets, as it becomes durable
	// there, until ctx ends or the node is down.
	Follow(ctx context.Context, n int, heard func(records.Fact))
}
