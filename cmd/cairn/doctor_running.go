package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/api"
)

const (
	// clockWarn and clockWrong are the offsets that a node reports, and above which it
	// calls no agent active.
	clockWarn  = 30 * time.Second
	clockWrong = 5 * time.Minute
	// lowDisk is what a disk should have free: at store.DefaultMinFree others' records are
	// refused.
	lowDisk = 1 << 30
	// fewFiles is how many open files are little for a node.
	fewFiles = 1024
)

// checkRunning judges what a daemon says of itself.
func checkRunning(s *session, st api.Status, peers []api.Peer) []finding {
	return []finding{
		checkDaemon(st), checkReady(s, st), checkClock(s, st), checkPeers(s, st), checkReach(st),
		checkMesh(st, peers), checkFacts(st), checkDisk(st), checkLimits(), checkVersions(st, peers),
	}
}

func checkDaemon(st api.Status) finding {
	f := finding{Check: "daemon", Level: levelOK, Says: fmt.Sprintf("version %s, up %s", st.Version, showSpan(span(st.UptimeMS)))}
	if st.Version != version {
		f.Level, f.Says = levelWarn, fmt.Sprintf("it is version %s, and this command %s", st.Version, version)
		f.Remedy = "restart the daemon, so that both are of one version"
	}
	return f
}

func checkReady(s *session, st api.Status) finding {
	f := finding{Check: "ready", Level: levelOK, Says: "it answers everything"}
	switch {
	case st.State == api.StateReady && st.Reason != "":
		f.Level, f.Says, f.Remedy = levelWarn, st.Reason, "what follows says what to do"
	case st.State == api.StateReady:
	case st.Peers == 0:
		f.Level, f.Says = levelFail, st.State+": "+st.Reason
		f.Remedy = "see that a bootstrap node runs and can be reached from here, or name another: cairn daemon" + s.dirFlag() + " --bootstrap ADDRESS"
	default:
		f.Level, f.Says = levelFail, st.State+": "+st.Reason
		f.Remedy = "wait a minute; if it stays so, look at the clock, and at whether the bootstrap nodes are ready themselves"
	}
	return f
}

func checkClock(s *session, st api.Status) finding {
	f := finding{Check: "clock", Level: levelOK, Says: statusView{Status: st}.clock()}
	const remedy = "set the clock, best by NTP (timedatectl set-ntp true); a minute later the node compares again"
	off, behind := span(st.ClockOffsetMS).Abs(), span(st.ClockBehindMS)
	switch {
	case behind > clockBehind:
		f.Level = levelWarn
		if off > clockWrong {
			f.Level = levelFail
		}
		f.Says = fmt.Sprintf("the machine's clock is %s behind the highest reading that the node kept, by which it goes on; that reading is %s", showSpan(behind), f.Says)
		f.Remedy = resetRemedy(s)
		return f
	case st.ClockPeers == 0 && st.Peers > 0:
		f.Level, f.Remedy = levelWarn, "wait for the first reconciliation, which compares clocks"
	case st.ClockPeers == 0:
	case off > clockWrong:
		f.Level, f.Remedy = levelFail, remedy
	case off > clockWarn:
		f.Level, f.Remedy = levelWarn, remedy
	}
	if f.Level != levelOK && st.ClockPeers == 1 {
		f.Remedy += "; with one peer there is no telling whose clock is wrong"
	}
	return f
}

func checkPeers(s *session, st api.Status) finding {
	f := finding{Check: "bootstrap", Level: levelOK, Says: fmt.Sprintf("%s connected, %d in the table", count(st.Peers, "peer"), st.TablePeers)}
	switch {
	case st.Peers == 0:
		f.Level, f.Says = levelWarn, "nobody is connected: this node is a network of its own"
		f.Remedy = "join others: cairn daemon" + s.dirFlag() + " --bootstrap ADDRESS, with an address of their ready line"
	case st.TablePeers == 0:
		f.Level, f.Remedy = levelFail, "the peers speak another network's protocols: give all the same --network and --replication"
	}
	return f
}

func checkReach(st api.Status) finding {
	f := finding{Check: "reachability", Level: levelOK, Says: statusView{Status: st}.reach()}
	if st.Reachability == "private" {
		f.Level = levelWarn
		f.Remedy = fmt.Sprintf("forward the listen port (%d, UDP and TCP) to this machine and let it through the firewall; until then the node holds nothing for others", node.DefaultPort)
	}
	return f
}

