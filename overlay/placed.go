package overlay

import (
	"slices"
	"sync"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

const (
	// maxPlaced is how many agents there are of which it is remembered where their last
	// value was put.
	maxPlaced = 1 << 14
	// maxPlaces is how many peers there are at most that an agent's was put to.
	maxPlaces = 80
)

// placed remembers of each agent where this node has put its last value: the first 64 bits
// of each peer's distance to the key, nearest first. A put goes behind the region where
// somebody in it is silent, and peers that come push others out of it: those keep their
// value until its lease ends, unless they are given the next one.
type placed struct {
	mu sync.Mutex
	at map[records.AgentID][]uint64
}

// of is where the last value of id was put.
func (s *placed) of(id records.AgentID) []uint64 {
	if weak.Off(weak.OutdatedToo) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[id]
}

// note takes in where a value of id was put.
func (s *placed) note(id records.AgentID, at []uint64) {
	if len(at) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = make(map[records.AgentID][]uint64)
	}
	if _, ok := s.at[id]; !ok && len(s.at) >= maxPlaced {
		for other := range s.at { // any: the worst is that somebody keeps an older value
			delete(s.at, other)
			break
		}
	}
	s.at[id] = slices.Clone(at[:min(len(at), maxPlaces)])
}
