package records

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Kind says what a header stands for.
type Kind uint8

// The kinds of headers. Their numbers are part of the wire format.
const (
	KindAgent Kind = 1 // an agent: the body is a Genesis
	KindGrant Kind = 2 // a delegation
	KindClaim Kind = 3 // a proof of capability
	KindRealm Kind = 4 // reserved for realm registrations
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case KindAgent:
		return "agent"
	case KindGrant:
		return "grant"
	case KindClaim:
		return "claim"
	case KindRealm:
		return "realm"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

const (
	// MaxLocks bounds the locks of a header; it has at least one.
	MaxLocks = 3
	// MinEnd is the least `end` of a header, in Unix seconds (2^16), so that the
	// field always takes five bytes.
	MinEnd = 1 << 16
	// DefaultLife is the time from making an agent to its header's end.
	DefaultLife = 365 * 24 * time.Hour
	// MaxLife bounds a header's end: a record is valid only if the end is at most
	// this long after its issue.
	MaxLife = 10 * 365 * 24 * time.Hour

	headerFixed = 42 // bytes before the first lock
	lockField   = 34 // one lock with its CBOR head
)

// Header is what everything revocable hangs on: [kind, end, body, locks]. It is a
// plain value; its ID is the hash of its canonical bytes.
type Header struct {
	Kind  Kind
	End   uint32     // Unix second after which nothing of it is valid
	Body  [32]byte   // SHA-256 of the canonical bytes of the rest (an agent: its Genesis)
	Locks [][32]byte // 1 to 3, strictly ascending
}

// NewHeader makes a header whose locks open with the given secrets (1 to 3, all
// different, none of them zero: an all-zero secret was forgotten, not drawn, and
// any stranger would guess it). end is a Unix second between 2^16 and 2^32-1.
func NewHeader(kind Kind, end uint32, body [32]byte, secrets ...Secret) (Header, error) {
	h := Header{Kind: kind, End: end, Body: body}
	for _, s := range secrets {
		if s == (Secret{}) {
			return Header{}, fmt.Errorf("header: %w: a secret is all zero", ErrMalformed)
		}
		h.Locks = append(h.Locks, h.lock(s))
	}
	slices.SortFunc(h.Locks, compareLocks)
	if err := h.check(); err != nil {
		return Header{}, err
	}
	return h, nil
}

func compareLocks(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }

// check reports the first broken rule of the header's form.
func (h Header) check() error {
	if h.Kind < KindAgent || h.Kind > KindRealm {
		return fmt.Errorf("header: %w: %s", ErrMalformed, h.Kind)
	}
	if h.End < MinEnd {
		return fmt.Errorf("header: %w: end %d is before 2^16", ErrMalformed, h.End)
	}
	if len(h.Locks) < 1 || len(h.Locks) > MaxLocks {
		return fmt.Errorf("header: %w: %d locks, want 1 to %d", ErrMalformed, len(h.Locks), MaxLocks)
	}
	for i := 1; i < len(h.Locks); i++ {
		if bytes.Compare(h.Locks[i-1][:], h.Locks[i][:]) >= 0 {
			return fmt.Errorf("header: %w: locks are not strictly ascending", ErrMalformed)
		}
	}
	return nil
}

// OpenHeader decodes canonical header bytes: 76, 110 or 144 of them.
func OpenHeader(b []byte) (Header, error) { return readHeader(string(b), nil) }

// readHeader is OpenHeader. The locks go where there is room for them.
func readHeader(s string, locks [][32]byte) (Header, error) {
	h, rest, err := parseHeader(s, locks)
	if err != nil {
		return Header{}, err
	}
	if len(rest) != 0 {
		return Header{}, fmt.Errorf("header: %w: %d trailing bytes", ErrMalformed, len(rest))
	}
	if err := h.check(); err != nil {
		return Header{}, err
	}
	return h, nil
}

// parseHeader reads the fixed layout without judging the order of the locks,
// since in a tombstone one of them is a secret.
func parseHeader(s string, locks [][32]byte) (h Header, rest string, err error) {
	if len(s) < headerFixed+lockField {
		return h, "", fmt.Errorf("header: %w: %d bytes are too few", ErrMalformed, len(s))
	}
	n := int(s[headerFixed-1]) - 0x80
	if s[0] != 0x84 || s[2] != 0x1a || s[7] != 0x58 || s[8] != 0x20 || n < 1 || n > MaxLocks {
		return h, "", fmt.Errorf("header: %w: not [kind, end, body, locks]", ErrMalformed)
	}
	size := headerFixed + n*lockField
	if len(s) < size {
		return h, "", fmt.Errorf("header: %w: cut short", ErrMalformed)
	}
	h.Kind = Kind(s[1])
	h.End = uint32(s[3])<<24 | uint32(s[4])<<16 | uint32(s[5])<<8 | uint32(s[6])
	copy(h.Body[:], s[9:41])
	for i := range n {
		f := s[headerFixed+i*lockField:]
		if f[0] != 0x58 || f[1] != 0x20 {
			return h, "", fmt.Errorf("header: %w: lock %d is not 32 bytes", ErrMalformed, i)
		}
		locks = append(locks, [32]byte([]byte(f[2:lockField])))
	}
	h.Locks = locks
	return h, s[size:], nil
}

// Bytes returns the canonical encoding of a header that NewHeader or OpenHeader
// gave; of one that breaks their rules it is bytes that no Open accepts.
func (h Header) Bytes() []byte { return h.append(nil) }

func (h Header) append(b []byte) []byte {
	b = append(b, 0x84, byte(h.Kind), 0x1a)
	b = binary.BigEndian.AppendUint32(b, h.End)
	b = append(b, 0x58, 0x20)
	b = append(b, h.Body[:]...)
	b = append(b, 0x80+byte(len(h.Locks)))
	for _, l := range h.Locks {
		b = append(b, 0x58, 0x20)
		b = append(b, l[:]...)
	}
	return b
}

// ID returns the hash of the header: the name of the agent, grant or claim.
func (h Header) ID() AgentID { return idOf(h.Bytes()) }

// clone returns a header that shares no memory with h.
func (h Header) clone() Header {
	h.Locks = slices.Clone(h.Locks)
	return h
}

// EndTime returns the instant after which nothing of the header is valid.
func (h Header) EndTime() time.Time { return time.Unix(int64(h.End), 0).UTC() }
