package view

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// mark is the beginning of a position. Nobody finds two peers that share one.
type mark uint64

func markOf(p lookup.Position) mark { return mark(binary.BigEndian.Uint64(p[:])) }

// entry is a peer on a shelf.
type entry[ID comparable, Addr any] struct {
	at      mark
	id      ID
	addr    Addr
	met     uint32 // when it became a member, in seconds; of a hint, when it was named
	seen    uint32 // the last talk
	source  uint16 // who named it, of a hint
	doubter uint16 // who said that it is gone, one more than the source's number; 0: nobody
	strikes uint8
	rtt     uint8 // as in Peer
	words
}

// shelf keeps entries in the order of their positions, at most max of them: dense
// around own, and a sample of the rest.
type shelf[ID comparable, Addr any] struct {
	buckets [256][]entry[ID, Addr] // by the first byte
	n       int
	max     int
	own     mark
	secret  uint64
	dense   int // bits to share with own, from which everybody is kept
	thin    int // of the rest one in 2^thin is kept
}

// find says where the entry at m is, or belongs.
func (s *shelf[ID, Addr]) find(m mark) (bucket, i int, ok bool) {
	bucket = int(m >> 56)
	i, ok = slices.BinarySearchFunc(s.buckets[bucket], m, func(e entry[ID, Addr], m mark) int {
		switch {
		case e.at < m:
			return -1
		case e.at > m:
			return 1
		}
		return 0
	})
	return bucket, i, ok
}

// get returns the entry at m, which the caller may change until the next insert or
// remove; nil where there is none.
func (s *shelf[ID, Addr]) get(m mark) *entry[ID, Addr] {
	bucket, i, ok := s.find(m)
	if !ok {
		return nil
	}
	return &s.buckets[bucket][i]
}

// insert puts an entry in its place, and makes room where all is full. It reports
// whether the entry is kept.
func (s *shelf[ID, Addr]) insert(e entry[ID, Addr]) bool {
	for s.wanted(e.at) && s.n >= s.max {
		if s.max == 0 || !s.tighten() {
			return false
		}
	}
	if !s.wanted(e.at) {
		return false
	}
	b, i, ok := s.find(e.at)
	if ok {
		return false
	}
	if all := s.buckets[b]; len(all) == cap(all) {
		s.buckets[b] = append(make([]entry[ID, Addr], 0, len(all)+max(2, len(all)/16)), all...)
	}
	s.buckets[b] = slices.Insert(s.buckets[b], i, e)
	s.n++
	return true
}

// remove takes the entry at m away.
func (s *shelf[ID, Addr]) remove(m mark) {
	b, i, ok := s.find(m)
	if !ok {
		return
	}
	s.buckets[b] = slices.Delete(s.buckets[b], i, i+1)
	s.n--
	s.shrink(b)
	if s.n < s.max/4 {
		s.relax()
	}
}

// drop takes all entries away that unwanted names.
func (s *shelf[ID, Addr]) drop(unwanted func(*entry[ID, Addr]) bool) {
	for b := range s.buckets {
		before := len(s.buckets[b])
		s.buckets[b] = slices.DeleteFunc(s.buckets[b], func(e entry[ID, Addr]) bool { return unwanted(&e) })
		s.n -= before - len(s.buckets[b])
		s.shrink(b)
	}
}

// shrink gives back room that a bucket does not need.
func (s *shelf[ID, Addr]) shrink(b int) {
	if all := s.buckets[b]; cap(all) > 2*len(all)+8 {
		s.buckets[b] = slices.Clip(slices.Clone(all))
	}
}

// wanted reports whether somebody at m is kept as things stand.
func (s *shelf[ID, Addr]) wanted(m mark) bool {
	return shared(s.own, m) >= s.dense || mix(uint64(m)^s.secret)>>(64-s.thin) == 0 // a shift by 64 gives 0
}

// tighten makes room: of the dense part and the sample, the larger one becomes half
// as large. False where nothing is left to give up.
func (s *shelf[ID, Addr]) tighten() bool {
	near := 0
	s.each(func(e *entry[ID, Addr]) bool {
		if shared(s.own, e.at) >= s.dense {
			near++
		}
		return true
	})
	switch {
	case s.dense == 64 && s.thin == 64:
		return false
	case 2*near > s.n && s.dense < 64 || s.thin == 64:
		s.dense++
	default:
		s.thin++
	}
	s.drop(func(e *entry[ID, Addr]) bool { return !s.wanted(e.at) })
	return true
}

// relax makes the shelf take more again, now that there is room.
func (s *shelf[ID, Addr]) relax() {
	if s.thin > 0 {
		s.thin--
	}
	if s.dense > 0 && s.thin == 0 {
		s.dense--
	}
}

// fit makes it so that no more than limit are kept.
func (s *shelf[ID, Addr]) fit(limit int) {
	s.max = max(0, limit)
	for s.n > s.max && s.tighten() {
	}
}

// each visits all entries, by position, until visit says false.
func (s *shelf[ID, Addr]) each(visit func(*entry[ID, Addr]) bool) {
	for b := range s.buckets {
		for i := range s.buckets[b] {
			if !visit(&s.buckets[b][i]) {
				return
			}
		}
	}
}

// nearest returns up to n entries nearest to a target, of those at least so far from
// it and that keep accepts; nil accepts all.
func (s *shelf[ID, Addr]) nearest(target mark, n int, from mark, keep func(*entry[ID, Addr]) bool) []*entry[ID, Addr] {
	var out []*entry[ID, Addr]
	for first := int(from >> 56); first < 256 && len(out) < n; first++ {
		begin := len(out)
		bucket := s.buckets[int(target>>56)^first]
		for i := range bucket {
			if e := &bucket[i]; e.at^target >= from && (keep == nil || keep(e)) {
				out = append(out, e)
			}
		}
		slices.SortFunc(out[begin:], func(a, b *entry[ID, Addr]) int {
			if a.at^target < b.at^target {
				return -1
			}
			return 1
		})
	}
	return out[:min(n, len(out))]
}

// shared is how many leading bits two positions have in common.
func shared(a, b mark) int { return bits.LeadingZeros64(uint64(a ^ b)) }

// mix makes every bit of x count in every bit of the result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
