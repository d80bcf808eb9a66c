package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Limits of settings.
const (
	MaxMetaKey   = 128      // bytes of a key; at least one
	MaxMetaValue = 64 << 10 // bytes of a value
)

// SetMeta stores a small value under a key and returns nil once it is on disk; a nil
// value deletes.
func (s *Store) SetMeta(ctx context.Context, key string, val []byte) error {
	if key == "" || len(key) > MaxMetaKey || len(val) > MaxMetaValue {
		return fmt.Errorf("set meta: %w: a key of %d bytes (1 to %d) with %d bytes (at most %d)", ErrInvalid, len(key), MaxMetaKey, len(val), MaxMetaValue)
	}
	val = slices.Clone(val)
	return s.write(ctx, func() error {
		if err := s.space.admit(int64(len(val)), true); err != nil {
			return fmt.Errorf("set meta: %w", err)
		}
		return s.commit(func(b *pebble.Batch, _ *tally) error {
			if val == nil {
				return b.Delete(nameKey(tableMeta, key), nil)
			}
			return b.Set(nameKey(tableMeta, key), val, nil)
		})
	})
}

// Meta returns the value under a key, nil where there is none.
func (s *Store) Meta(key string) ([]byte, error) {
	return read(s, func() ([]byte, error) { return s.get(nameKey(tableMeta, key)) })
}
