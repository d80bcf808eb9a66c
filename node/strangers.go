package node

import (
	"container/heap"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// strangersShare is the part of the room for facts that those beyond the range may take in
// addition: one in so many.
const strangersShare = 4

// strangers are facts beyond the range, of subjects that the node has nothing to do with:
// as many as there is room for, in memory alone. Who leaves first nobody outside can
// know, so nobody can aim at one of them with facts of his own: it is decided by an HMAC of
// the ID under a secret of this run, after the work in it. Safe for concurrent use.
type strangers struct {
	room   int
	secret [32]byte

	mu      sync.Mutex
	byID    map[records.AgentID]*stranger // this and all below: owned by mu
	order   strangerHeap
	bytes   int
	evicted uint64
}

// stranger is one of them.
type stranger struct {
	fact records.Fact
	id   records.AgentID
	work int
	rank uint64
}

func newStrangers(room int) *strangers {
	s := &strangers{room: room, byID: make(map[records.AgentID]*stranger)}
	_, _ = rand.Read(s.secret[:]) // never fails, by its contract
	return s
}

// put takes a fact, joins it with the one of its subject that is there, and reports whether
// it said more; now is what is known of the subject. It may leave at once.
func (s *strangers) put(f records.Fact) (isNew bool, now records.Fact) {
	id := f.ID()
	one := &stranger{fact: f, id: id, work: id.Work(), rank: s.rank(id)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.byID[id]; old != nil {
		if now = records.Join(old.fact, f); now == old.fact {
			return false, now
		}
		s.bytes += now.Size() - old.fact.Size()
		old.fact = now
		s.shrink()
		return true, now
	}
	if weak.Off(weak.KeyedPool) { // the oldest leaves: whoever sends enough flushes all others
		one.work, one.rank = 0, ^s.evicted-uint64(len(s.byID))
	}
	s.byID[id] = one
	heap.Push(&s.order, one)
	s.bytes += f.Size()
	s.shrink()
	return true, f
}

// shrink lets those go for whom there is no room. Owned by mu.
func (s *strangers) shrink() {
	for s.bytes > s.room {
		last := heap.Pop(&s.order).(*stranger)
		delete(s.byID, last.id)
		s.bytes -= last.fact.Size()
		s.evicted++
	}
}

// rank orders IDs in a way that only this node knows.
func (s *strangers) rank(id records.AgentID) uint64 {
	h := hmac.New(sha256.New, s.secret[:])
	sum := id.Digest()
	h.Write(sum[:])
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// get returns the fact about id, or nil.
func (s *strangers) get(id records.AgentID) records.Fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.byID[id]; one != nil {
		return one.fact
	}
	return nil
}

// stand returns how many there are, their bytes, and how many have left.
func (s *strangers) stand() (facts, bytes int, evicted uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID), s.bytes, s.evicted
}

// strangerHeap has on top who leaves first: the least work, then the highest rank.
type strangerHeap []*stranger

func (h strangerHeap) Len() int { return len(h) }

func (h strangerHeap) Less(i, j int) bool {
	if h[i].work != h[j].work {
		return h[i].work < h[j].work
	}
	return h[i].rank > h[j].rank
}

func (h strangerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
}

// Push and Pop are those of container/heap.
func (h *strangerHeap) Push(x any) {
	*h = append(*h, x.(*stranger))
}

// Pop removes the last one.
func (h *strangerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
