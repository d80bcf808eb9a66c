package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// spaceEvery and spaceBytes say when the free space is asked for again:
	// whichever comes first.
	spaceEvery = time.Second
	spaceBytes = 4 << 20
	// fullFor is how long the disk's own word that it is full counts more than its
	// figures, which may leave out a quota.
	fullFor = 5 * time.Second
)

// space keeps writes away from a disk that fills up. It asks for the free space at
// most once per spaceEvery, or after spaceBytes of writes.
type space struct {
	fs      vfs.FS
	dir     string
	floor   uint64
	refused atomic.Uint64

	mu      sync.Mutex
	asked   time.Time // under mu: when free was read
	written int64     // under mu: bytes let through since
	known   bool      // under mu: the file system can tell
	free    uint64    // under mu
	until   time.Time // under mu: the disk said that it was full
}

// admit lets n bytes through, or says ErrFull. What is our own may go down to a
// quarter of the floor.
func (s *space) admit(n int64, own bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.asked.IsZero() || now.Sub(s.asked) >= spaceEvery || s.written >= spaceBytes {
		usage, err := s.fs.GetDiskUsage(s.dir)
		s.known, s.free = err == nil, usage.AvailBytes
		s.asked, s.written = now, 0
	}
	floor := s.floor
	if own {
		floor /= 4
	}
	if s.known && s.free < floor+uint64(s.written+n) {
		s.refused.Add(1)
		return fmt.Errorf("%w: %d bytes are free where %s is, %d are to stay free; make room, or lower the floor", ErrFull, s.free, s.dir, floor)
	}
	if now.Before(s.until) {
		s.refused.Add(1)
		return fmt.Errorf("%w: the disk where %s is reports that it is full; make room", ErrFull, s.dir)
	}
	s.written += n
	return nil
}

// full notes that the disk refused a write for want of room.
func (s *space) full() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(fullFor)
	s.asked = time.Time{}
}
