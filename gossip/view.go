package gossip

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"weak"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// A snapshot is the fact set at one moment, with what reconciliation compares of
// each fact. It is immutable and shared by sessions.
type snapshot struct {
	facts []records.Fact
	items [][32]byte
}

// generation names the state of the set: a set that only grows is told by its size.
func (s *snapshot) generation() uint64 { return uint64(len(s.facts)) }

// snapshots hands out the latest snapshot. It keeps one only as long as a session
// or the garbage collector does, since at ten million facts it takes 400 MB.
type snapshots struct {
	set  *records.FactSet
	mu   sync.Mutex // held while a snapshot is made, so that sessions share it
	last weak.Pointer[snapshot]
}

// generation is that of a snapshot taken now.
func (c *snapshots) generation() uint64 { return uint64(c.set.Len()) }

func (c *snapshots) take() *snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.last.Value(); s != nil && s.generation() == c.generation() {
		return s
	}
	s := &snapshot{facts: slices.AppendSeq(make([]records.Fact, 0, c.set.Len()), c.set.All())}
	s.items = make([][32]byte, len(s.facts))
	for i, f := range s.facts {
		s.items[i] = records.FactItem(f)
	}
	c.last = weak.Make(s)
	return s
}

// keys are the secrets of one session: fresh, and drawn by both sides together.
type keys struct {
	items   [16]byte
	symbols riblt.Key
}

const keysDomain = "cairn-sync/1 keys"

func sessionKeys(client, server [16]byte) keys {
	b := append([]byte(keysDomain), client[:]...)
	sum := sha256.Sum256(append(b, server[:]...))
	return keys{items: [16]byte(sum[:16]), symbols: riblt.Key(sum[16:])}
}

// item is what stands for a fact in one session.
func (k keys) item(fact [32]byte) riblt.Item {
	var b [48]byte
	copy(b[:], k.items[:])
	copy(b[16:], fact[:])
	sum := sha256.Sum256(b[:])
	return riblt.Item(sum[:16])
}

// short is the short hash of an item.
func short(it riblt.Item) uint64 { return binary.BigEndian.Uint64(it[:hashSize]) }

// A view is a snapshot under the keys of one session.
type view struct {
	*snapshot
	keys   keys
	hashed []riblt.Item // of facts, in the same order
	sum    uint64       // XOR of their short hashes
}

func newView(s *snapshot, k keys) *view {
	v := &view{snapshot: s, keys: k, hashed: make([]riblt.Item, len(s.items))}
	for i, it := range s.items {
		v.hashed[i] = k.item(it)
		v.sum ^= short(v.hashed[i])
	}
	return v
}

// short returns the short hash of any fact.
func (v *view) short(f records.Fact) uint64 { return short(v.keys.item(records.FactItem(f))) }

// ref is a fact's short hash and its place in the view.
type ref struct {
	hash  uint64
	index uint32
}

// sorted returns the view in the order of short hashes.
func (v *view) sorted() []ref {
	refs := make([]ref, len(v.hashed))
	for i, it := range v.hashed {
		refs[i] = ref{short(it), uint32(i)}
	}
	slices.SortFunc(refs, func(a, b ref) int { return cmp.Compare(a.hash, b.hash) })
	return refs
}

// difference is what a solver finds out.
type difference struct {
	missing []uint64 // short hashes of what the describer has and we lack, ascending
	extra   []uint32 // places of what we have and the describer lacks
	partial bool     // there is more of it than one session may handle
}

func (d *difference) empty() bool { return len(d.missing) == 0 && len(d.extra) == 0 && !d.partial }

// everything is the difference to an empty set.
func (v *view) everything() difference {
	d := difference{extra: make([]uint32, len(v.facts))}
	for i := range d.extra {
		d.extra[i] = uint32(i)
	}
	return d
}

// A merge compares the view with a list that arrives in ascending stretches.
type merge struct {
	refs []ref // those not passed by the list yet
	diff difference
	last uint64
	seen bool
}

func (v *view) merge() *merge { return &merge{refs: v.sorted()} }

// add takes the next stretch of the list.
func (m *merge) add(hashes []uint64) error {
	for _, h := range hashes {
		if m.seen && h <= m.last {
			return junkf("list does not ascend")
		}
		m.last, m.seen = h, true
		m.skip(h)
		held := false
		for len(m.refs) > 0 && m.refs[0].hash == h {
			m.refs, held = m.refs[1:], true
		}
		switch {
		case held:
		case len(m.diff.missing) < maxWanted:
			m.diff.missing = append(m.diff.missing, h)
		default:
			m.diff.partial = true
		}
	}
	return nil
}

// skip passes what the list does not have: all refs below h.
func (m *merge) skip(h uint64) {
	for len(m.refs) > 0 && m.refs[0].hash < h {
		m.diff.extra = append(m.diff.extra, m.refs[0].index)
		m.refs = m.refs[1:]
	}
}

// finish ends the list.
func (m *merge) finish() difference {
	for _, r := range m.refs {
		m.diff.extra = append(m.diff.extra, r.index)
	}
	m.refs = nil
	return m.diff
}

// locate turns what a decoder found into a difference. What contradicts the view
// is junk: a missing item that we have, or an extra one that we lack.
func (v *view) locate(missing, extra []riblt.Item) (difference, error) {
	d := difference{missing: make([]uint64, len(missing)), extra: make([]uint32, 0, len(extra))}
	lacking, having := make(map[riblt.Item]bool, len(missing)), make(map[riblt.Item]bool, len(extra))
	for i, it := range missing {
		d.missing[i], lacking[it] = short(it), true
	}
	for _, it := range extra {
		having[it] = true
	}
	if len(missing)+len(extra) == 0 {
		return d, nil
	}
	for i, it := range v.hashed {
		if lacking[it] {
			return d, junkf("symbols lack a fact of ours and have it")
		}
		if having[it] {
			d.extra = append(d.extra, uint32(i))
		}
	}
	slices.Sort(d.missing)
	if n := len(slices.Compact(d.missing)); n != len(missing) || len(d.extra) != len(extra) {
		return d, junkf("symbols of no set")
	}
	return d, nil
}