// checkMesh looks at the ways along which revocations come.
func checkMesh(st api.Status, peers []api.Peer) finding {
	roles := make(map[string]int)
	for _, p := range peers {
		roles[p.Role]++
	}
	f := finding{Check: "mesh", Level: levelOK, Says: fmt.Sprintf("%d near links, %d shortcuts, %d random ones; %s on the fact topic",
		roles["near"], roles["shortcut"], roles["random"], count(st.GossipPeers, "peer"))}
	dropped := sumCounters(st.Counters, "gossip_dropped_")
	switch {
	case st.Peers > 0 && st.GossipPeers == 0:
		f.Level, f.Remedy = levelFail, "no peer passes revocations on: see that they run Cairn of the same --network, and restart this node if it stays so"
	case st.Peers > 0 && roles["near"]+roles["random"]+roles["shortcut"] == 0 && span(st.UptimeMS) > time.Minute:
		f.Level, f.Remedy = levelWarn, "the node has chosen no links: look at its log with --log-level debug for why dials fail"
	case dropped > 0:
		f.Says += fmt.Sprintf("; %d facts were dropped for want of room, and reconciled", dropped)
	}
	return f
}

func sumCounters(all map[string]uint64, prefix string) (sum uint64) {
	for name, n := range all {
		if strings.HasPrefix(name, prefix) {
			sum += n
		}
	}
	return sum
}

func checkFacts(st api.Status) finding {
	f := finding{Check: "revocations", Level: levelOK, Says: fmt.Sprintf("%d held, %s", st.Facts, statusView{Status: st}.completeness())}
	switch lost := st.Counters["facts_lost_total"] + st.Counters["store_corrupt_values_total"]; {
	case lost > 0:
		f.Level, f.Says = levelWarn, fmt.Sprintf("%d stored values were damaged; peers bring back what is lost", lost)
		f.Remedy = "look at the disk's health (smartctl, dmesg); move the data directory to another disk if this grows"
	case st.RangeBits > 0:
		f.Level, f.Says = levelWarn, fmt.Sprintf("all are known of %s only: the room of %s is out", st.Range, showBytes(st.FactRoom))
		f.Remedy = "give the process more memory, an eighth of which is for revocations; until then answers about others take the word of others"
	}
	return f
}

func checkDisk(st api.Status) finding {
	f := finding{Check: "disk", Level: levelOK, Says: statusView{Status: st}.disk()}
	switch refused := st.Counters["store_refused_writes_total"]; {
	case strings.Contains(st.Reason, "is refused"):
		f.Level, f.Remedy = levelFail, "make room where the data directory is, or move it to a larger disk"
	case st.DiskFree >= 0 && st.DiskFree < lowDisk:
		f.Level, f.Remedy = levelWarn, "make room before it is out: then others' records are refused, and the node's own soon after"
	case refused > 0:
		f.Says += fmt.Sprintf("; %d writes were refused for want of room or quota since the start", refused)
	}
	return f
}

// checkLimits looks at what this machine gives a process. It is the daemon's too where both
// are started alike.
func checkLimits() finding {
	l := node.MachineLimits()
	f := finding{Check: "limits", Level: levelOK, Says: fmt.Sprintf("%d open files, %s of memory, %d connections at any moment", l.Files, showBytes(l.Memory), l.Conns())}
	if l.Files < fewFiles {
		f.Level, f.Remedy = levelWarn, fmt.Sprintf("allow more open files: ulimit -n %d, or LimitNOFILE= of the systemd unit", 4*fewFiles)
	}
	return f
}

// checkVersions compares the versions that peers say they are.
func checkVersions(st api.Status, peers []api.Peer) finding {
	others := make(map[string]int)
	for _, p := range peers {
		if v, ok := strings.CutPrefix(p.Agent, "cairn/"); ok && v != st.Version {
			others[v]++
		}
	}
	f := finding{Check: "versions", Level: levelOK, Says: "peers run the same version"}
	if len(peers) == 0 {
		f.Says = "there are no peers to compare with"
	}
	if len(others) > 0 {
		var list []string
		for _, v := range slices.Sorted(maps.Keys(others)) {
			list = append(list, fmt.Sprintf("%d of %s", others[v], v))
		}
		f.Level, f.Says = levelWarn, fmt.Sprintf("this is %s, and peers are %s", st.Version, strings.Join(list[:min(len(list), 5)], ", "))
		f.Remedy = "nothing, where these are releases of one protocol; upgrade whichever is old"
	}
	return f
}
