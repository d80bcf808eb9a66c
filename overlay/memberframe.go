package overlay

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/multiformats/go-varint"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/overlay/view"
)

// The frames of docs/spec/005-members.md, whose numbers these are.
const (
	memberPage = 1
	memberNews = 2

	maxPage         = 256                             // members in a reply, at most, and departures
	maxMemberAsk    = 64 + 16 + view.MaxFilterSize    // bytes
	maxMemberReply  = maxPage*(1+32+16+2+1+8) + 8 + 8 // bytes
	maxNewsSince    = 3600                            // seconds
	memberSize      = 1 + 32 + 4 + 2 + 1              // bytes of one with an IPv4 address
	departureLength = 8
)

var errMemberFrame = errors.New("malformed frame of members")

// memberAsk asks for members.
type memberAsk struct {
	kind  byte
	limit uint64
	known view.Filter // leave these out

	target lookup.Position // of a page: nearest to it,
	from   uint64          // at least so far from it
	since  uint64          // of news: seconds ago
}

// memberReply names them.
type memberReply struct {
	members []member
	next    uint64   // where the next page begins, 0: nowhere
	gone    []uint64 // positions
}

func (a memberAsk) encode() []byte {
	b := binary.AppendUvarint([]byte{a.kind}, a.limit)
	b = binary.AppendUvarint(b, uint64(len(a.known.Bits)))
	if len(a.known.Bits) > 0 {
		b = append(binary.BigEndian.AppendUint64(b, a.known.Salt), a.known.Bits...)
	}
	if a.kind == memberPage {
		return binary.BigEndian.AppendUint64(append(b, a.target[:]...), a.from)
	}
	return binary.AppendUvarint(b, a.since)
}

func decodeMemberAsk(b []byte) (a memberAsk, err error) {
	r := frameReader{b: b}
	a.kind = r.byte()
	a.limit = r.uvarint(maxPage)
	if n := r.uvarint(view.MaxFilterSize); n > 0 {
		a.known.Salt = r.uint64()
		a.known.Bits = r.bytes(int(n))
	}
	switch a.kind {
	case memberPage:
		copy(a.target[:], r.bytes(len(a.target)))
		a.from = r.uint64()
	case memberNews:
		a.since = r.uvarint(maxNewsSince)
	default:
		r.bad = true
	}
	return a, r.end()
}

func (m memberReply) encode() []byte {
	b := make([]byte, 0, 16+len(m.members)*memberSize+len(m.gone)*departureLength)
	b = binary.AppendUvarint(b, uint64(len(m.members)))
	for _, p := range m.members {
		b = append(append(b, byte(p.Addr.kind)), p.ID[:]...)
		if p.Addr.kind&doorIPv6 != 0 {
			b = append(b, p.Addr.ip[:]...)
		} else {
			b = append(b, p.Addr.ip[12:]...)
		}
		b = append(binary.BigEndian.AppendUint16(b, p.Addr.port), p.RTT)
	}
	b = binary.BigEndian.AppendUint64(b, m.next)
	b = binary.AppendUvarint(b, uint64(len(m.gone)))
	for _, at := range m.gone {
		b = binary.BigEndian.AppendUint64(b, at)
	}
	return b
}

func decodeMemberReply(b []byte) (m memberReply, err error) {
	r := frameReader{b: b}
	for range r.uvarint(maxPage) {
		if r.bad {
			break
		}
		m.members = append(m.members, r.member())
	}
	m.next = r.uint64()
	for range r.uvarint(maxPage) {
		if r.bad {
			break
		}
		m.gone = append(m.gone, r.uint64())
	}
	return m, r.end()
}

// frameReader reads a frame; what goes wrong shows at the end.
type frameReader struct {
	b   []byte
	bad bool
}

func (r *frameReader) member() (p member) {
	p.Addr.kind = doorKind(r.byte())
	copy(p.ID[:], r.bytes(len(p.ID)))
	if p.Addr.kind&doorIPv6 != 0 {
		copy(p.Addr.ip[:], r.bytes(16))
	} else {
		p.Addr.ip[10], p.Addr.ip[11] = 0xff, 0xff
		copy(p.Addr.ip[12:], r.bytes(4))
	}
	if port := r.bytes(2); port != nil {
		p.Addr.port = binary.BigEndian.Uint16(port)
	}
	p.RTT = r.byte()
	r.bad = r.bad || !p.Addr.valid()
	return p
}

// bytes returns the next n bytes, nil where there are fewer.
func (r *frameReader) bytes(n int) []byte {
	if r.bad || len(r.b) < n {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *frameReader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *frameReader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// uvarint reads a number in its shortest form that is at most most.
func (r *frameReader) uvarint(most uint64) uint64 {
	n, size, err := varint.FromUvarint(r.b)
	if r.bad || err != nil || n > most {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *frameReader) end() error {
	if r.bad || len(r.b) > 0 {
		return errMemberFrame
	}
	return nil
}

// writeFrame writes a length and a body.
func writeFrame(w io.Writer, body []byte) error {
	_, err := w.Write(append(varint.ToUvarint(uint64(len(body))), body...))
	return err
}

// readBody reads one body of at most limit bytes.
func readBody(r varintReader, limit int) ([]byte, error) {
	n, err := varint.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if n > uint64(limit) {
		return nil, errFrameTooLarge
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return b, err
}

type varintReader interface {
	io.Reader
	io.ByteReader
}
