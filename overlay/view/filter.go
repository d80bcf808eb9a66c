package view

// maxFilter bounds the bytes of a filter, filterBits how many bits each position gets.
const (
	maxFilter  = 2048
	filterBits = 10
	filterTags = 4 // bits set for one position
)

// MaxFiltered is how many positions a filter is for, at most.
const MaxFiltered = 8 * maxFilter / filterBits

// MaxFilterSize bounds the bits of a filter, in bytes.
const MaxFilterSize = maxFilter

// Filter is a set of positions in little room: whoever is in it is found, and one of a
// hundred others too. Each filter mixes positions in its own way, so that who is missed
// by one is not missed by the next.
type Filter struct {
	Salt uint64
	Bits []byte
}

// NewFilter returns an empty filter for n positions.
func NewFilter(n int, salt uint64) Filter {
	return Filter{Salt: salt, Bits: make([]byte, min(maxFilter, (filterBits*max(1, n)+7)/8))}
}

// Add puts a position in.
func (f Filter) Add(position uint64) {
	f.tags(position, func(b *byte, bit byte) bool { *b |= bit; return true })
}

// Has reports whether a position is in the filter. Nothing is in one without bits.
func (f Filter) Has(position uint64) bool {
	has := len(f.Bits) > 0
	f.tags(position, func(b *byte, bit byte) bool { has = has && *b&bit != 0; return has })
	return has
}

// tags visits the bits of a position.
func (f Filter) tags(position uint64, visit func(*byte, byte) bool) {
	if len(f.Bits) == 0 {
		return
	}
	x := mix(position ^ f.Salt)
	y := mix(x) | 1
	for range filterTags {
		bit := x % uint64(8*len(f.Bits))
		if !visit(&f.Bits[bit/8], 1<<(bit%8)) {
			return
		}
		x += y
	}
}
