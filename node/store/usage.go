package store

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
)

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

// FreeBytes returns how many bytes are free on the disk where dir is, or is to be.
func FreeBytes(dir string) (int64, error) {
	for {
		usage, err := vfs.Default.GetDiskUsage(dir)
		parent := filepath.Dir(dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return int64(min(usage.AvailBytes, math.MaxInt64)), err
		}
		dir = parent
	}
}
