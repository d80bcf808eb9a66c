package overlay

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	shunFor  = 30 * time.Second // after a dial that failed or took too long
	maxShuns = 4096             // peers remembered as such
)

// shuns remembers whom a dial did not reach a moment ago. Lookups ask them all the
// same, since overload looks like death, but wait for none of them. (The host's own
// dial backoff forgets a dial that was given up before it failed, the kind that
// costs time.)
type shuns struct {
	mu    sync.Mutex
	until map[peer.ID]time.Time
}

func (s *shuns) add(p peer.ID) { s.addFor(p, shunFor) }

func (s *shuns) addFor(p peer.ID, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = make(map[peer.ID]time.Time)
	}
	if len(s.until) >= maxShuns {
		for other := range s.until { // any: the worst is one more dial
			delete(s.until, other)
			break
		}
	}
	s.until[p] = time.Now().Add(d)
}

func (s *shuns) has(p peer.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.until[p]
	return ok && time.Now().Before(until)
}

func (s *shuns) clear(p peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, p)
}

func (s *shuns) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, until := range s.until {
		if !now.Before(until) {
			delete(s.until, p)
		}
	}
}
