package overlay

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// What a Hop's Answer can be.
const (
	AnswerRecord    = "record"    // a record of the agent
	AnswerTombstone = "tombstone" // a tombstone of the agent
	AnswerRotation  = "rotation"  // its rotations, without a record
	AnswerConflict  = "conflict"  // the proof that its keys contradict themselves
	AnswerCloser    = "closer"    // no value, but other peers to ask
	AnswerNothing   = "nothing"   // neither value nor peers
	AnswerError     = "error"     // no answer in time, or one that does not verify
)

// Answer is one verified value from one peer. Whether its lease holds, and
// whether it is the newest, is for the caller to say.
type Answer struct {
	Peer peer.ID
	// Via is who passed the question on and says that Peer gave the value; it counts for
	// no confirmation. Empty: nobody did.
	Via   peer.ID
	Value records.Value // nil only in SearchBacked
	RTT   time.Duration
	// Backing is what all said so far, in SearchBacked.
	Backing Backing
}

// Hop is one question of a lookup, in the order of the answers.
type Hop struct {
	Peer     peer.ID
	Via      peer.ID // who passed the question on, and says that Peer answered; empty: nobody
	Path     int     // which path it is of in SearchPaths, from 1; else 0
	Distance int     // bits of the XOR distance to the key, 0 to 256
	Answer   string  // one of the Answer constants
	RTT      time.Duration
	At       time.Time // when its end was known
}

// PathReport is how one of several paths went that share no peer. They agree where all that
// answered found the same.
type PathReport struct {
	// Asked and Answered are how many peers.
	Asked, Answered int
	// Best is the newest verified value that one of them gave, nil where none did.
	Best records.Value
}

// Report is how a search went.
type Report struct {
	// Path are the questions asked, in the order in which their ends became known.
	Path []Hop
	// Closest are the k closest peers that answered, nearest first, and more where the
	// region of the key is wider.
	Closest []peer.ID
	// Crowded: so many peers answered so close to the key that it is hardly by chance, as
	// far as the network's size is known. The search went on beyond them.
	Crowded bool
	// Holders are the peers that returned a verified value, nearest first.
	Holders []peer.ID
	// Empty are those of Closest that answered without a value: candidates for repair.
	Empty []peer.ID
	// Backing is what all said, in SearchBacked.
	Backing Backing
	// Paths is what each path found, in SearchPaths.
	Paths []PathReport
	// Exhausted: the search ended by itself, on live answers of the k closest
	// peers (of all, where there are fewer). Otherwise nothing follows from what
	// was not found.
	Exhausted bool
}
