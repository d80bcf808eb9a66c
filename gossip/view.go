package gossip

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// keys are the secrets of one session: fresh, and drawn by both sides together.
type keys struct {
	items   [16]byte
	symbols riblt.Key
}

const keysDomain = "cairn-sync/1 keys"

func sessionKeys(client, server nonce) keys {
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

// shortName is the name of a fact in lists and wants.
func shortName(hash uint64) (it riblt.Item) {
	binary.BigEndian.PutUint64(it[:hashSize], hash)
	return it
}

// A view is a snapshot under the keys of one session. To make one takes work that
// grows with the set.
type view struct {
	facts  []records.Fact
	keys   keys
	hashed []riblt.Item // of facts, in the same order
}

func newView(facts []records.Fact, k keys) *view {
	v := &view{facts: facts, keys: k, hashed: make([]riblt.Item, len(facts))}
	for i, f := range facts {
		v.hashed[i] = k.item(f.Item())
	}
	return v
}

// short returns the short hash of any fact.
func (v *view) short(f records.Fact) uint64 { return short(v.keys.item(f.Item())) }

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
	missing []riblt.Item   // names of what the describer has and we lack, ascending
	extra   []records.Fact // what we have and the describer lacks
	partial bool           // there is more of it than one session may handle
}

func (d *difference) empty() bool { return len(d.missing) == 0 && len(d.extra) == 0 && !d.partial }

// A merge compares the view with a list that arrives in ascending stretches.
type merge struct {
	view *view
	refs []ref // those not passed by the list yet
	diff difference
	last uint64
	seen bool
}

func (v *view) merge() *merge { return &merge{view: v, refs: v.sorted()} }

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
			m.diff.missing = append(m.diff.missing, shortName(h))
		default:
			m.diff.partial = true
		}
	}
	return nil
}

// skip passes what the list does not have: all refs below h.
func (m *merge) skip(h uint64) {
	for len(m.refs) > 0 && m.refs[0].hash < h {
		m.diff.extra = append(m.diff.extra, m.view.facts[m.refs[0].index])
		m.refs = m.refs[1:]
	}
}

// finish ends the list.
func (m *merge) finish() difference {
	for _, r := range m.refs {
		m.diff.extra = append(m.diff.extra, m.view.facts[r.index])
	}
	m.refs = nil
	return m.diff
}

// locate turns what a decoder found into a difference. What contradicts the view
// is junk: a missing item that we have, or an extra one that we lack.
func (v *view) locate(missing, extra []riblt.Item) (difference, error) {
	d := difference{missing: make([]riblt.Item, len(missing)), extra: make([]records.Fact, 0, len(extra))}
	lacking, having := make(map[riblt.Item]bool, len(missing)), make(map[riblt.Item]bool, len(extra))
	for i, it := range missing {
		d.missing[i], lacking[it] = shortName(short(it)), true
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
			d.extra = append(d.extra, v.facts[i])
		}
	}
	slices.SortFunc(d.missing, compareItems)
	if n := len(slices.Compact(d.missing)); n != len(missing) || len(d.extra) != len(extra) {
		return d, junkf("symbols of no set")
	}
	return d, nil
}

// find returns the facts that are asked for by these names. ok is false if there is
// none by one of them.
func (v *view) find(names []riblt.Item) (facts []records.Fact, ok bool) {
	wanted := make(map[riblt.Item]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	found := 0
	for i, it := range v.hashed {
		name := shortName(short(it))
		first, asked := wanted[name]
		if first {
			found++
			wanted[name] = false
		}
		if asked {
			facts = append(facts, v.facts[i])
		}
	}
	return facts, found == len(names)
}
