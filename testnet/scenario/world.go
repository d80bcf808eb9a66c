// Package scenario plays scenarios: text files that are test, experiment and
// documentation in one.
package scenario

import (
	"context"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// World is a network that a scenario is played in: nodes in virtual time, on loopback
// sockets, in processes of their own, or of stock libraries. Nodes count from 1 and
// keep their numbers for ever. What a world can do beside this it says by one of the
// small interfaces below; a scenario that needs what its world lacks is refused
// before it begins.
type World interface {
	// Grow starts count more nodes and returns when each is ready, or cannot be.
	Grow(ctx context.Context, count int) error
	// Up returns the numbers of the nodes that are up, ascending.
	Up() []int
	// Settle waits until the network has found itself.
	Settle(ctx context.Context) error
	// Publish stores a record through a node; too few acknowledgements are no error
	// but a Receipt that is not Confirmed.
	Publish(ctx context.Context, n int, rec *records.Record) (Receipt, error)
	// Revoke ends an agent through a node.
	Revoke(ctx context.Context, n int, t *records.Tombstone) (Receipt, error)
	// Resolve asks a node for an agent, which may ask others; policy is one of
	// "cache-only", "cache-first", "first", "quorum=N" and "most-recent".
	Resolve(ctx context.Context, n int, id records.AgentID, policy string) (Answer, error)
	// Now is the wall clock.
	Now() time.Time
	// Close stops every node and waits.
	Close() error
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
	// Proof is the record or tombstone that the answer rests on, as bytes; nil where
	// it rests on none.
	Proof []byte
	// Source is where it came from, such as "cache"; empty where the world cannot tell.
	Source string
	// Asked is how many questions it took.
	Asked int
}
