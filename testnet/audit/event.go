package audit

import (
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Kind says what happened.
type Kind string

// What is asked of nodes. Each has a begin and an end, joined by Event.Op.
const (
	Publish Kind = "publish" // begin: Proof is the record; end: Receipt or Error
	Revoke  Kind = "revoke"  // begin: Proof is the tombstone; end: Receipt or Error
	Rotate  Kind = "rotate"  // begin: Proof is all rotations of the agent; end: Receipt or Error
	Resolve Kind = "resolve" // begin: Policy; end: Status and Proof, or Error
)

// What nodes go through. Join, Kill, Stop and Restart have a begin and an end: the
// node is down from the begin of Kill or Stop to the end of Restart. All others are
// moments.
const (
	Join    Kind = "join"    // a new node starts; one that is there from the first is one too
	Ready   Kind = "ready"   // the node says that it is ready
	Kill    Kind = "kill"    // the node ends from one moment to the next
	Stop    Kind = "stop"    // the node ends in good order
	Restart Kind = "restart" // the node is back, with what it had on disk
	Freeze  Kind = "freeze"  // the node stands still: it is up, and answers nobody
	Thaw    Kind = "thaw"    // a frozen node goes on where it stood
	Learn   Kind = "learn"   // a fact reached the node: Proof is the tombstone
)

// What is done to the network.
const (
	Began     Kind = "run"       // the first line: Run
	NewAgent  Kind = "agent"     // an agent was made; Note is its name
	Partition Kind = "partition" // Groups, and one more of those that none names
	Cut       Kind = "cut"       // nothing passes from Node to To; the way back stays
	Heal      Kind = "heal"      // every partition and cut ends
	Skew      Kind = "skew"      // Node's clock is off by By from now on
	Cast      Kind = "cast"      // Count attackers appear; Note says which
	Other     Kind = "note"      // anything else that a reader may want to see; Note says what
)

// Phase says which end of an operation an event is.
type Phase string

// The phases.
const (
	Moment Phase = ""
	Begin  Phase = "begin"
	End    Phase = "end"
)

// Event is one line of the log. A field that has no meaning for its kind is empty.
type Event struct {
	// At is the time since the run began, in nanoseconds: virtual, or monotonic.
	At time.Duration `json:"t"`
	// Wall is the wall clock of the run; a node's own may be off, see Skew.
	Wall time.Time `json:"wall"`
	Kind Kind      `json:"kind"`
	// Phase and Op: the two ends of an operation carry one number, from 1 up.
	Phase Phase  `json:"phase,omitempty"`
	Op    uint64 `json:"op,omitempty"`
	// Node counts from 1; 0 where no node is meant.
	Node  int             `json:"node,omitempty"`
	Agent records.AgentID `json:"agent,omitzero"`

	Policy  string         `json:"policy,omitempty"` // of a resolve, as in scenarios
	Status  records.Status `json:"status,omitempty"` // of an answer
	Source  string         `json:"source,omitempty"` // of an answer, where the world says it
	Asked   int            `json:"asked,omitempty"`  // questions that an answer took
	Receipt *Receipt       `json:"receipt,omitempty"`
	// Proof is the record or tombstone in question, in base64.
	Proof []byte `json:"proof,omitempty"`
	// Lineage is a record of the agent, in base64, where Proof is an ancestor's tombstone.
	Lineage []byte `json:"lineage,omitempty"`
	// Error says why an operation failed; a write that reached too few has a Receipt
	// that is not confirmed, and may have both.
	Error string `json:"error,omitempty"`

	Groups [][]int       `json:"groups,omitempty"` // of a partition
	To     int           `json:"to,omitempty"`     // of a cut
	By     time.Duration `json:"by,omitempty"`     // of a skew, in nanoseconds
	Count  int           `json:"count,omitempty"`  // of a cast
	Note   string        `json:"note,omitempty"`
	Run    *Run          `json:"run,omitempty"` // of the first line
}

// Run says what is being run.
type Run struct {
	// Name of the scenario, World that it is played in: "sim", "loopback", "stock" and
	// so on.
	Name  string `json:"name,omitempty"`
	World string `json:"world,omitempty"`
	Seed  uint64 `json:"seed,omitempty"`
	// Disk: nodes that restart remember what they acknowledged.
	Disk bool `json:"disk,omitempty"`
}

// Receipt is what a node said of a write.
type Receipt struct {
	Targets  int `json:"targets"`
	Acks     int `json:"acks"`
	ReadBack int `json:"read_back"`
	// Confirmed is the node's own claim that the write is safe.
	Confirmed bool `json:"confirmed"`
}
