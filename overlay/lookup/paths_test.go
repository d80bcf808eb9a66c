package lookup

import (
	"slices"
	"testing"
	"time"
)

// paths begins a lookup on n paths where a plain one would.
func (m *model) paths(target Position, k, n int) *Paths[id, struct{}] {
	var seeds []numbered
	for _, p := range nearestTo(target, m.knows[m.peers[0]], MaxPerAnswer) {
		seeds = append(seeds, numbered{ID: p})
	}
	return NewPaths(Config[id]{Self: m.peers[0], Target: target, Region: Region{K: k}, Where: positionOf}, n, seeds)
}

// walk drives paths, replies coming in a random order, and returns whom each path asked.
func (m *model) walk(t *testing.T, p *Paths[id, struct{}], target Position) map[int][]id {
	t.Helper()
	asked := make(map[int][]id)
	var air []id
	for {
		for len(air) < 6 {
			q, ok := p.Next(func(id) time.Duration { return time.Duration(m.rng.IntN(100)) })
			if !ok {
				break
			}
			asked[p.Path(q.ID)] = append(asked[p.Path(q.ID)], q.ID)
			air = append(air, q.ID)
		}
		if len(air) == 0 {
			return asked
		}
		i := m.rng.IntN(len(air))
		q := air[i]
		air = slices.Delete(air, i, i+1)
		closer, how := m.answer(m, q, target)
		if how == isSilent || how == isSlow {
			p.Late(q)
		}
		if how != answers && how != isSlow {
			p.Failed(q, how == lies)
			continue
		}
		var named []numbered
		for _, c := range closer {
			named = append(named, numbered{ID: c})
		}
		p.Answered(q, named)
	}
}

// Paths share nobody, each ends with a part of the region, and all together with the whole.
func TestPathsShareNoPeer(t *testing.T) {
	const nodes, k = 200, 20
	for _, row := range []struct {
		name  string
		paths int
		gone  int // one in so many is
		miss  int // of the nearest, at most: each path knows less than all together
	}{
		{"one path", 1, 0, 0},
		{"two", 2, 0, 0},
		{"three", 3, 0, 0},
		{"eight", 8, 0, 0},
		{"three, and one in five is gone", 3, 5, 2},
		{"more than peers of a region", 30, 0, 2},
	} {
		m := newModel(21, nodes)
		dead := make(map[id]bool)
		for i, p := range m.peers {
			dead[p] = row.gone > 0 && i > 0 && i%row.gone == 0
		}
		m.answer = func(m *model, p id, target Position) ([]id, fate) {
			if dead[p] {
				return nil, []fate{fails, isSilent}[m.rng.IntN(2)]
			}
			return m.honest(p, target)
		}
		for i := range uint64(3) {
			target := targetOf(i)
			p := m.paths(target, k, row.paths)
			asked, seen := m.walk(t, p, target), make(map[id]bool)
			for _, by := range asked {
				for _, q := range by {
					if seen[q] || q == m.peers[0] {
						t.Fatalf("%s: asked twice, or itself", row.name)
					}
					seen[q] = true
				}
			}
			alive := slices.DeleteFunc(slices.Clone(m.peers[1:]), func(q id) bool { return dead[q] })
			missed := 0
			for _, q := range nearestTo(target, alive, k) {
				if !slices.Contains(p.Closest(), q) {
					missed++
				}
			}
			if !p.Done() || len(p.Stragglers()) > 0 || len(p.Closest()) != k || missed > row.miss || len(asked) < min(row.paths, k) {
				t.Errorf("%s, target %d: done %v, %d closest, %d of the nearest missed, %d paths asked", row.name, i, p.Done(), len(p.Closest()), missed, len(asked))
			}
		}
	}
}

// A47: one peer that everybody knows names a crowd nearer to the target than all others, whom
// nobody else knows. A plain lookup ends there. Of three paths one does.
func TestPathsGoAroundALiar(t *testing.T) {
	const nodes, k, crowded = 200, 20, 100
	m := newModel(22, nodes)
	for i := range uint64(5) {
		target := targetOf(i)
		liar := nearestTo(target, m.peers[1:], 1)[0]
		crowd := sybils(target, m.peers[1:], crowded)
		m.answer = func(m *model, p id, target Position) ([]id, fate) {
			if p == liar || slices.Contains(crowd, p) {
				m.rng.Shuffle(len(crowd), func(a, b int) { crowd[a], crowd[b] = crowd[b], crowd[a] })
				return crowd[:MaxPerAnswer], answers
			}
			return m.honest(p, target)
		}
		honest := slices.DeleteFunc(slices.Clone(m.peers[1:]), func(p id) bool { return p == liar })
		near := nearestTo(target, honest, k)
		reached := func(asked map[int][]id) (paths int) {
			for _, by := range asked {
				if slices.ContainsFunc(near, func(p id) bool { return slices.Contains(by, p) }) && !slices.ContainsFunc(crowd, func(p id) bool { return slices.Contains(by, p) }) {
					paths++
				}
			}
			return paths
		}
		plain := m.paths(target, k, 1)
		if asked := m.walk(t, plain, target); reached(asked) > 0 || !slices.Contains(crowd, plain.Closest()[k-1]) {
			t.Errorf("target %d: a plain lookup is not misled: the attack is none", i)
		}
		if got := reached(m.walk(t, m.paths(target, k, 3), target)); got != 2 {
			t.Errorf("target %d: %d of three paths go around the liar, want two", i, got)
		}
	}
}
