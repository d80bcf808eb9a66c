package light

// draw returns a number that looks random and depends on nothing but its
// arguments: the splitmix64 finaliser over each in turn.
func draw(seed uint64, of ...uint64) uint64 {
	h := mix(seed)
	for _, n := range of {
		h = mix(h ^ n)
	}
	return h
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below turns a draw into a number from 0 to n-1.
func below(x uint64, n uint32) uint32 { return uint32(uint64(uint32(x>>32)) * uint64(n) >> 32) }

// What numbers are drawn for; each use has its own.
const (
	forPosition uint64 = iota + 1
	forBucket
	forLinks
	forMesh
	forPublisher
	forReader
	forTarget
	forLoad
	forRoots
	forView
)
