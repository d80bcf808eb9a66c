package lookup

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// sybils are peers ground to lie nearer to a target than all others, n of them.
func sybils(target Position, honest []id, n int) []id {
	bound := target.To(positionOf(nearestTo(target, honest, 1)[0]))
	var out []id
	for i := id(1 << 61); len(out) < n; i++ {
		if target.To(positionOf(i)).Compare(bound) < 0 {
			out = append(out, i)
		}
	}
	return out
}

// A3: forty sit nearest to a target, answer, and name one another. The lookup goes on to
// the honest that should be there.
func TestLookupReachesBeyondACrowd(t *testing.T) {
	const nodes, k = 300, 20
	now := time.Now()
	for _, row := range []struct {
		name  string
		crowd int
		most  float64 // by how much the network is taken for larger than it is
		least int     // how many honest peers are found, at least
	}{
		{"nobody", 0, 1, 20},
		{"twenty", 20, 1, 3},
		{"forty", 40, 1, 3},
		{"twenty, and the size is told wrong by half", 20, 1.5, 1},
	} {
		m := newModel(11, nodes)
		for i := range uint64(10) {
			target := targetOf(i)
			crowd := sybils(target, m.peers[1:], row.crowd)
			m.answer = func(m *model, p id, target Position) ([]id, fate) {
				if slices.Contains(crowd, p) {
					return crowd, answers
				}
				named, _ := m.honest(p, target)
				return slices.Concat(crowd[:min(len(crowd), 10)], named), answers
			}
			var size Sizes
			size.by[0].n, size.by[0].at = nodes*row.most, now
			l := New(Config[id]{Self: m.peers[0], Target: target, Region: Region{K: k, Reach: size.Within(k/2, now)}, Where: positionOf}, []numbered{{ID: m.peers[5]}})
			m.drive(t, l)
			honest := 0
			for _, p := range l.Closest() {
				if !slices.Contains(crowd, p) {
					honest++
				}
			}
			if honest < row.least || l.Crowded() != (row.crowd > 0) || row.crowd == 0 && honest > 22 {
				t.Errorf("%s, target %d: %d honest of %d, crowded %v", row.name, i, honest, len(l.Closest()), l.Crowded())
			}
		}
	}
}

// drive runs a lookup that some question always ends, one at a time.
func (m *model) drive(t *testing.T, l *Lookup[id, struct{}]) {
	t.Helper()
	for !l.Done() {
		p, ok := l.Next(nil)
		if !ok {
			return
		}
		closer, how := m.answer(m, p.ID, l.cfg.Target)
		m.end(l, p.ID, closer, how)
	}
}

// A crowd of one network is passed over, but for the nearest two, whatever its number; and
// not where there is nobody else.
func TestRegionOfManyGroups(t *testing.T) {
	net := func(i int) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{80, 1, byte(i), 0}), 24) }
	crowd := func(n, of, networks int) (out []numbered) {
		for i := range n {
			out = append(out, numbered{ID: id(of + i), Group: net(of + i%networks)})
		}
		return out
	}
	for _, row := range []struct {
		name  string
		peers []numbered
		want  int // of the region, at most
		each  int // of one network, at most
	}{
		{"each in a network of its own", crowd(60, 0, 60), 20, 1},
		{"two in each", crowd(60, 0, 30), 40, 2},
		{"all in one", crowd(60, 0, 1), 20, 20},
		{"as many in one as apart", slices.Concat(crowd(30, 0, 1), crowd(30, 100, 30)), 21, 2},
	} {
		for i := range uint64(5) {
			l := New(Config[id]{Target: targetOf(i), Region: Region{K: 20, PerGroup: 2}, Where: positionOf}, row.peers)
			for !l.Done() {
				p, _ := l.Next(nil)
				l.Answered(p.ID, nil)
			}
			of := make(map[netip.Prefix]int)
			for _, p := range l.Closest() {
				of[l.known[p].group(nil)]++
			}
			if got := len(l.Closest()); got > row.want || got < 20 {
				t.Errorf("%s: a region of %d in %d networks, want %d at most", row.name, got, len(of), row.want)
			}
			for g, n := range of {
				if n > row.each {
					t.Errorf("%s: %d in %s, want %d at most", row.name, n, g, row.each)
				}
			}
		}
	}
}

// Whoever says of an honest peer that it is in a crowded network keeps it out of nothing,
// once somebody says better, or it was reached.
func TestFalseGroups(t *testing.T) {
	crowded, right := netip.MustParsePrefix("80.1.1.0/24"), netip.MustParsePrefix("81.1.1.0/24")
	var seeds []numbered
	for i := range 30 {
		seeds = append(seeds, numbered{ID: id(i), Group: crowded})
	}
	l := New(Config[id]{Self: 1000, Target: targetOf(1), Region: Region{K: 3, PerGroup: 1}, Where: positionOf}, seeds)
	l.add(numbered{ID: 7, Group: right}, nil)
	l.Reached(9, right)
	l.Reached(9, netip.Prefix{}) // says nothing
	if g := l.known[9].group(nil); g != right || l.known[7].group(l.cfg.Outward()) != crowded {
		t.Errorf("in %s", g)
	}
	x := l.cfg.Outward()
	x.Add(crowded)
	if g := l.known[7].group(x); g != right {
		t.Errorf("in %s, which is full", g)
	}
}

// An estimate of the size is right within a quarter, and whoever crowds some targets does
// not move it.
func TestSizes(t *testing.T) {
	now := time.Now()
	for _, nodes := range []int{25, 100, 1000, 10_000} {
		rng := rand.New(rand.NewPCG(5, uint64(nodes)))
		peers := make([]Position, nodes)
		for i := range peers {
			for j := range peers[i] {
				peers[i][j] = byte(rng.Uint32())
			}
		}
		var s Sizes
		if s.Estimate(now) != 0 || s.Within(5, now) != (Position{}) {
			t.Fatal("known before anything was seen")
		}
		for i := range 32 {
			target := targetOf(uint64(i))
			dists := make([]Position, nodes)
			for j, p := range peers {
				dists[j] = target.To(p)
			}
			slices.SortFunc(dists, Position.Compare)
			s.Saw(target, 20, dists[19], now)
		}
		if got := s.Estimate(now); math.Abs(got/float64(nodes)-1) > 0.25 {
			t.Errorf("%d nodes are taken for %.0f", nodes, got)
		}
		before := s.Estimate(now)
		for i := range uint64(1000) {
			target := targetOf(i)
			if target[0] < 80 { // one crowds 80 of 256 parts of the key space
				s.Saw(target, 20, Position{7: 1}, now)
			}
		}
		if got := s.Estimate(now); got > 2*before {
			t.Errorf("%d nodes: from %.0f to %.0f by crowds", nodes, before, got)
		}
		n := 0
		for _, p := range peers {
			if targetOf(3).To(p).Compare(s.Within(20, now)) < 0 {
				n++
			}
		}
		if n < 6 || n > 40 {
			t.Errorf("%d nodes: %d where 20 are expected", nodes, n)
		}
	}
	var s Sizes
	s.Saw(targetOf(1), 3, Position{}, now)
	if s.Estimate(now) != 0 {
		t.Error("of three")
	}
	s.Saw(targetOf(1), 20, Position{}, now) // 20 at one place: nobody is, and nothing breaks
	if s.Estimate(now) == 0 || math.IsInf(s.Estimate(now), 0) {
		t.Error("of no distance")
	}
	if s.Estimate(now.Add(sizeAge)) != 0 {
		t.Error("of an hour ago")
	}
}
