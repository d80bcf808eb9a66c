package weak

// Env is the environment variable that names the defence that is off, in a build
// with the tag cairn_weak.
const Env = "CAIRN_WEAK"

// Defence names one.
type Defence string

// The defences that can be off.
const (
	// ChannelBinding: an answer to a challenge is worth something over the channel alone that
	// it was given over.
	ChannelBinding Defence = "channel-binding"
	// Anchors: for a minute only peers make a node ready that were ready themselves, one of
	// them a bootstrap or long known.
	Anchors Defence = "anchors"
	// Answerer: whoever answers a challenge is the agent that was asked for.
	Answerer Defence = "answerer"
	// BoundLock: a lock is a hash over its own header, too.
	BoundLock Defence = "bound-lock"
	// ChildEnd: no agent's end is after its parent's.
	ChildEnd Defence = "child-end"
	// ClockOffset: no record is active by a clock that is far from the peers' clocks.
	ClockOffset Defence = "clock-offset"
	// ColdKeys: the rotation keys sign a rotation and an obituary, and no others do.
	ColdKeys Defence = "cold-keys"
	// ConnCaps: a node bears so many connections, and closes those that nobody chose first.
	ConnCaps Defence = "conn-caps"
	// Consent: a parent has signed the ID of a child that names it.
	Consent Defence = "consent"
	// CutOffAhead: a session whose cut-off our own clock cannot have reached is void.
	CutOffAhead Defence = "cut-off-ahead"
	// Disk: a fact is on disk before it is acknowledged.
	Disk Defence = "disk"
	// Disjoint: several paths of one lookup share no peer.
	Disjoint Defence = "disjoint"
	// Diversity: of one network of addresses only a few are taken from an answer, and
	// only a few count among the holders of an agent.
	Diversity Defence = "diversity"
	// FloodPublish: a node hands its own fact to every peer on the topic, not only to
	// those of a mesh that may not have formed.
	FloodPublish Defence = "flood-publish"
	// Forks: chains of rotations are compared event by event, before any number is.
	Forks Defence = "forks"
	// FreshNonce: no two challenges are the same.
	FreshNonce Defence = "fresh-nonce"
	// FullHashID: the ID of a message on the topic covers all of its bytes.
	FullHashID Defence = "full-hash-id"
	// GrantFacts: a grant is followed only while it, those above it and their issuers stand.
	GrantFacts Defence = "grant-facts"
	// HearCaps: a watcher takes tidings only of whom it asked for them, and so many.
	HearCaps Defence = "hear-caps"
	// Handover: who holds a record that nobody renews puts it again to where it belongs.
	Handover Defence = "handover"
	// HighWater: the highest rank seen of an agent outlives the record.
	HighWater Defence = "highwater"
	// HostLimits: libp2p's connections, streams and buffers take a share of the machine, and
	// no more.
	HostLimits Defence = "host-limits"
	// Hunger: who misses a fact asks all neighbours for the next ones, and trusts who gives.
	Hunger Defence = "hunger"
	// KeyedPool: which of the strangers' facts beyond the range leave for want of room is
	// decided by work, and then by a secret.
	KeyedPool Defence = "keyed-pool"
	// LeaseCheck: holders and readers ask whether a lease holds.
	LeaseCheck Defence = "lease-check"
	// Lineage: a record is followed only while all its ancestors stand.
	Lineage Defence = "lineage"
	// LoneObituary: of two obituaries that differ none is followed.
	LoneObituary Defence = "lone-obituary"
	// LongKnown: after a restart those peers count that were known for long, not all that
	// were there at last.
	LongKnown Defence = "long-known"
	// NearestKept: where strangers' records fill their quota, the farthest leave for nearer
	// ones.
	NearestKept Defence = "nearest-kept"
	// OutdatedToo: whoever was given the value before is given the next one, though it is of
	// the region no more.
	OutdatedToo Defence = "outdated-too"
	// OwnFault: what we cannot take is no fault of who sent it.
	OwnFault Defence = "own-fault"
	// PageDoor: who is not the live page's own page, and has not the key of its run, is refused.
	PageDoor Defence = "page-door"
	// PagePolicy: the live page tells browsers to run nothing but its own scripts, and to ask
	// nobody but its own server.
	PagePolicy Defence = "page-policy"
	// PeerMemory: a node comes back to the peers that it knew before its restart.
	PeerMemory Defence = "peer-memory"
	// PutRate: each peer puts so many values a second.
	PutRate Defence = "put-rate"
	// Quota: strangers' records take so many bytes.
	Quota Defence = "quota"
	// Reach: the holders of an agent reach as far as the network's size says that they
	// should, however close the nearest ones lie.
	Reach Defence = "reach"
	// ProofFacts: the rotations in a record's proof are facts from then on.
	ProofFacts Defence = "proof-facts"
	// RangeRule: beyond the own range a record is active only by the word of most of the
	// nearest.
	RangeRule Defence = "range-rule"
	// ReadBack: an acknowledgement counts for nothing until the value was given back.
	ReadBack Defence = "readback"
	// RoomEnd: a node whose room for facts is out for good holds less than its region.
	RoomEnd Defence = "room-end"
	// Seasoned: no crowd of newcomers takes the places of known peers on disk.
	Seasoned Defence = "seasoned"
	// SeasonedAge: completeness stays young only by peers that were there before.
	SeasonedAge Defence = "seasoned-age"
	// ShortLimits: a peer is late soon, and somebody else is asked.
	ShortLimits Defence = "short-limits"
	// Score: peers that send invalid messages are listened to less and less, and then
	// not at all.
	Score Defence = "score"
	// ScoredOnly: no message is taken of a peer of which no score is kept.
	ScoredOnly Defence = "scored-only"
	// SourceRoom: no group of addresses fills the room for strangers' records.
	SourceRoom Defence = "source-room"
	// SourceShare: no source uses up what all strangers' facts share.
	SourceShare Defence = "source-share"
	// SteadyLinks: links that stand for where they lead give way to few that promise more.
	SteadyLinks Defence = "steady-links"
	// StickyTombstone: a tombstone stands before anything is known of its agent.
	StickyTombstone Defence = "sticky-tombstone"
	// StrangerCap: facts of unknown subjects share a cap.
	StrangerCap Defence = "stranger-cap"
	// StrictDecode: bytes after a fact make the message invalid.
	StrictDecode Defence = "strict-decode"
	// Sync: sets of facts are reconciled.
	Sync Defence = "sync"
	// SyncCaps: a reconciliation ends within its time.
	SyncCaps Defence = "sync-caps"
	// SyncSums: a reconciliation is complete only where both sides' sums are equal.
	SyncSums Defence = "sync-sums"
	// SyncWrites: a write returns once the disk has it.
	SyncWrites Defence = "sync-writes"
	// TombCheck: the fact set is asked before anything is taken, served, answered or
	// put anew.
	TombCheck Defence = "tomb-check"
	// TopicFilter: a peer's word that it is on a topic counts for ours alone.
	TopicFilter Defence = "topic-filter"
	// Verify: a reader checks that a value is of the agent that it asked for.
	Verify Defence = "verify"
	// ViewCaps: what others say of members is bounded by source and by group of
	// addresses, and who names peers that fail is not believed.
	ViewCaps Defence = "view-caps"
	// WatchCaps: a holder bears so many registrations of one peer, of a group of
	// addresses, for an agent.
	WatchCaps Defence = "watch-caps"
	// WorkOrder: where strangers' facts come too fast, those with more work go first.
	WorkOrder Defence = "work-order"
	// WideSearch: a search ends when all k closest have answered, not the nearest few.
	WideSearch Defence = "wide-search"
)

