package store

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// restAfterOpen is how long after it was opened a store leaves its tables as they are.
const restAfterOpen = time.Second

// scheduler says when the engine may merge tables. The engine would begin while it
// opens, and then wait for the merge before it is open: a start would take as long as
// there is data. Here the first merge begins a moment after the start; from then on it
// is as many at a time as the engine wants.
type scheduler struct {
	mu       sync.Mutex
	idle     *sync.Cond // granting has become false
	db       pebble.DBForCompaction
	awake    bool
	closed   bool
	granting bool // one goroutine offers the engine a merge
	running  int
}

func newScheduler() *scheduler {
	s := &scheduler{}
	s.idle = sync.NewCond(&s.mu)
	return s
}

// wake ends the rest; the engine does what it has put off.
func (s *scheduler) wake() {
	s.mu.Lock()
	s.awake = true
	s.mu.Unlock()
	s.grant()
}

// Register is called by the engine while it opens.
func (s *scheduler) Register(_ int, db pebble.DBForCompaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.db = db
}

// Unregister is called by the engine when it closes. It is not called back afterwards.
func (s *scheduler) Unregister() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for s.granting {
		s.idle.Wait()
	}
}

// TrySchedule asks whether a merge may begin now. Where it may not, the engine waits to
// be offered one.
func (s *scheduler) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.free() {
		return false, nil
	}
	s.running++
	return true, s
}

// free reports whether there is room for one more. Owned by mu.
func (s *scheduler) free() bool {
	return s.awake && !s.closed && s.db != nil && s.running < s.db.GetAllowedWithoutPermission()
}

// UpdateGetAllowedWithoutPermission says that the engine may want more at a time. The
// engine holds its locks, so that the offer is made by another goroutine.
func (s *scheduler) UpdateGetAllowedWithoutPermission() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free() {
		go s.grant()
	}
}

// grant offers merges to the engine as long as there is room and it has any to do.
func (s *scheduler) grant() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.free() && !s.granting {
		s.granting = true
		s.running++
		s.mu.Unlock()
		taken := s.db.Schedule(s)
		s.mu.Lock()
		s.granting = false
		s.idle.Broadcast()
		if !taken {
			s.running--
			return
		}
	}
}

// Done says that a merge has ended.
func (s *scheduler) Done() {
	s.mu.Lock()
	s.running--
	s.mu.Unlock()
	s.grant()
}

// Started, MeasureCPU and CumulativeStats are of no interest here.
func (s *scheduler) Started() {}

func (s *scheduler) MeasureCPU(pebble.CompactionGoroutineKind) {}

func (s *scheduler) CumulativeStats(pebble.CompactionGrantHandleStats) {}
