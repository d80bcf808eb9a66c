package store

import (
	"context"
	"errors"
	"fmt"
)

// Report is what a store was found to hold when all of it was read.
type Report struct {
	Format  int    `json:"format"` // of the store's layout
	Facts   int    `json:"facts"`
	Records int    `json:"records"`
	Leases  int    `json:"leases"`  // of the node's own agents
	Values  int    `json:"values"`  // of all tables of the engine
	Damaged uint64 `json:"damaged"` // what did not verify
	Bytes   int64  `json:"bytes"`   // on the disk
}

// Verify reads all that the store holds: every block of the engine with its checksum,
// every record and fact with what proves it. What does not verify is counted.
func (s *Store) Verify(ctx context.Context) (r Report, err error) {
	before := s.corrupt.Load()
	r.Format = formatVersion
	for _, err := range s.Facts(0) {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return r, fmt.Errorf("verify: %w", err)
		}
		r.Facts++
	}
	for _, err := range s.Records() {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return r, fmt.Errorf("verify: %w", err)
		}
		r.Records++
	}
	for _, err := range s.Leases() {
		if err != nil {
			return r, fmt.Errorf("verify: %w", err)
		}
		r.Leases++
	}
	for _, err := range s.each(nil, []byte{0xff}, scanFacts) {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return r, fmt.Errorf("verify: %w", err)
		}
		r.Values++
	}
	r.Damaged = s.corrupt.Load() - before
	if r.Bytes, err = s.onDisk(); err != nil {
		return r, fmt.Errorf("verify: %w", err)
	}
	return r, nil
}

// onDisk is how many bytes the store has on the disk.
func (s *Store) onDisk() (int64, error) {
	return read(s, func() (int64, error) {
		return int64(s.eng.Metrics().DiskSpaceUsage()) + s.facts.log.Size(), nil
	})
}
