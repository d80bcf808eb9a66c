//go:build soak

package light

import (
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"
)

// A million nodes, a hundred thousand lookups and ten tombstones, with what they
// cost. Run it alone on one processor (GOMAXPROCS=1) to read its memory.
func TestMillion(t *testing.T) {
	begin := time.Now()
	w := newTestWorld(t, Config{Nodes: 1_000_000, Seed: 1, Charge: 100 * time.Microsecond})
	built := time.Since(begin)
	s := w.Spread(10)
	spread := time.Since(begin) - built
	r := w.Resolve(100_000)
	all := time.Since(begin)
	bare := time.Now()
	for _, l := range (Result{Spread: &s, Resolves: &r}).Loads() {
		l.Turn(1)
	}
	floor := time.Since(bare)
	t.Logf("built in %s, ten messages in %s, lookups in %s, in all %s; the bare heap %s; %s", built, spread, all-built-spread, all, floor, resident())
	t.Logf("%d events; %.2f of the rate of the heap, without building %.2f", s.Load.Events+r.Load.Events, float64(floor)/float64(all), float64(floor)/float64(all-built))
	t.Logf("%+v", s)
	t.Logf("%+v", r)
	if s.Missing > 0 || r.Found < r.Count {
		t.Errorf("%d missing, %d of %d found", s.Missing, r.Found, r.Count)
	}
}

// resident is the most memory that this process ever had, where the system tells.
func resident() string {
	b, err := os.ReadFile("/proc/self/status")
	if m := regexp.MustCompile(`VmHWM:\s*(\d+ kB)`).FindSubmatch(b); err == nil && m != nil {
		return fmt.Sprintf("peak resident %s", m[1])
	}
	return "resident memory unknown"
}
