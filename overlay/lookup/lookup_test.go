package lookup

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// id is what a peer is called here. Its Position looks random.
type id uint64

// numbered is a peer without addresses.
type numbered = Peer[id, struct{}]

func positionOf(p id) Position { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(p))) }

func newLookup(self id, target Position, k int, seeds []numbered) *Lookup[id, struct{}] {
	return New(Config[id]{Self: self, Target: target, Region: Region{K: k}, Where: positionOf}, seeds)
}

// model is a network on paper: who knows whom, and how each behaves.
type model struct {
	rng   *rand.Rand
	peers []id
	knows map[id][]id
	// answer says what a peer replies; nil peers and ok is an empty answer.
	answer func(m *model, p id, target Position) (closer []id, fate fate)
}

type fate uint8

const (
	answers fate = iota
	fails
	isSilent // runs late, then fails
	lies
	isSlow // runs late, then answers
)

// newModel makes n peers with Kademlia tables of 20 per bucket.
func newModel(seed uint64, n int) *model {
	m := &model{rng: rand.New(rand.NewPCG(seed, 1)), knows: make(map[id][]id)}
	for i := range n {
		m.peers = append(m.peers, id(seed<<32|uint64(i)))
	}
	where := make([]Position, n)
	for i, p := range m.peers {
		where[i] = positionOf(p)
	}
	for j, p := range m.peers {
		var buckets [257][]id
		for _, i := range m.rng.Perm(n) {
			q := m.peers[i]
			b := where[j].To(where[i]).Bits()
			if b > 0 && len(buckets[b]) < 20 {
				buckets[b] = append(buckets[b], q)
			}
		}
		for _, b := range buckets {
			m.knows[p] = append(m.knows[p], b...)
		}
	}
	m.answer = (*model).honest
	return m
}

func (m *model) honest(p id, target Position) ([]id, fate) {
	return nearestTo(target, m.knows[p], 20), answers
}

func nearestTo(target Position, peers []id, k int) []id {
	type placed struct {
		id   id
		dist Position
	}
	all := make([]placed, len(peers))
	for i, p := range peers {
		all[i] = placed{p, target.To(positionOf(p))}
	}
	slices.SortFunc(all, func(a, b placed) int { return a.dist.Compare(b.dist) })
	out := make([]id, min(k, len(all)))
	for i := range out {
		out[i] = all[i].id
	}
	return out
}

// run drives a lookup from a random member, replies coming in a random order.
// It returns the lookup and the peers asked.
func (m *model) run(t *testing.T, target Position, k int, seeds ...id) (*Lookup[id, struct{}], []id) {
	t.Helper()
	self := m.peers[0]
	if seeds == nil {
		seeds = nearestTo(target, m.knows[self], MaxPerAnswer)
	}
	var infos []numbered
	for _, p := range seeds {
		infos = append(infos, numbered{ID: p})
	}
	l := newLookup(self, target, k, infos)
	var air, order []id
	for !l.Done() || len(air) > 0 {
		for len(air) < 6 && !l.Done() {
			info, ok := l.Next(func(id) time.Duration { return time.Duration(m.rng.IntN(100)) })
			if !ok {
				break
			}
			if slices.Contains(order, info.ID) || info.ID == self {
				t.Fatalf("asked %d twice, or itself", info.ID)
			}
			air, order = append(air, info.ID), append(order, info.ID)
		}
		if len(air) == 0 {
			break
		}
		i := m.rng.IntN(len(air))
		p := air[i]
		air = slices.Delete(air, i, i+1)
		closer, how := m.answer(m, p, target)
		m.end(l, p, closer, how)
	}
	if len(order) > max(minAsked, maxAskedFactor*k) || len(l.order) > maxCandidates || len(l.known) != len(l.order) {
		t.Fatalf("%d asked, %d candidates, %d known", len(order), len(l.order), len(l.known))
	}
	return l, order
}

func (m *model) end(l *Lookup[id, struct{}], p id, closer []id, how fate) {
	if how == isSilent || how == isSlow {
		l.Late(p)
	}
	switch how {
	case answers, isSlow:
		var infos []numbered
		for _, q := range closer {
			infos = append(infos, numbered{ID: q})
		}
		l.Answered(p, infos)
	default:
		l.Failed(p, how == lies)
	}
}

