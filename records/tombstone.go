package records

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// Tombstone is the final statement that a header's subject is revoked:
// [header with lock i replaced by its secret, i], 78, 112 or 146 bytes. It needs
// no signature and no clock, and nothing undoes it. Two tombstones of one subject
// are equal in meaning.
type Tombstone struct {
	kind   Kind
	locks  uint8 // of the header
	index  uint8 // of the lock that is open
	end    uint32
	body   [32]byte
	secret [32]byte
	more   *tombstoneRest // nil in a set of facts, where there is but one lock
}

// tombstoneRest is what follows from the rest, or is rarely there: without it a
// tombstone takes hardly more room than its bytes, and its ID is computed anew.
type tombstoneRest struct {
	id     AgentID
	closed [MaxLocks - 1][32]byte // the locks that are not open, in their order
}

const (
	// MinTombstoneSize and MaxTombstoneSize are the sizes with one and three locks.
	MinTombstoneSize = 78
	MaxTombstoneSize = 146
)

// OpenTombstone verifies canonical tombstone bytes: it recomputes the lock from
// the revealed secret, checks the order of the locks, and hashes the header to
// find the subject. Two hashes, no key, no clock.
func OpenTombstone(b []byte) (*Tombstone, error) {
	if len(b) < MinTombstoneSize || len(b) > MaxTombstoneSize || b[0] != 0x82 {
		return nil, fmt.Errorf("tombstone: %w: not [header, index] of %d to %d bytes", ErrMalformed, MinTombstoneSize, MaxTombstoneSize)
	}
	n := (len(b) - 2 - headerFixed) / lockField
	if 2+headerFixed+n*lockField != len(b) || b[headerFixed] != 0x80+byte(n) {
		return nil, fmt.Errorf("tombstone: %w: %d bytes", ErrMalformed, len(b))
	}
	i := int(b[len(b)-1])
	if i >= n {
		return nil, fmt.Errorf("tombstone: %w: lock %d of %d", ErrMalformed, i, n)
	}
	var buf [MaxTombstoneSize]byte
	header := append(buf[:0], b[1:len(b)-1]...)
	if err := restoreLock(header, i, n); err != nil {
		return nil, err
	}
	return newTombstone(b, n, AgentID{sha256.Sum256(header)}), nil
}

// newTombstone reads canonical bytes that are verified.
func newTombstone(b []byte, locks int, id AgentID) *Tombstone {
	room := &struct {
		Tombstone
		rest tombstoneRest
	}{}
	t := &room.Tombstone
	t.kind, t.locks, t.index = Kind(b[2]), uint8(locks), b[len(b)-1]
	t.end = binary.BigEndian.Uint32(b[4:8])
	copy(t.body[:], b[10:42])
	t.more = &room.rest
	t.more.id = id
	closed := t.more.closed[:0]
	for i := range locks {
		lock := [32]byte(b[1+headerFixed+i*lockField+2:])
		if i == int(t.index) {
			t.secret = lock
		} else {
			closed = append(closed, lock)
		}
	}
	return t
}

// append writes the canonical bytes.
func (t *Tombstone) append(b []byte) []byte {
	b = append(b, 0x82, 0x84, byte(t.kind), 0x1a)
	b = binary.BigEndian.AppendUint32(b, t.end)
	b = append(b, 0x58, 0x20)
	b = append(b, t.body[:]...)
	b = append(b, 0x80+t.locks)
	closed := 0
	for i := range t.locks {
		b = append(b, 0x58, 0x20)
		if i == t.index {
			b = append(b, t.secret[:]...)
		} else {
			b = append(b, t.more.closed[closed][:]...)
			closed++
		}
	}
	return append(b, t.index)
}

// held copies t to where it takes as little room as can be.
func (t *Tombstone) held(to *Tombstone) {
	*to = *t
	switch {
	case t.locks == 1:
		to.more = nil
	case t.more != nil:
		rest := *t.more
		to.more = &rest
	}
}

// restoreLock puts the lock back where header holds the secret, in place, and
// checks the layout and the order.
func restoreLock(header []byte, i, n int) error {
	if header[0] != 0x84 || header[2] != 0x1a || header[7] != 0x58 || header[8] != 0x20 {
		return fmt.Errorf("tombstone: %w: no header", ErrMalformed)
	}
	if k := Kind(header[1]); k < KindAgent || k > KindRealm {
		return fmt.Errorf("tombstone: %w: %s", ErrMalformed, k)
	}
	if header[3] == 0 && header[4] == 0 {
		return fmt.Errorf("tombstone: %w: end is before 2^16", ErrMalformed)
	}
	field := func(j int) []byte { return header[headerFixed+j*lockField+2 : headerFixed+(j+1)*lockField] }
	var info [len(lockDomain) + 1 + 8 + 32 + 32]byte
	in := append(info[:0], lockDomain...)
	if !weak.Off(weak.BoundLock) {
		in = append(in, header[1], 0, 0, 0, 0)
		in = append(in, header[3:7]...)
		in = append(in, header[9:41]...)
	}
	in = append(in, field(i)...)
	lock := sha256.Sum256(in)
	copy(field(i), lock[:])
	for j := range n {
		head := header[headerFixed+j*lockField:]
		if head[0] != 0x58 || head[1] != 0x20 {
			return fmt.Errorf("tombstone: %w: lock %d is not 32 bytes", ErrMalformed, j)
		}
		if j > 0 && bytes.Compare(field(j-1), field(j)) >= 0 {
			return fmt.Errorf("tombstone: %w: locks are not strictly ascending", ErrMalformed)
		}
	}
	return nil
}

// Reveal makes the tombstone of h with a secret that opens one of its locks, or
// says ErrWrongSecret.
func (h Header) Reveal(s Secret) (*Tombstone, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	i := slices.Index(h.Locks, h.lock(s))
	if i < 0 {
		return nil, fmt.Errorf("reveal: %w", ErrWrongSecret)
	}
	open := h
	open.Locks = slices.Clone(h.Locks)
	open.Locks[i] = s
	raw := append(open.append([]byte{0x82}), byte(i))
	return newTombstone(raw, len(open.Locks), h.ID()), nil
}

// ID returns the revoked subject.
func (t *Tombstone) ID() AgentID {
	if t.more != nil {
		return t.more.id
	}
	var room [MaxTombstoneSize]byte
	raw := t.append(room[:0])
	header := raw[1 : len(raw)-1]
	_ = restoreLock(header, int(t.index), int(t.locks)) // it was verified when t was made
	return AgentID{sha256.Sum256(header)}
}

// Bytes returns the canonical bytes, a fresh copy.
func (t *Tombstone) Bytes() []byte { return t.append(make([]byte, 0, t.Size())) }

// AppendBytes appends the canonical bytes.
func (t *Tombstone) AppendBytes(b []byte) []byte { return t.append(b) }

// Size returns the number of canonical bytes.
func (t *Tombstone) Size() int { return 2 + headerFixed + int(t.locks)*lockField }

// Kind returns what was revoked.
func (t *Tombstone) Kind() Kind { return t.kind }

// End returns the subject's own end: 30 days after it the tombstone may be
// forgotten, since nothing of the subject can be valid any more.
func (t *Tombstone) End() time.Time {
	return time.Unix(int64(t.end), 0).UTC()
}

func (t *Tombstone) value() {}
