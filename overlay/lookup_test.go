package overlay

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multihash"
)

// modelPeer makes a valid peer ID from a number.
func modelPeer(n uint64) peer.ID {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 32), n)
	mh, err := multihash.Sum(b, multihash.SHA2_256, -1)
	if err != nil {
		return ""
	}
	return peer.ID(mh)
}

// model is a network on paper: who knows whom, and how each behaves.
type model struct {
	rng   *rand.Rand
	peers []peer.ID
	knows map[peer.ID][]peer.ID
	// answer says what a peer replies; nil peers and ok is an empty answer.
	answer func(m *model, p peer.ID, target position) (closer []peer.ID, fate fate)
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
	m := &model{rng: rand.New(rand.NewPCG(seed, 1)), knows: make(map[peer.ID][]peer.ID)}
	for i := range n {
		m.peers = append(m.peers, modelPeer(seed<<32|uint64(i)))
	}
	where := make([]position, n)
	for i, p := range m.peers {
		where[i] = positionOfPeer(p)
	}
	for j, p := range m.peers {
		var buckets [257][]peer.ID
		for _, i := range m.rng.Perm(n) {
			q := m.peers[i]
			b := where[j].to(where[i]).bits()
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

func (m *model) honest(p peer.ID, target position) ([]peer.ID, fate) {
	return nearestTo(target, m.knows[p], 20), answers
}

func nearestTo(target position, peers []peer.ID, k int) []peer.ID {
	type placed struct {
		id   peer.ID
		dist position
	}
	all := make([]placed, len(peers))
	for i, p := range peers {
		all[i] = placed{p, target.to(positionOfPeer(p))}
	}
	slices.SortFunc(all, func(a, b placed) int { return a.dist.compare(b.dist) })
	out := make([]peer.ID, min(k, len(all)))
	for i := range out {
		out[i] = all[i].id
	}
	return out
}

// run drives a lookup from a random member, replies coming in a random order.
// It returns the lookup and the peers asked.
func (m *model) run(t *testing.T, target position, k int, seeds ...peer.ID) (*lookup, []peer.ID) {
	t.Helper()
	self := m.peers[0]
	if seeds == nil {
		seeds = nearestTo(target, m.knows[self], maxPerAnswer)
	}
	var infos []peer.AddrInfo
	for _, p := range seeds {
		infos = append(infos, peer.AddrInfo{ID: p})
	}
	l := newLookup(self, target, k, infos)
	var air, order []peer.ID
	for !l.done() || len(air) > 0 {
		for len(air) < 6 && !l.done() {
			info, ok := l.next(func(peer.ID) time.Duration { return time.Duration(m.rng.IntN(100)) })
			if !ok {
				break
			}
			if slices.Contains(order, info.ID) || info.ID == self {
				t.Fatalf("asked %s twice, or itself", info.ID)
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

func (m *model) end(l *lookup, p peer.ID, closer []peer.ID, how fate) {
	if how == isSilent || how == isSlow {
		l.ranLate(p)
	}
	switch how {
	case answers, isSlow:
		var infos []peer.AddrInfo
		for _, q := range closer {
			infos = append(infos, peer.AddrInfo{ID: q})
		}
		l.gotAnswer(p, infos)
	default:
		l.gotNothing(p, how == lies)
	}
}

func targetOf(n uint64) position { return positionOfPeer(modelPeer(n | 1<<63)) }

// In a sound network of any size a lookup ends on exactly the k nearest.
func TestLookupFindsTheNearest(t *testing.T) {
	for _, n := range []int{1, 2, 5, 20, 21, 60, 300, 1000} {
		m := newModel(uint64(n), n)
		most := 0
		for i := range uint64(20) {
			l, order := m.run(t, targetOf(i), 20)
			want := nearestTo(targetOf(i), m.peers[1:], 20)
			if !slices.Equal(l.closest(), want) {
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
			bad := make(map[peer.ID]bool)
			for _, p := range m.peers[1:] {
				bad[p] = m.rng.IntN(100) < percent
			}
			m.answer = func(m *model, p peer.ID, target position) ([]peer.ID, fate) {
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
					if (!bad[p] || how == isSlow) && !slices.Contains(l.closest(), p) {
						missed++
					}
				}
				if len(l.closest()) != 20 {
					t.Errorf("fate %d, %d %% bad: ended on %d", how, percent, len(l.closest()))
				}
			}
			if missed > 2 {
				t.Errorf("fate %d, %d %% bad: %d of the nearest missed", how, percent, missed)
			}
		}
	}
}

// A4: the three nearest answer at once with neither values nor peers. The lookup
// goes on to the k nearest.
func TestLookupIsNotEndedEarly(t *testing.T) {
	m := newModel(4, 200)
	target := targetOf(1)
	sybils := nearestTo(target, m.peers[1:], 3)
	m.answer = func(m *model, p peer.ID, target position) ([]peer.ID, fate) {
		if slices.Contains(sybils, p) {
			return nil, answers
		}
		return m.honest(p, target)
	}
	seeds := append(slices.Clone(sybils), m.peers[5], m.peers[6])
	l, _ := m.run(t, target, 20, seeds...)
	if got, want := l.closest(), nearestTo(target, m.peers[1:], 20); !slices.Equal(got, want) {
		t.Errorf("ended on %d peers that are not the nearest", len(got))
	}
}

// Hostile peers name crowds that do not exist, always nearer than anything else:
// the lookup ends, within its bounds, on the honest ones.
func TestLookupSurvivesInventedPeers(t *testing.T) {
	for _, how := range []fate{fails, isSilent} {
		m := newModel(6, 300)
		target := targetOf(9)
		real := make(map[peer.ID]bool)
		hostile := make(map[peer.ID]bool)
		for i, p := range m.peers {
			real[p] = true
			hostile[p] = i%5 == 1
		}
		var invented []peer.ID // the nearest of many, as if ground
		for i := range uint64(20_000) {
			invented = append(invented, modelPeer(1<<62|i))
		}
		invented = nearestTo(target, invented, 1000)
		m.answer = func(m *model, p peer.ID, target position) ([]peer.ID, fate) {
			switch {
			case !real[p]:
				return nil, how
			case hostile[p]:
				i := m.rng.IntN(len(invented) / 4) // the nearest ones mostly
				return invented[i:min(i+500, len(invented))], answers
			}
			return m.honest(p, target)
		}
		var honest []peer.ID
		for _, p := range m.peers[1:] {
			if !hostile[p] {
				honest = append(honest, p)
			}
		}
		l, order := m.run(t, target, 20)
		got := l.closest()
		missed := 0
		for _, p := range nearestTo(target, honest, 15) {
			if !slices.Contains(got, p) {
				missed++
			}
		}
		if !l.done() || len(got) != 20 || missed > 0 {
			t.Errorf("fate %d: done %v, %d closest, %d of the 15 nearest honest missed, %d asked", how, l.done(), len(got), missed, len(order))
		}
	}
}

func TestLookupStates(t *testing.T) {
	m := newModel(3, 10)
	a, b, c := m.peers[1], m.peers[2], m.peers[3]
	l := newLookup(m.peers[0], targetOf(1), 2, []peer.AddrInfo{{ID: a}, {ID: b}, {ID: c}, {ID: m.peers[0]}})
	if l.done() || len(l.order) != 3 {
		t.Fatal("done before it began, or it would ask itself")
	}
	first, _ := l.next(nil)
	second, _ := l.next(nil)
	if _, ok := l.next(nil); ok {
		t.Fatal("more than k in the air without need")
	}
	l.ranLate(first.ID)
	third, ok := l.next(nil)
	if !ok {
		t.Fatal("a late peer holds up the lookup")
	}
	l.gotAnswer(second.ID, nil)
	l.gotAnswer(third.ID, nil)
	if !l.done() || !slices.Equal(l.stragglers(), []peer.ID{first.ID}) {
		t.Fatalf("done %v, stragglers %v", l.done(), l.stragglers())
	}
	l.gotAnswer(first.ID, nil)
	if got := l.closest(); len(got) != 2 || got[0] != first.ID || len(l.stragglers()) != 0 {
		t.Fatalf("the late answer does not count: %v", got)
	}
	l.gotNothing(first.ID, true) // not in the air any more: ignored
	l.gotAnswer(modelPeer(77), []peer.AddrInfo{{ID: modelPeer(78)}})
	if len(l.closest()) != 2 || len(l.order) != 3 {
		t.Fatal("an answer that nobody asked for counts")
	}
	if got := l.alive(); len(got) != 3 {
		t.Fatalf("%d alive", len(got))
	}
}

func TestLookupRoomIsBounded(t *testing.T) {
	l := newLookup(modelPeer(0), targetOf(1), 20, []peer.AddrInfo{{ID: modelPeer(1)}})
	l.next(nil)
	var crowd []peer.AddrInfo
	for i := range uint64(3 * maxCandidates) {
		crowd = append(crowd, peer.AddrInfo{ID: modelPeer(2 + i)})
	}
	l.gotAnswer(modelPeer(1), crowd)
	if len(l.order) != 1+maxPerAnswer {
		t.Fatalf("%d candidates from one answer", len(l.order))
	}
	for _, info := range crowd {
		l.add(info, nil)
	}
	if len(l.order) != maxCandidates || len(l.known) != maxCandidates {
		t.Fatalf("%d candidates, %d known", len(l.order), len(l.known))
	}
	ids := []peer.ID{modelPeer(1)}
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
	var zero, one position
	one[31] = 1
	top := position{0x80}
	if zero.to(zero).bits() != 0 || zero.to(one).bits() != 1 || zero.to(top).bits() != 256 {
		t.Error("bits")
	}
	if one.compare(top) >= 0 || top.compare(top) != 0 {
		t.Error("compare")
	}
}
