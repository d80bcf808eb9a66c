package lab

import (
	"math"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// In a flood everything honest arrives in the end, and what has work as if there was
// none.
func TestFlood(t *testing.T) {
	bubble(t, 5, func(t *testing.T, cfg Config) {
		f, err := RunFlood(t.Context(), cfg, floodLead+3*floodSlot)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range FloodKinds() {
			if got := len(f.Latency[kind]); got != cfg.Nodes-1 {
				t.Errorf("%s: %d latencies, want %d", kind, got, cfg.Nodes-1)
			}
			for _, took := range f.Latency[kind] {
				if math.IsInf(took, 1) || kind == Worked && took > 1000 {
					t.Errorf("%s: %g ms", kind, took)
				}
			}
		}
		if f.Dropped == 0 || f.Reached < 0.99*float64(f.Sent) || f.Rounds == 0 {
			t.Errorf("%g dropped, %g of %d arrived, %g rounds a second", f.Dropped, f.Reached, f.Sent, f.Rounds)
		}
	})
}

func TestTombstoneOf(t *testing.T) {
	for _, work := range []int{0, 8} {
		a, err := tombstoneOf("a", 0, work)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := tombstoneOf("a", 0, work)
		other, _ := tombstoneOf("b", 0, work)
		if a.ID() != again.ID() || a.ID() == other.ID() || a.ID().Work() < work {
			t.Errorf("%d bits: %s, %s, %s", work, a.ID(), again.ID(), other.ID())
		}
		if _, err := records.OpenTombstone(a.Bytes()); err != nil || a.End().Before(time.Unix(floodEnd, 0)) {
			t.Error(err, a.End())
		}
	}
}
