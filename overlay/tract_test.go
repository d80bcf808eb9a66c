package overlay

import (
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

// What a tract covers it has all the holders of.
func TestTractCovers(t *testing.T) {
	covered := 0
	rapid.Check(t, func(t *rapid.T) {
		const k = 5
		n := rapid.IntRange(1, 400).Draw(t, "servers")
		servers := make([]peer.ID, n)
		for i := range servers {
			servers[i] = modelPeer(rapid.Uint64().Draw(t, "server"))
		}
		nearest := func(at lookup.Position, n int) []peer.ID {
			all := slices.Clone(servers)
			slices.SortFunc(all, func(a, b peer.ID) int { return at.To(positionOfPeer(a)).Compare(at.To(positionOfPeer(b))) })
			return all[:min(n, len(all))]
		}
		r := &Tract{center: positionOfKey(newAgentID(rapid.Int().Draw(t, "centre")).Key()), k: k, reach: 1<<64 - 1}
		for _, p := range nearest(r.center, 2*k) {
			r.peers, r.places = append(r.peers, contact{ID: p}), append(r.places, positionOfPeer(p))
		}
		if n >= 2*k {
			r.reach = leading(r.center.To(r.places[2*k-1]))
		}
		for i := range 50 {
			id := newAgentID(i)
			if !r.Covers(id) {
				continue
			}
			covered++
			var got []peer.ID
			for _, c := range r.nearest(id, k) {
				got = append(got, c.ID)
			}
			if want := nearest(positionOfKey(id.Key()), k); !slices.Equal(got, want) {
				t.Fatalf("of %d servers the holders are %v, not %v", n, want, got)
			}
		}
	})
	if covered == 0 {
		t.Error("no tract covered anything")
	}
}

// Many records are renewed with one lookup, by the holders that a publish would have
// found, and are asked back from as many as a receipt needs.
func TestRenew(t *testing.T) {
	nodes := newNetwork(t, 12, quic, func(c *Config) { c.Replication = 5 })
	home := nodes[4]
	tract, err := home.Explore(t.Context(), newAgent(t, 1).id())
	if err != nil {
		t.Fatal(err)
	}
	covered, before := 0, home.Stats()
	for i := range uint32(40) {
		agent := newAgent(t, i)
		if !tract.Covers(agent.id()) {
			continue
		}
		covered++
		r, err := home.Renew(t.Context(), tract, agent.record(1))
		if err != nil || !r.Confirmed || r.Targets < 5 || r.ReadBack < 3 || r.ReadBack > 4 {
			t.Errorf("%d targets, %d acknowledged, %d read back: %v", r.Targets, r.Acks, r.ReadBack, err)
		}
		for _, p := range nearest(nodes, agent.id(), 5, home.self) {
			if !slices.ContainsFunc(r.Peers, func(o PeerOutcome) bool { return o.Peer == p }) {
				t.Errorf("%s is a holder of %s and was not asked", p, agent.id())
			}
		}
	}
	asked := home.Stats().Requests - before.Requests
	if covered < 5 || asked > int64(10*covered)+5 { // 5 puts and 3 back, and whom it asks ahead where one is slow
		t.Errorf("%d renewals took %d questions", covered, asked)
	}
	if _, err := home.Renew(t.Context(), nil, newAgent(t, 1).record(1)); err == nil {
		t.Error("renewed without a tract")
	}
	var none records.Value
	if _, err := home.Renew(t.Context(), tract, none); err == nil {
		t.Error("renewed nothing")
	}
}

// A holder that died since is replaced by the next in the tract.
func TestRenewReplacesTheDead(t *testing.T) {
	nodes := newNetwork(t, 12, quic, func(c *Config) { c.Replication = 5 })
	home, agent := nodes[4], newAgent(t, 1)
	tract, err := home.Explore(t.Context(), agent.id())
	if err != nil {
		t.Fatal(err)
	}
	dead := nearest(nodes, agent.id(), 1, home.self)[0]
	for _, n := range nodes {
		if n.self == dead {
			_ = n.host.Close()
		}
	}
	r, err := home.Renew(t.Context(), tract, agent.record(1))
	if err != nil || !r.Confirmed || r.Acks < 5 {
		t.Errorf("%+v, %v", r, err)
	}
}
