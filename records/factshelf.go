package records

import (
	"encoding/binary"
	"fmt"
	"io"
)

// recentFacts is how many of the latest facts stay in memory though they are on the
// shelf: they are the ones that come again and that are passed on.
const recentFacts = 1 << 14

// maxOthers bounds the bytes in memory of facts on the shelf that are no tombstones.
const maxOthers = 8 << 20

// NewShelvedFactSet returns an empty set that keeps its older facts on a shelf. Whoever
// owns the shelf puts there what the set gets, and says so by Shelved.
func NewShelvedFactSet(shelf Shelf) *FactSet {
	s := NewFactSet()
	s.shelf = shelf
	return s
}

// Shelved says that the facts with numbers below n are on the shelf: the set may leave
// them there.
func (s *FactSet) Shelved(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for by := range s.unsure {
		if by < n {
			delete(s.unsure, by)
		}
	}
	recent := recentFacts
	if s.others.bytes > maxOthers {
		recent = 0
	}
	spare := (min(n, s.next) - recent - s.first) / roomSize
	if spare <= 0 {
		return
	}
	s.rooms = append([][]Tombstone(nil), s.rooms[spare:]...)
	s.first += spare * roomSize
	s.others.shelve(s.first)
}

// Replay takes a fact that is on the shelf with its number, which is at least Next; the
// numbers left out are of facts that were dropped. It is for filling a set before it is
// shared. It reports whether it said more than what was held, which it then replaces;
// else it counts as dropped.
func (s *FactSet) Replay(n int, f Fact) bool {
	id := f.ID()
	at, held := s.Find(id)
	s.Skip(n)
	s.next, s.first = n+1, n+1
	switch {
	case held == nil:
		part, tag := s.part(prefixOf(id))
		part.enter(tag, n)
	case Join(held, f) != f: // of two that contradict each other the proof is there, too
		s.gone++
		return false
	default:
		s.retire(s.slot(at, id), at, held, n)
	}
	s.bytes += f.Size()
	return true
}

// Skip says that the facts with numbers from Next on, below n, were dropped. Like Replay
// it is for filling a set.
func (s *FactSet) Skip(n int) {
	if n > s.next {
		s.gone += n - s.next
		s.next, s.first = n, n
	}
}

const (
	// maxSlots bounds the slots of a part of the index, as it is read.
	maxSlots = 1 << 26
	// firstSlots is for how many of them there is room before they are read: enough for a
	// set of ten million.
	firstSlots = 1 << 17
)

// WriteIndex writes what [OpenShelvedFactSet] needs to know of the facts with numbers
// below n, 9 to 14 bytes each: where the facts are, and the secret by which they are found.
func (s *FactSet) WriteIndex(w io.Writer, n int) error {
	b := binary.BigEndian.AppendUint64(nil, s.key[0])
	b = binary.BigEndian.AppendUint64(b, s.key[1])
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	b = binary.BigEndian.AppendUint64(b, uint64(s.sizeBelow(n)))
	for i := range s.index {
		b = s.appendPart(b, &s.index[i], n)
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return nil
}

// sizeBelow is the sum of Size over the facts with numbers below n, which are on the
// shelf.
func (s *FactSet) sizeBelow(n int) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	size := s.bytes
	for i := max(n, s.first); i < s.next; i++ {
		if f := s.inMemory(i); f != nil {
			size -= f.Size()
		}
	}
	for by, was := range s.unsure {
		if by >= n && was.number < n {
			size += was.size
		}
	}
	return size
}

// appendPart encodes a part of the index, as far as it is of numbers below n.
func (s *FactSet) appendPart(b []byte, p *indexPart, n int) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b = binary.BigEndian.AppendUint64(b, uint64(len(p.slots)))
	for _, slot := range p.slots {
		if slot != 0 && slot != left {
			slot = s.below(slot, n)
		}
		b = binary.LittleEndian.AppendUint64(b, slot)
	}
	return b
}

// OpenShelvedFactSet returns the set of which WriteIndex wrote, on the same shelf. What
// it reads must be what was written: that it is not damaged is the caller's matter.
func OpenShelvedFactSet(shelf Shelf, r io.Reader) (*FactSet, error) {
	var head [32]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("index of facts: %w", err)
	}
	s := &FactSet{shelf: shelf}
	s.key = sipKey{binary.BigEndian.Uint64(head[:]), binary.BigEndian.Uint64(head[8:])}
	s.next = int(binary.BigEndian.Uint64(head[16:]))
	s.bytes = int(binary.BigEndian.Uint64(head[24:]))
	if s.next < 0 || s.next > lastNumber || s.bytes < 0 {
		return nil, fmt.Errorf("index of facts: %w: %d facts of %d bytes", ErrMalformed, s.next, s.bytes)
	}
	s.first, s.gone = s.next, s.next
	raw := make([]byte, 64<<10)
	for i := range s.index {
		if err := s.readPart(r, &s.index[i], raw); err != nil {
			return nil, fmt.Errorf("index of facts: %w", err)
		}
	}
	if s.gone < 0 {
		return nil, fmt.Errorf("index of facts: %w: more facts than have come", ErrMalformed)
	}
	return s, nil
}

// readPart reads one part, with room for some of it. It must have a free slot, or a search
// would not end.
func (s *FactSet) readPart(r io.Reader, p *indexPart, room []byte) error {
	if _, err := io.ReadFull(r, room[:8]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint64(room)
	if n > maxSlots {
		return fmt.Errorf("%w: %d slots", ErrMalformed, n)
	}
	for more := int(n); more > 0; {
		raw := room[:min(len(room), 8*more)]
		if _, err := io.ReadFull(r, raw); err != nil { // before there is room for more
			return err
		}
		more -= len(raw) / 8
		if p.slots == nil {
			p.slots = make([]uint64, 0, min(n, firstSlots))
		}
		if err := s.readSlots(p, raw); err != nil {
			return err
		}
	}
	if n > 0 && uint64(p.used) == n {
		return fmt.Errorf("%w: no free slot", ErrMalformed)
	}
	return nil
}

// readSlots appends slots to a part.
func (s *FactSet) readSlots(p *indexPart, raw []byte) error {
	for ; len(raw) > 0; raw = raw[8:] {
		slot := binary.LittleEndian.Uint64(raw)
		p.slots = append(p.slots, slot)
		if slot == 0 {
			continue
		}
		if p.used++; slot == left {
			continue
		}
		if number := int(slot & lastNumber); number == 0 || number > s.next {
			return fmt.Errorf("%w: fact %d of %d", ErrMalformed, number-1, s.next)
		}
		s.gone--
	}
	return nil
}