func targetOf(n uint64) Position { return positionOf(id(n | 1<<63)) }

// In a sound network of any size a lookup ends on exactly the k nearest.
func TestLookupFindsTheNearest(t *testing.T) {
	for _, n := range []int{1, 2, 5, 20, 21, 60, 300, 1000} {
		m := newModel(uint64(n), n)
		most := 0
		for i := range uint64(20) {
			l, order := m.run(t, targetOf(i), 20)
			want := nearestTo(targetOf(i), m.peers[1:], 20)
			if !slices.Equal(l.Closest(), want) {
				t.Errorf("%d peers, target %d: not the nearest after %d questions", n, i, len(order))
			}
			most = max(most, len(order))
		}
		t.Logf("%d peers: at most %d questions", n, most)
	}
}

// The dead, the silent and the slow cost questions, not results: the lookup ends
// on the nearest of those that answer.
func TestLookupAmongTheDead(t *testing.T) {
	for _, how := range []fate{fails, isSilent, lies, isSlow} {
		for _, percent := range []int{10, 30, 50} {
			m := newModel(uint64(percent), 500)
			bad := make(map[id]bool)
			for _, p := range m.peers[1:] {
				bad[p] = m.rng.IntN(100) < percent
			}
			m.answer = func(m *model, p id, target Position) ([]id, fate) {
				closer, _ := m.honest(p, target)
				if bad[p] {
					return closer, how
				}
				return closer, answers
			}
			missed := 0
			for i := range uint64(20) {
				l, _ := m.run(t, targetOf(i), 20)
				// An answer holds the 20 nearest, dead ones too: who lies behind those is known to few.
				for _, p := range nearestTo(targetOf(i), m.peers[1:], 20) {
					if (!bad[p] || how == isSlow) && !slices.Contains(l.Closest(), p) {
						missed++
					}
				}
				if len(l.Closest()) != 20 {
					t.Errorf("fate %d, %d %% bad: ended on %d", how, percent, len(l.Closest()))
				}
			}
			if missed > 2 {
				t.Errorf("fate %d, %d %% bad: %d of the nearest missed", how, percent, missed)
			}
		}
	}
}

// Where the dead lie among the nearest, they are waited for together, not one after
// the other: each wait here takes as long as the patience with one of them.
func TestLookupWaitsForTheDeadTogether(t *testing.T) {
	const k, parallel = 14, 3
	target, dead := targetOf(1), make(map[id]bool)
	var all []numbered
	for p := range id(24) {
		all = append(all, numbered{ID: p + 1})
		dead[p+1] = p%2 == 0 && p < 20
	}
	l, waits, late := newLookup(0, target, k, all), 0, []id(nil)
	for !l.Done() {
		for len(late) < parallel {
			p, ok := l.Next(nil)
			if !ok {
				break
			}
			if dead[p.ID] {
				late = append(late, p.ID)
			} else {
				l.Answered(p.ID, nil)
			}
		}
		if len(late) == 0 {
			break
		}
		for _, p := range late {
			l.Late(p)
		}
		waits, late = waits+1, nil
	}
	if got := len(l.Closest()); got != k || waits > 4 {
		t.Errorf("%d of the nearest found with %d waits", got, waits)
	}
}

// A4: the three nearest answer at once with neither values nor peers. The lookup
// goes on to the k nearest.
func TestLookupIsNotEndedEarly(t *testing.T) {
	m := newModel(4, 200)
	target := targetOf(1)
	sybils := nearestTo(target, m.peers[1:], 3)
	m.answer = func(m *model, p id, target Position) ([]id, fate) {
		if slices.Contains(sybils, p) {
			return nil, answers
		}
		return m.honest(p, target)
	}
	seeds := append(slices.Clone(sybils), m.peers[5], m.peers[6])
	l, _ := m.run(t, target, 20, seeds...)
	if got, want := l.Closest(), nearestTo(target, m.peers[1:], 20); !slices.Equal(got, want) {
		t.Errorf("ended on %d peers that are not the nearest", len(got))
	}
}

