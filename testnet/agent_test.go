package testnet_test

import (
	"testing"

	"github.com/cairn-overlay/cairn/testnet"
)

// The same seed gives the same agent, another one another, and what it signs holds.
func TestSeededAgent(t *testing.T) {
	agent := func(seed byte) *testnet.Agent {
		a, err := testnet.SeededAgent(nil, [32]byte{seed})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a, again, other := agent(1), agent(1), agent(2)
	if a.ID() != again.ID() || a.ID() == other.ID() {
		t.Errorf("%s, again %s, other %s", a.ID(), again.ID(), other.ID())
	}
	if rec, err := a.At("https://agent.example/a2a"); err != nil || rec.ID() != a.ID() {
		t.Errorf("record of %s, %v", rec.ID(), err)
	}
	if tomb, err := a.Tombstone(); err != nil || tomb.ID() != a.ID() {
		t.Errorf("tombstone of %s, %v", tomb.ID(), err)
	}
}
