package gossip

// marks notes which facts came from the peer, by their arrival numbers here.
type marks struct {
	from int // numbers below are not noted
	bits []uint64
}

func (m *marks) set(n int) {
	i := n - m.from
	if i < 0 {
		return
	}
	for i/64 >= len(m.bits) {
		m.bits = append(m.bits, 0)
	}
	m.bits[i/64] |= 1 << (i % 64)
}

func (m *marks) has(n int) bool {
	i := n - m.from
	return i >= 0 && i/64 < len(m.bits) && m.bits[i/64]>>(i%64)&1 != 0
}

// reach returns the first number from one on that is not noted.
func (m *marks) reach(n int) int {
	for m.has(n) {
		n++
	}
	return n
}