// Hostile peers name crowds that do not exist, always nearer than anything else:
// the lookup ends, within its bounds, on the honest ones.
func TestLookupSurvivesInventedPeers(t *testing.T) {
	for _, how := range []fate{fails, isSilent} {
		m := newModel(6, 300)
		target := targetOf(9)
		real := make(map[id]bool)
		hostile := make(map[id]bool)
		for i, p := range m.peers {
			real[p] = true
			hostile[p] = i%5 == 1
		}
		var invented []id // the nearest of many, as if ground
		for i := range uint64(20_000) {
			invented = append(invented, id(1<<62|i))
		}
		invented = nearestTo(target, invented, 1000)
		m.answer = func(m *model, p id, target Position) ([]id, fate) {
			switch {
			case !real[p]:
				return nil, how
			case hostile[p]:
				i := m.rng.IntN(len(invented) / 4) // the nearest ones mostly
				return invented[i:min(i+500, len(invented))], answers
			}
			return m.honest(p, target)
		}
		var honest []id
		for _, p := range m.peers[1:] {
			if !hostile[p] {
				honest = append(honest, p)
			}
		}
		l, order := m.run(t, target, 20)
		got := l.Closest()
		missed := 0
		for _, p := range nearestTo(target, honest, 15) {
			if !slices.Contains(got, p) {
				missed++
			}
		}
		if !l.Done() || len(got) != 20 || missed > 0 {
			t.Errorf("fate %d: done %v, %d closest, %d of the 15 nearest honest missed, %d asked", how, l.Done(), len(got), missed, len(order))
		}
	}
}

func TestLookupStates(t *testing.T) {
	m := newModel(3, 10)
	a, b, c := m.peers[1], m.peers[2], m.peers[3]
	l := newLookup(m.peers[0], targetOf(1), 2, []numbered{{ID: a}, {ID: b}, {ID: c}, {ID: m.peers[0]}})
	if l.Done() || len(l.order) != 3 {
		t.Fatal("done before it began, or it would ask itself")
	}
	first, _ := l.Next(nil)
	second, _ := l.Next(nil)
	if _, ok := l.Next(nil); ok {
		t.Fatal("more than k in the air without need")
	}
	l.Late(first.ID)
	third, ok := l.Next(nil)
	if !ok {
		t.Fatal("a late peer holds up the lookup")
	}
	l.Answered(second.ID, nil)
	l.Answered(third.ID, nil)
	if !l.Done() || !slices.Equal(l.Stragglers(), []id{first.ID}) {
		t.Fatalf("done %v, stragglers %v", l.Done(), l.Stragglers())
	}
	l.Answered(first.ID, nil)
	if got := l.Closest(); len(got) != 2 || got[0] != first.ID || len(l.Stragglers()) != 0 {
		t.Fatalf("the late answer does not count: %v", got)
	}
	l.Failed(first.ID, true) // not in the air any more: ignored
	l.Answered(id(77), []numbered{{ID: id(78)}})
	if len(l.Closest()) != 2 || len(l.order) != 3 {
		t.Fatal("an answer that nobody asked for counts")
	}
	if got := l.Alive(); len(got) != 3 {
		t.Fatalf("%d alive", len(got))
	}
}

func TestLookupRoomIsBounded(t *testing.T) {
	l := newLookup(id(0), targetOf(1), 20, []numbered{{ID: id(1)}})
	l.Next(nil)
	var crowd []numbered
	for i := range uint64(3 * maxCandidates) {
		crowd = append(crowd, numbered{ID: id(2 + i)})
	}
	l.Answered(id(1), crowd)
	if len(l.order) != 1+MaxPerAnswer {
		t.Fatalf("%d candidates from one answer", len(l.order))
	}
	for _, info := range crowd {
		l.add(info, nil)
	}
	if len(l.order) != maxCandidates || len(l.known) != maxCandidates {
		t.Fatalf("%d candidates, %d known", len(l.order), len(l.known))
	}
	ids := []id{id(1)}
	for _, c := range crowd {
		ids = append(ids, c.ID)
	}
	for _, p := range nearestTo(targetOf(1), ids, maxCandidates-1) {
		if l.known[p] == nil {
			t.Fatal("not the nearest were kept")
		}
	}
}

func TestPositions(t *testing.T) {
	var zero, one Position
	one[31] = 1
	top := Position{0x80}
	if zero.To(zero).Bits() != 0 || zero.To(one).Bits() != 1 || zero.To(top).Bits() != 256 {
		t.Error("bits")
	}
	if one.Compare(top) >= 0 || top.Compare(top) != 0 {
		t.Error("compare")
	}
}
