package overlay

import (
	"context"
	"testing"
	"testing/synctest"
)

// So many puts outlive their publications, and no more.
func TestLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lingering
		ctx, end := context.WithCancel(t.Context())
		var puts []context.Context
		var stops []func()
		for range 2 * maxLingering {
			put, stop := l.let(ctx, t.Context())
			puts, stops = append(puts, put), append(stops, stop)
		}
		end()
		synctest.Wait()
		left := 0
		for _, put := range puts {
			if put.Err() == nil {
				left++
			}
		}
		if left != maxLingering {
			t.Errorf("%d go on, want %d", left, maxLingering)
		}
		for _, stop := range stops {
			stop()
		}
		if n := l.n.Load(); n != 0 {
			t.Errorf("%d are counted when all have ended", n)
		}
	})
}
