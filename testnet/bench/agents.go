package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// signedRecords are the first records of n new agents.
func signedRecords(ctx context.Context, n int) ([]*records.Record, error) {
	recs := make([]*records.Record, n)
	return recs, inParallel(ctx, n, func(i int) error {
		a, err := testnet.NewAgent(nil)
		if err != nil {
			return err
		}
		recs[i], err = a.Sign(fmt.Sprintf("https://agents.example/%d", i), 1, records.MaxLease)
		return err
	})
}

// tombstones are those of n new agents.
func tombstones(ctx context.Context, n int) ([]*records.Tombstone, error) {
	stones := make([]*records.Tombstone, n)
	return stones, inParallel(ctx, n, func(i int) error {
		a, err := testnet.NewAgent(nil)
		if err != nil {
			return err
		}
		stones[i], err = a.Tombstone()
		return err
	})
}

// inParallel does n pieces of work on all cores, and returns the first error.
func inParallel(ctx context.Context, n int, work func(i int) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	for w := range cap(errs) {
		wg.Go(func() {
			for i := w; i < n; i += cap(errs) {
				err := work(i)
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
