package weaktest

import (
	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// Row says how it shows that a defence is off: a scenario breaks, or a test fails.
type Row struct {
	Defence weak.Defence
	// Attack is its number in docs/threats.md.
	Attack string
	// Scenario is a file below testnet/testdata, without ".txt". It holds with every
	// defence on.
	Scenario string
	// Rule is what the auditor finds broken in the scenario; empty where the scenario
	// itself has to see it.
	Rule audit.Rule
	// Package and Test name a test, where no scenario is fine enough.
	Package, Test string
	// Quick rows are part of every run of the tests: one for each rule.
	Quick bool
}

// Table has a row or more for every defence.
func Table() []Row {
	return []Row{
		{Defence: weak.ReadBack, Attack: "A1", Scenario: "attack/only-liars", Rule: audit.Readable, Quick: true},
		{Defence: weak.ReadBack, Attack: "A1", Package: "overlay", Test: "TestPublishToLiars"},
		{Defence: weak.ShortLimits, Attack: "A2", Scenario: "attack/tarpit"},
		{Defence: weak.WideSearch, Attack: "A4", Scenario: "attack/early-terminators", Rule: audit.Readable},
		{Defence: weak.HighWater, Attack: "A7", Scenario: "replay/after-the-lease", Rule: audit.Forward, Quick: true},
		{Defence: weak.TombCheck, Attack: "A8", Scenario: "replay/after-the-end", Rule: audit.Final},
		{Defence: weak.Sync, Attack: "A8", Scenario: "attack/zombie-holder", Rule: audit.Final, Quick: true},
		{Defence: weak.Sync, Attack: "A14", Scenario: "late/newcomer"},
		{Defence: weak.Sync, Attack: "A14", Scenario: "attack/covert-flash"},
		{Defence: weak.Sync, Attack: "P11", Scenario: "attack/sybils"},
		{Defence: weak.Sync, Attack: "A15", Scenario: "attack/eclipsed", Rule: audit.Final},
		{Defence: weak.ReadBack, Attack: "A15", Scenario: "attack/eclipsed-publisher"},
		{Defence: weak.FullHashID, Attack: "A9", Package: "gossip", Test: "TestForgeryDoesNotBlock"},
		{Defence: weak.StrictDecode, Attack: "A9", Package: "gossip", Test: "TestForgeryDoesNotBlock"},
		{Defence: weak.StickyTombstone, Attack: "A10", Scenario: "revoke/before-birth", Rule: audit.Final},
		{Defence: weak.FloodPublish, Attack: "A13", Package: "gossip", Test: "TestStockPeer"},
		{Defence: weak.LeaseCheck, Attack: "A19", Scenario: "lease/ends", Rule: audit.Proven, Quick: true},
		{Defence: weak.Disk, Attack: "A20", Scenario: "restart/acknowledged", Rule: audit.Durable, Quick: true},
		{Defence: weak.SyncWrites, Attack: "A20", Package: "node/store", Test: "TestDiskPowerCut"},
		{Defence: weak.SyncCaps, Attack: "A23", Package: "gossip", Test: "TestHostilePeers"},
		{Defence: weak.SyncSums, Attack: "A39", Package: "gossip", Test: "TestMisledByCells"},
		{Defence: weak.SyncSums, Attack: "A39", Package: "gossip", Test: "TestAnyMemoryConverges"},
		{Defence: weak.CutOffAhead, Attack: "A42", Package: "gossip", Test: "TestCutOffs"},
		{Defence: weak.ClockOffset, Attack: "A43", Package: "node", Test: "TestClockFarOff"},
		{Defence: weak.RangeRule, Attack: "A30", Scenario: "range/replayed", Rule: audit.Final},
		{Defence: weak.KeyedPool, Attack: "A29", Package: "node", Test: "TestFlushOfStrangers"},
		{Defence: weak.RoomEnd, Attack: "A29", Package: "node", Test: "TestRoomHasAnEnd"},
		{Defence: weak.SeasonedAge, Attack: "A37", Package: "node", Test: "TestEclipsedAfterJoining"},
		{Defence: weak.SeasonedAge, Attack: "A37", Scenario: "attack/eclipsed-after-joining"},
		{Defence: weak.ConnCaps, Attack: "A18", Scenario: "attack/connection-flood"},
		{Defence: weak.HostLimits, Attack: "A18", Package: "node", Test: "TestDialsThatSayNothing"},
		{Defence: weak.Quota, Attack: "A16", Package: "node/store", Test: "TestMemory"},
		{Defence: weak.PutRate, Attack: "A16", Package: "overlay", Test: "TestPutRate"},
		{Defence: weak.TopicFilter, Attack: "A12", Package: "gossip", Test: "TestProtocolAbuse"},
		{Defence: weak.ScoredOnly, Attack: "A12", Package: "gossip", Test: "TestUnscoredPeersAreNotHeard"},
		{Defence: weak.LongKnown, Attack: "A6", Scenario: "attack/eclipsed-at-restart"},
		{Defence: weak.PeerMemory, Attack: "A6", Scenario: "attack/eclipsed-at-restart"},
		{Defence: weak.Anchors, Attack: "A34", Package: "node", Test: "TestReadiness"},
		{Defence: weak.OwnFault, Attack: "A24", Package: "gossip", Test: "TestOwnFaultPunishesNoStockPeer"},
		{Defence: weak.OwnFault, Attack: "A9", Package: "gossip", Test: "TestStrangersDoNotStopTheKnown"},
		{Defence: weak.StrangerCap, Attack: "A29", Package: "gossip", Test: "TestStrangersDoNotStopTheKnown"},
		{Defence: weak.SourceShare, Attack: "A29", Package: "gossip", Test: "TestSourcesLeaveRoom"},
		{Defence: weak.WorkOrder, Attack: "A29", Package: "gossip", Test: "TestMoreWorkGoesFirst"},
		{Defence: weak.Score, Attack: "A12", Package: "gossip", Test: "TestJunkIsRejectedAndItsSenderShutOut"},
		{Defence: weak.ViewCaps, Attack: "A5", Package: "overlay/view", Test: "TestLiar"},
		{Defence: weak.ViewCaps, Attack: "A5", Package: "overlay/view", Test: "TestOneGroup"},
		{Defence: weak.WatchCaps, Attack: "A40", Package: "overlay", Test: "TestHostileWatcher"},
		{Defence: weak.HearCaps, Attack: "A41", Package: "overlay", Test: "TestHostileHolder"},
		{Defence: weak.ViewCaps, Attack: "A5", Package: "overlay/view", Test: "TestFarByOneWord"},
		{Defence: weak.Hunger, Attack: "P11", Package: "gossip/tree", Test: "TestSpread"},
		{Defence: weak.SteadyLinks, Attack: "P11", Package: "node/links", Test: "TestSteadyLinks"},
		{Defence: weak.Reach, Attack: "A3", Package: "overlay/lookup", Test: "TestLookupReachesBeyondACrowd"},
		{Defence: weak.Disjoint, Attack: "A47", Package: "overlay/lookup", Test: "TestPathsGoAroundALiar"},
		{Defence: weak.Seasoned, Attack: "A6", Package: "node/store", Test: "TestMemory"},
		{Defence: weak.ColdKeys, Attack: "A25", Package: "records", Test: "TestOpenChainRefuses"},
		{Defence: weak.ColdKeys, Attack: "A25", Scenario: "keys/hot-key-stolen"},
		{Defence: weak.Forks, Attack: "A26", Package: "records", Test: "TestForks"},
		{Defence: weak.Forks, Attack: "A26", Scenario: "keys/cold-key-stolen"},
		{Defence: weak.BoundLock, Attack: "A27", Package: "records", Test: "TestA27CopiedLock"},
		{Defence: weak.BoundLock, Attack: "A27", Scenario: "keys/copied-lock"},
		{Defence: weak.ChildEnd, Attack: "A31", Scenario: "keys/false-parent"},
		{Defence: weak.Consent, Attack: "A32", Scenario: "keys/false-parent"},
		{Defence: weak.Lineage, Attack: "A31", Scenario: "keys/parent-revoked", Rule: audit.Final},
		{Defence: weak.ChildEnd, Attack: "A31", Package: "records", Test: "TestOpenProofRefuses"},
		{Defence: weak.Consent, Attack: "A32", Package: "records", Test: "TestOpenProofRefuses"},
		{Defence: weak.ColdKeys, Attack: "A33", Package: "records", Test: "TestOpenObituaryRefuses"},
		{Defence: weak.LoneObituary, Attack: "A33", Package: "records", Test: "TestEpitaph"},
		{Defence: weak.GrantFacts, Attack: "A46", Package: "records", Test: "TestGrantAllows"},
		{Defence: weak.GrantFacts, Attack: "A46", Scenario: "keys/grant-revoked"},
		{Defence: weak.GrantFacts, Attack: "A46", Scenario: "keys/grant-outlived"},
		{Defence: weak.Answerer, Attack: "A44", Package: "node/presence", Test: "TestCopiedCard"},
		{Defence: weak.Lineage, Attack: "A31", Package: "node", Test: "TestA31ParentDies"},
		{Defence: weak.ProofFacts, Attack: "A28", Package: "node", Test: "TestA28RotationComesWithARecord"},
		{Defence: weak.Handover, Attack: "P6", Scenario: "lease/all-replaced"},
		{Defence: weak.OutdatedToo, Attack: "P5", Package: "testnet/sim", Test: "TestOutdatedToo"},
		{Defence: weak.NearestKept, Attack: "A16", Package: "node", Test: "TestNearestKept"},
		{Defence: weak.SourceRoom, Attack: "A16", Package: "node", Test: "TestRoomIsShared"},
		{Defence: weak.Diversity, Attack: "A5", Package: "overlay/lookup", Test: "TestRegionOfManyGroups"},
		{Defence: weak.ChannelBinding, Attack: "A44", Package: "node/presence", Test: "TestRelayed"},
		{Defence: weak.FreshNonce, Attack: "A45", Package: "node/presence", Test: "TestReplayed"},
		{Defence: weak.PageDoor, Attack: "A17", Package: "node/web", Test: "TestAttacks"},
		{Defence: weak.PagePolicy, Attack: "A17", Package: "node/web", Test: "TestOwnPage"},
		{Defence: weak.Verify, Attack: "P10", Package: "overlay", Test: "TestFalseAnswers"},
	}
}
