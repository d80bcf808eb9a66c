package gossip

// marks notes which facts came from the peer, by their places in the order of arrival.
type marks struct {
	from int // places before it are not noted
	bits []uint64
}

// set notes a place and reports whether that is new.
func (m *marks) set(at int) bool {
	i := at - m.from
	if i < 0 {
		return true
	}
	for i/64 >= len(m.bits) {
		m.bits = append(m.bits, 0)
	}
	old := m.bits[i/64]
	m.bits[i/64] |= 1 << (i % 64)
	return m.bits[i/64] != old
}

func (m *marks) has(at int) bool {
	i := at - m.from
	return i >= 0 && i/64 < len(m.bits) && m.bits[i/64]>>(i%64)&1 != 0
}

// reach returns the first place from at on that is not noted.
func (m *marks) reach(at int) int {
	for m.has(at) {
		at++
	}
	return at
}
