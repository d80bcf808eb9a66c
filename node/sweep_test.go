package node

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// TestSweepOutlastsItsTract: where the servers of a region were looked for too long ago they
// are looked for again, for all leases that are left, and every lease is renewed.
func TestSweepOutlastsItsTract(t *testing.T) {
	const all = sweepFew + 2
	for _, row := range []struct {
		name  string
		fresh time.Duration
		want  uint64 // tracts
	}{
		{"one is enough", time.Hour, 1},
		{"each is old at once", 0, all},
	} {
		t.Run(row.name, func(t *testing.T) {
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			holder := newTestNode(t, Config{Now: now})
			n := newTestNode(t, Config{Dir: t.TempDir(), Now: now}, holder)
			for i := range all {
				name := fmt.Sprintf("agent-%d", i)
				if _, err := n.keys.New(name, keyring.NewOptions{}); err != nil {
					t.Fatal(err)
				}
				if _, err := n.PublishAgent(t.Context(), name, placeAt("https://a.example/"), records.MaxLease); err != nil {
					t.Fatal(err)
				}
			}
			ahead.Store(int64(9 * time.Hour)) // they are ripe, and the node's own sweep waits for more
			before := n.count.all()
			ready, _ := n.leases.due(n.clock.Now().Add(records.MaxLease))
			(&sweep{n: n, pace: rate.NewLimiter(rate.Inf, 1), fresh: row.fresh}).run(t.Context(), ready)
			after := n.count.all()
			if got := after["renewals_total"] - before["renewals_total"]; len(ready) != all || got != all {
				t.Errorf("%d leases were renewed, %d are due of %d", got, len(ready), all)
			}
			if got := after["renewal_tracts_total"] - before["renewal_tracts_total"]; got != row.want {
				t.Errorf("%d tracts, want %d", got, row.want)
			}
		})
	}
}
