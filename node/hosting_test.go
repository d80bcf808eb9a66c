//go:build soak

package node

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/node/store"
)

var (
	hosted        = flag.Int("hosted", 1000, "how many agents TestSoakHosting has on one node")
	hostedProfile = flag.String("hosted-profile", "", "where TestSoakHosting writes what the renewals cost; the host's own part has the label part=host")
)

// hostedRate is how many are renewed a second: each holder lets one peer put 100.
const hostedRate = 90

// heapInUse is what lives on the heap.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestSoakHosting renews many leases once, from one node among 25, over loopback. The node's own
// sweep renews some of them a second time.
func TestSoakHosting(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	first := newTestNode(t, Config{Now: now})
	for range 23 {
		newTestNode(t, Config{Now: now}, first)
	}
	var n *Node
	pprof.Do(t.Context(), pprof.Labels("part", "host"), func(context.Context) {
		n = newTestNode(t, Config{Dir: t.TempDir(), Now: now}, first)
	})
	until(t, "all are known", func() bool { return n.dht.TableSize() >= 20 })
	empty := heapInUse()
	for i := range *hosted { // as if they had been published by an earlier run
		name := fmt.Sprintf("agent-%05d", i)
		agent, err := n.keys.New(name, keyring.NewOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := n.sign(t.Context(), agent, placeAt("https://a.example/"), DefaultLease)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.hold(t.Context(), rec, true); err != nil {
			t.Fatal(err)
		}
		if err := n.leases.put(t.Context(), store.Lease{ID: rec.ID(), Name: name, Record: rec, Sequence: rec.Sequence(), Lease: DefaultLease}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%.1f kB of memory an agent", float64(heapInUse()-empty)/float64(*hosted)/1000)
	if *hostedProfile != "" {
		f, err := os.Create(*hostedProfile)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			t.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	before := n.count.all()
	pprof.Do(t.Context(), pprof.Labels("part", "host"), func(ctx context.Context) {
		s := &sweep{n: n, pace: rate.NewLimiter(hostedRate, 1), fresh: tractFor}
		ahead.Store(int64(40 * time.Minute))
		ready, _ := n.leases.due(n.clock.Now())
		t.Logf("%d are due", len(ready))
		s.run(ctx, ready)
	})
	after := n.count.all()
	for name, v := range after {
		t.Logf("%s: %d", name, v-before[name])
	}
	t.Log(n.dht.Stats())
}
