package overlay

import (
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// What a holder bears of registrations: of one peer, of one group of addresses (a /24 or
// a /48), for one agent, and in all. One takes some 200 bytes.
const (
	maxWatchesOfPeer  = 512
	maxWatchesOfGroup = 4096
	maxWatchesOfAgent = 1024
	maxWatches        = 16384
)

// watchTable is who wants to be told of which agents. It is safe for concurrent use.
type watchTable struct {
	mu      sync.Mutex
	byAgent map[records.AgentID]map[peer.ID]*registration
	ofPeer  map[peer.ID]int
	ofGroup map[netip.Prefix]int
	total   int
}

// registration is one peer's wish to be told of one agent.
type registration struct {
	until time.Time
	told  uint64       // the sum of the value that it has, see sumOf
	group netip.Prefix // the zero one for whoever comes through a relay
}

func newWatchTable() *watchTable {
	return &watchTable{byAgent: make(map[records.AgentID]map[peer.ID]*registration), ofPeer: make(map[peer.ID]int), ofGroup: make(map[netip.Prefix]int)}
}

// add registers p, or renews it; false where there is no room.
func (t *watchTable) add(p peer.ID, group netip.Prefix, id records.AgentID, until time.Time, told uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.byAgent[id][p]; r != nil {
		r.until, r.told = until, told
		return true
	}
	full := t.ofPeer[p] >= maxWatchesOfPeer || t.ofGroup[group] >= maxWatchesOfGroup ||
		len(t.byAgent[id]) >= maxWatchesOfAgent || t.total >= maxWatches
	if full && !weak.Off(weak.WatchCaps) {
		return false
	}
	if t.byAgent[id] == nil {
		t.byAgent[id] = make(map[peer.ID]*registration)
	}
	t.byAgent[id][p] = &registration{until: until, told: told, group: group}
	t.ofPeer[p]++
	t.ofGroup[group]++
	t.total++
	return true
}

// remove ends a registration.
func (t *watchTable) remove(p peer.ID, id records.AgentID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(p, id)
}

// drop ends a registration. The caller holds the lock.
func (t *watchTable) drop(p peer.ID, id records.AgentID) {
	r := t.byAgent[id][p]
	if r == nil {
		return
	}
	if delete(t.byAgent[id], p); len(t.byAgent[id]) == 0 {
		delete(t.byAgent, id)
	}
	if t.ofPeer[p]--; t.ofPeer[p] == 0 {
		delete(t.ofPeer, p)
	}
	if t.ofGroup[r.group]--; t.ofGroup[r.group] == 0 {
		delete(t.ofGroup, r.group)
	}
	t.total--
}

// forget ends all registrations of p.
func (t *watchTable) forget(p peer.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ofPeer[p] == 0 {
		return
	}
	for id, all := range t.byAgent {
		if all[p] != nil {
			t.drop(p, id)
		}
	}
}

// watched reports whether anybody watches id.
func (t *watchTable) watched(id records.AgentID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byAgent[id]) > 0
}

// news returns those who watch id and lack the value of that sum, and takes them for
// told: who tells them fails for all of them or for none.
func (t *watchTable) news(id records.AgentID, sum uint64, now time.Time) (whom []peer.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, r := range t.byAgent[id] {
		if r.told != sum && now.Before(r.until) {
			r.told = sum
			whom = append(whom, p)
		}
	}
	return whom
}

// sweep ends what has run out.
func (t *watchTable) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, all := range t.byAgent {
		for p, r := range all {
			if !now.Before(r.until) {
				t.drop(p, id)
			}
		}
	}
}

// count is how many registrations stand.
func (t *watchTable) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}
