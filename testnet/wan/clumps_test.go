package wan

import (
	"testing"
	"time"
)

// The matrix is symmetric, has no gap, is small inside a clump, reaches around the
// globe and never farther, and is another one for another seed.
func TestClumps(t *testing.T) {
	m, again, other := Clumps(5), Clumps(5), Clumps(6)
	n, same, far := m.Places(), 0, time.Duration(0)
	if n != clumps*perClump {
		t.Fatalf("%d places", n)
	}
	for a := range n {
		for b := range n {
			d := m.rtt[a*n+b]
			if d != m.rtt[b*n+a] || d != again.rtt[a*n+b] {
				t.Fatalf("%d to %d: %s", a, b, d)
			}
			if a == b {
				continue
			}
			if d == other.rtt[a*n+b] {
				same++
			}
			// Two places of a clump are at most two radii apart.
			if limit := milliseconds(clumpBase + maxStretch*2*clumpRadius/clumpSpeed); d < milliseconds(clumpBase) || a/perClump == b/perClump && d > limit {
				t.Errorf("%s to %s: %s", m.places[a], m.places[b], d)
			}
			far = max(far, d)
		}
	}
	if half := milliseconds(clumpBase + maxStretch*20_016/clumpSpeed); far < 150*time.Millisecond || far > half {
		t.Errorf("the farthest two are %s apart", far)
	}
	if same > n {
		t.Errorf("%d of %d round trips are those of another seed", same, n*n)
	}
}
