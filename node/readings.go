package node

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/node/metrics"
)

// shown are the collectors behind /metrics: the node's, the Go runtime's and the process's.
func (n *Node) shown() []prometheus.Collector {
	return []prometheus.Collector{n.metrics, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
}

// readings are the node's figures as package metrics shows them: its counters, by the names
// that the status has too, and what stands at the moment.
func (n *Node) readings() metrics.Reading {
	s := n.Status()
	r := metrics.Reading{
		"node_ready": when(s.State == api.StateReady), "node_uptime_seconds": float64(s.UptimeMS) / 1000, "node_peers": float64(s.Peers),
		"reachability_" + s.Reachability: 1,
		"clock_offset_seconds":           float64(s.ClockOffsetMS) / 1000, "clock_peers": float64(s.ClockPeers),
		"facts_held": float64(s.Facts), "facts_held_bytes": float64(s.FactBytes), "facts_room_bytes": float64(s.FactRoom),
		"facts_range_share": math.Ldexp(1, -s.RangeBits), "facts_beyond": float64(s.FactsBeyond), "facts_complete_age_seconds": float64(s.CompleteAgeMS) / 1000,
		"overlay_leases": float64(s.Published), "gossip_peers": float64(s.GossipPeers), "gossip_relays": float64(len(n.topic.Relays())),
		"links_peak_peers": float64(n.links.Peak()),
	}
	for name, count := range s.Counters {
		r[name] = float64(count)
	}
	for _, l := range n.links.Links() {
		r["links_"+roleName(l.Role)]++
	}
	n.readStore(r, s)
	seat := n.dht.Stats()
	r["overlay_table_peers"], r["overlay_members"], r["overlay_hints"] = float64(s.TablePeers), float64(seat.Members), float64(seat.Hints)
	r["overlay_network_peers"], r["overlay_watchers"] = seat.Size, float64(seat.Watchers)
	r["overlay_connections"], r["overlay_idle_streams"] = float64(seat.OwnConns), float64(seat.IdleStreams)
	return r
}

// readStore adds what the disk has.
func (n *Node) readStore(r metrics.Reading, s api.Status) {
	held := n.store.Counts()
	r["overlay_records"], r["store_records_bytes"], r["store_foreign_bytes"] = float64(held.Records), float64(held.RecordBytes), float64(held.ForeignBytes)
	r["store_foreign_room_bytes"] = float64(n.cfg.Limits.RecordBytes())
	r["store_disk_bytes"], r["store_free_bytes"], r["store_writable"] = float64(s.StoreBytes), float64(s.DiskFree), when(n.store.Room() == nil)
}

func when(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// roleName is what a link is for, in a word; empty for what is no link.
func roleName(r links.Role) string {
	switch r {
	case links.Near:
		return "near"
	case links.Random:
		return "random"
	case links.Shortcut:
		return "shortcut"
	}
	return ""
}

// synced takes the outcome of a reconciliation.
func (n *Node) synced(rep gossip.SyncReport) {
	end := "failed"
	switch {
	case rep.Err != nil:
	case rep.Apart:
		end = "apart"
	case rep.Complete:
		end = "complete"
	}
	n.metrics.Reconciled(end, rep.Took)
	n.ready.synced(rep)
}
