package store

import (
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"
)

// get reads one value, a copy; nil where there is none.
func (s *Store) get(key []byte) ([]byte, error) {
	v, held, err := s.eng.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, readErr(err)
	}
	out := append([]byte{}, v...)
	return out, held.Close()
}

// view answers many point reads from one moment of the store. Unlike get it asks the
// Bloom filters of the lowest level too, where most of the data lies: most questions
// are about what was never seen, and then no table is read.
type view struct{ it *pebble.Iterator }

// view begins one; it ends with close.
func (s *Store) view() (view, error) {
	it, err := s.eng.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return view{}, readErr(err)
	}
	return view{it}, nil
}

func (v view) close() { _ = v.it.Close() } // its errors were returned by get

// get is Store.get.
func (v view) get(key []byte) ([]byte, error) {
	if !v.it.SeekPrefixGE(key) {
		if err := v.it.Error(); err != nil {
			return nil, readErr(err)
		}
		return nil, nil
	}
	val, err := v.it.ValueAndErr()
	if err != nil {
		return nil, readErr(err)
	}
	return append([]byte{}, val...), nil
}

// getter is get of a store or of a view.
type getter func(key []byte) ([]byte, error)

// has reports whether there is a value.
func (s *Store) has(key []byte) (bool, error) {
	_, held, err := s.eng.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, readErr(err)
	}
	return true, held.Close()
}

// readErr tells damage from other failures.
func readErr(err error) error {
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: %w; restore the directory, or move it away and join again", ErrCorrupt, err)
	}
	return fmt.Errorf("store: read: %w", err)
}

// item is one key with its value, both copies.
type item struct{ key, val []byte }

// scan reads at most n items from lo on, before hi.
func (s *Store) scan(lo, hi []byte, n int) ([]item, error) {
	it, err := s.eng.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return nil, readErr(err)
	}
	var items []item
	for ok := it.First(); ok && len(items) < n; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return nil, readErr(errors.Join(err, it.Close()))
		}
		items = append(items, item{append([]byte{}, it.Key()...), append([]byte{}, v...)})
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return nil, readErr(err)
	}
	return items, nil
}

// each yields the items from lo on, before hi, reading n at a time. Between two
// reads it holds nothing: the consumer may write, or close the store.
func (s *Store) each(lo, hi []byte, n int) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for at := lo; ; {
			items, err := s.enterScan(at, hi, n)
			if err != nil {
				yield(item{}, err)
				return
			}
			for _, it := range items {
				if !yield(it, nil) {
					return
				}
			}
			if len(items) < n {
				return
			}
			at = append(items[n-1].key, 0)
		}
	}
}

// enterScan is scan as a call of its own.
func (s *Store) enterScan(lo, hi []byte, n int) ([]item, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	return s.scan(lo, hi, n)
}

// table yields the items of one table.
func (s *Store) table(t byte, n int) iter.Seq2[item, error] {
	return s.each([]byte{t}, []byte{t + 1}, n)
}

// read runs a read as one call of the store.
func read[T any](s *Store, f func() (T, error)) (T, error) {
	if err := s.enter(); err != nil {
		var zero T
		return zero, err
	}
	defer s.gate.leave()
	return f()
}