// Defences are all of them.
var Defences = [...]Defence{
	Anchors,
	Answerer,
	BoundLock,
	ChannelBinding,
	ChildEnd,
	ClockOffset,
	ColdKeys,
	ConnCaps,
	Consent,
	CutOffAhead,
	Disjoint,
	Disk,
	Diversity,
	FloodPublish,
	Forks,
	FreshNonce,
	FullHashID,
	GrantFacts,
	Handover,
	HearCaps,
	HighWater,
	HostLimits,
	Hunger,
	KeyedPool,
	LeaseCheck,
	Lineage,
	LoneObituary,
	LongKnown,
	NearestKept,
	OutdatedToo,
	OwnFault,
	PageDoor,
	PagePolicy,
	PeerMemory,
	ProofFacts,
	PutRate,
	Quota,
	RangeRule,
	Reach,
	ReadBack,
	RoomEnd,
	Score,
	ScoredOnly,
	Seasoned,
	SeasonedAge,
	ShortLimits,
	SourceRoom,
	SourceShare,
	SteadyLinks,
	StickyTombstone,
	StrangerCap,
	StrictDecode,
	Sync,
	SyncCaps,
	SyncSums,
	SyncWrites,
	TombCheck,
	TopicFilter,
	Verify,
	ViewCaps,
	WatchCaps,
	WideSearch,
	WorkOrder,
}
