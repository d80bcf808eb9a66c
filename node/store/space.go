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
	if err := s.check(n, own); err != nil {
		s.refused.Add(1)
		return err
	}
	s.written += n
	return nil
}

// Room is nil where there is room on the disk, else an ErrFull that says what is
// refused for want of it.
func (s *Store) Room() error {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	if err := s.space.check(0, true); err != nil {
		return fmt.Errorf("every write is refused: %w", err)
	}
	if err := s.space.check(0, false); err != nil {
		return fmt.Errorf("what others send is refused: %w", err)
	}
	return nil
}

// check says ErrFull where n bytes are too many. Under mu.
func (s *space) check(n int64, own bool) error {
	s.look()
	floor := s.floor
	if own {
		floor /= 4
	}
	if s.known && s.free < floor+uint64(s.written+n) {
		return fmt.Errorf("%w: %d MiB are free where %s is, %d MiB are to stay free; make room", ErrFull, s.free>>20, s.dir, floor>>20)
	}
	if time.Now().Before(s.until) {
		return fmt.Errorf("%w: the disk where %s is reports that it is full; make room", ErrFull, s.dir)
	}
	return nil
}

// look asks for the free space where that is due. Under mu.
func (s *space) look() {
	now := time.Now()
	if s.asked.IsZero() || now.Sub(s.asked) >= spaceEvery || s.written >= spaceBytes {
		usage, err := s.fs.GetDiskUsage(s.dir)
		s.known, s.free = err == nil, usage.AvailBytes
		s.asked, s.written = now, 0
	}
}

// full notes that the disk refused a write for want of room.
func (s *space) full() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(fullFor)
	s.asked = time.Time{}
}
