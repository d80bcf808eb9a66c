package worlds

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/stock"
)

// stockSeat is one node, and what its user remembers.
type stockSeat struct {
	up   bool
	host host.Host
	node *stock.Node
	addr peer.AddrInfo

	mu   sync.Mutex
	last map[records.AgentID]*records.Record // the newest answers; owned by mu
	dead map[records.AgentID]*records.Tombstone
}

// bury remembers a tombstone.
func (s *stockSeat) bury(t *records.Tombstone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead[t.ID()] = t
}

func (s *stockSeat) buried(id records.AgentID) *records.Tombstone {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead[id]
}

// remember keeps the last record of an agent.
func (s *stockSeat) remember(rec *records.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[rec.ID()] = rec
}

func (s *stockSeat) remembered(id records.AgentID) *records.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[id]
}
