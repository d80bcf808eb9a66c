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
	err := s.update(ctx, nil, func() (fill, error) {
		return func(b *pebble.Batch, _ *tally) error {
			if val == nil {
				return b.Delete(nameKey(tableMeta, key), nil)
			}
			return b.Set(nameKey(tableMeta, key), val, nil)
		}, s.space.admit(int64(len(val)), true)
	})
	if err != nil {
		return fmt.Errorf("set meta: %w", err)
	}
	return nil
}

// Meta returns the value under a key, nil where there is none.
func (s *Store) Meta(key string) ([]byte, error) {
	return read(s, func() ([]byte, error) { return s.get(nameKey(tableMeta, key)) })
}
