package store

import "math"

// DiskBytes returns what the store takes on the disk, files that are about to go included.
func (s *Store) DiskBytes() int64 {
	if s.enter() != nil {
		return 0
	}
	defer s.gate.leave()
	return int64(min(s.eng.Metrics().DiskSpaceUsage(), math.MaxInt64/2)) + s.FactsOnDisk()
}

// Free returns how many bytes are free where the store is, as of a second ago at most;
// known is false where the file system does not tell.
func (s *Store) Free() (bytes int64, known bool) {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	s.space.look()
	return int64(min(s.space.free, math.MaxInt64)), s.space.known
}
