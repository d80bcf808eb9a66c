//go:build soak

package testnet_test

import (
	"testing"
	"time"
)

// A7 at length: more than 100,000 replays. A node serves one peer 100 puts a
// second, so each attacker waits between its rounds.
func TestSoakAttack07Replays(t *testing.T) {
	s := besiege(t, 100, 10, 2, 2*time.Second)
	s.run(t)
	if sent := s.sent.Load(); sent < 100_000 {
		t.Errorf("%d replays, want 100,000", sent)
	}
}

// TestSoakParentRevoked is TestParentRevoked with a thousand descendants on forty nodes.
func TestSoakParentRevoked(t *testing.T) { familyDies(t, 40, 200) }
