package view

import "github.com/cairn-overlay/cairn/internal/weak"

// words are what others say of how far a peer is, in steps.
type words struct {
	most   uint8  // the least of what it is at most, 0 before anybody said anything
	least  uint8  // what all but one say that it is at least, the most of it
	said   uint8  // what that one says, which is more
	teller uint16 // who, one more than the source's number
}

// hear takes in what a source says.
func (w *words) hear(source uint16, least, most uint8) {
	if w.most == 0 || most < w.most {
		w.most = most
	}
	switch who := source + 1; {
	case who == w.teller:
		w.said = max(w.said, least)
	case least > w.said:
		w.least, w.said, w.teller = w.said, least, who
	default:
		w.least = max(w.least, least)
	}
}

// atLeast is how far the peer is at least: as two say, and nobody contradicts.
func (w *words) atLeast() uint8 {
	if weak.Off(weak.ViewCaps) {
		return max(w.least, w.said)
	}
	return min(w.least, w.most)
}
