package overlay

import "testing"

// What is remembered is bounded, in agents and in peers of each.
func TestPlacedIsBounded(t *testing.T) {
	var s placed
	for i := range maxPlaced + 2 {
		s.note(newAgentID(i), make([]uint64, 1))
	}
	last := newAgentID(maxPlaced + 1)
	s.note(last, make([]uint64, 2*maxPlaces))
	s.note(last, nil)
	if len(s.at) != maxPlaced || len(s.of(last)) != maxPlaces {
		t.Errorf("%d agents, of one %d peers", len(s.at), len(s.of(last)))
	}
}
