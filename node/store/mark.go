package store

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// row is what the mark table says of one agent: the highest rank seen, and the
// record held, if one is.
type row struct {
	mark     records.Mark
	seen     time.Time    // last sighting: the later of the reader's time and the record's issue
	notAfter time.Time    // end of the lease of the record held
	size     uint32       // bytes of the record held; 0 where none is
	own      bool         // the record is of an own agent
	from     netip.Prefix // where the record came from: a /24, a /48, or unknown
}

// rowSize is rotation (8) | sequence (8) | digest (32) | seen (8, microseconds) |
// lease end (8, microseconds) | size (4) | flags (1: own, 2: from an IPv4 /24, 4: from an IPv6
// /48). Where it is known where the record came from, the 3 or 6 bytes of that are behind.
const rowSize = 8 + 8 + 32 + 8 + 8 + 4 + 1

const (
	flagOwn byte = 1 << iota
	flagFrom4
	flagFrom6
)

func (r row) encode() []byte {
	b := make([]byte, 0, rowSize)
	b = binary.BigEndian.AppendUint64(b, r.mark.Rotation)
	b = binary.BigEndian.AppendUint64(b, r.mark.Sequence)
	b = append(b, r.mark.Digest[:]...)
	b = appendTime(b, r.seen)
	b = appendTime(b, r.notAfter)
	b = binary.BigEndian.AppendUint32(b, r.size)
	switch flags, at := bit(r.own), r.from.Addr(); {
	case at.Is4():
		a := at.As4()
		return append(append(b, flags|flagFrom4), a[:3]...)
	case at.Is6():
		a := at.As16()
		return append(append(b, flags|flagFrom6), a[:6]...)
	default:
		return append(b, flags)
	}
}

// decodeFrom reads where a record came from, of a row's flags and what is behind them.
func decodeFrom(flags byte, b []byte) (from netip.Prefix, ok bool) {
	switch {
	case flags&^flagOwn == 0:
		return from, len(b) == 0
	case flags&^flagOwn == flagFrom4 && len(b) == 3:
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{b[0], b[1], b[2]}), 24), true
	case flags&^flagOwn == flagFrom6 && len(b) == 6:
		var a [16]byte
		copy(a[:], b)
		return netip.PrefixFrom(netip.AddrFrom16(a), 48), true
	}
	return from, false
}

func decodeRow(b []byte) (r row, err error) {
	if len(b) < rowSize {
		return r, fmt.Errorf("%w: a mark of %d bytes", ErrCorrupt, len(b))
	}
	var ok bool
	if r.from, ok = decodeFrom(b[rowSize-1], b[rowSize:]); !ok {
		return r, fmt.Errorf("%w: a mark of %d bytes", ErrCorrupt, len(b))
	}
	r.mark.Rotation = binary.BigEndian.Uint64(b)
	r.mark.Sequence = binary.BigEndian.Uint64(b[8:])
	r.mark.Digest = [32]byte(b[16:48])
	r.seen = readTime(b[48:])
	r.notAfter = readTime(b[56:])
	r.size = binary.BigEndian.Uint32(b[64:])
	r.own = b[68]&flagOwn != 0
	if r.mark.IsZero() {
		return r, fmt.Errorf("%w: a mark of nothing", ErrCorrupt)
	}
	return r, nil
}

// appendTime keeps a time to the microsecond.
func appendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t.UnixMicro()))
}

func readTime(b []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// Mark returns the highest rank seen of an agent, the zero Mark where none is
// remembered.
func (s *Store) Mark(id records.AgentID) (records.Mark, error) {
	return read(s, func() (records.Mark, error) {
		r, err := s.row(s.get, id)
		return r.mark, err
	})
}

// row reads the row of an agent; the zero row where there is none. Where the row is
// damaged, the record held still tells a rank.
func (s *Store) row(get getter, id records.AgentID) (row, error) {
	raw, err := get(agentKey(tableMark, id))
	if err != nil || raw == nil {
		return row{}, err
	}
	r, err := decodeRow(raw)
	if err == nil {
		return r, nil
	}
	s.damaged("mark of "+id.String(), err)
	rec, err := s.record(id)
	if err != nil || rec == nil {
		return row{}, err
	}
	return row{mark: rec.Mark(), seen: rec.NotAfter(), notAfter: rec.NotAfter(), size: uint32(rec.Size())}, nil
}
