package overlay

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// Errors that callers branch on. What a value is refused for is one of the
// errors of package records.
var (
	// ErrNoPeers: nobody to ask is known, or none of those asked answered.
	ErrNoPeers = errors.New("no peer reachable")
	// ErrClosed: the overlay is closed.
	ErrClosed = errors.New("overlay closed")
	// ErrRefused: the peer is alive and did not take the value.
	ErrRefused = errors.New("refused by the peer")
)

// enough is how many acknowledgements and how many read-backs make a success,
// where as many targets can be reached.
const enough = 3

// Receipt is the evidence of one publication.
type Receipt struct {
	// Targets is the number of peers asked to store the value: the k closest
	// live ones, this node not counted. One that fell silent and was replaced by
	// the next is not counted either, unless it acknowledged after all.
	Targets int
	// Acks is the number of targets that said they stored it. By itself it
	// proves nothing.
	Acks int
	// ReadBack is the number of acknowledging targets that, asked for the key,
	// returned the value, or one that wins against it.
	ReadBack int
	// Confirmed: final, and both Acks and ReadBack suffice.
	Confirmed bool
	// Peers is what became of every peer asked to store, nearest first: those too that were
	// asked ahead, in case that nearer ones are dead, and then were not needed. These count
	// nowhere.
	Peers []PeerOutcome
	// Newer is the best value met on the way that wins against the published
	// one, nil where none was met: a tombstone here means that the agent is dead.
	Newer records.Value
	// Elapsed is the time since the publication began.
	Elapsed time.Duration
}

// PeerOutcome is what one peer did with a value.
type PeerOutcome struct {
	Peer     peer.ID
	Distance int           // bits of the XOR distance to the key, 0 to 256
	Acked    bool          // it said that it stored the value
	AckedAt  time.Duration // since the publication began, 0 where not acked
	ReadBack bool          // it returned the value, or one that wins
	Replaced bool          // it failed or fell silent, and the next nearest was asked too
	RTT      time.Duration // of the put, 0 without an answer
	Err      error         // why not, nil where ReadBack
}

// need is the least number of acknowledgements and read-backs for success.
func (r Receipt) need() int { return max(1, min(enough, r.Targets)) }

// PartialError reports a publication that reached too few peers: the value may
// be stored on some of them, which the receipt names.
type PartialError struct {
	Receipt Receipt
	Need    int // the least number of acknowledgements, and of read-backs
}

// Error tells the counts.
func (e *PartialError) Error() string {
	return fmt.Sprintf("partly published: of %d targets %d acknowledged and %d gave the value back, need %d",
		e.Receipt.Targets, e.Receipt.Acks, e.Receipt.ReadBack, e.Need)
}
