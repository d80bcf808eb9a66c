package records

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/ipfs/go-cid"
)

const (
	// DIDPrefix stands before an AgentID's text in its DID form.
	DIDPrefix = "did:cairn:"
	// KeyNamespace is the namespace of agents' keys in the DHT.
	KeyNamespace = "cairn"

	keyPrefix  = "/" + KeyNamespace + "/"
	cidTextLen = 59
	cidLen     = len(cidPrefix) + 32
)

// cidPrefix is CIDv1, dag-cbor, sha2-256, 32 bytes: the only CID form of an ID.
const cidPrefix = "\x01\x71\x12\x20"

// textEncoding is multibase "b": RFC 4648 base32, lower case, no padding.
var textEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// AgentID names an agent: the SHA-256 of its header, in the form of a CIDv1
// (dag-cbor, sha2-256). Grants and claims, which are headers too, are named in
// the same form. It is comparable; the zero value names nothing.
type AgentID struct{ sum [32]byte }

// idOf hashes canonical header bytes.
func idOf(header []byte) AgentID { return AgentID{sha256.Sum256(header)} }

// ParseAgentID reads the text form "bafyrei..." (59 characters) or the DID form
// "did:cairn:bafyrei...". Every other form of CID, and every other DID method,
// is ErrMalformed with the reason.
func ParseAgentID(s string) (AgentID, error) {
	if rest, ok := strings.CutPrefix(s, DIDPrefix); ok {
		s = rest
	} else if strings.HasPrefix(s, "did:") {
		method, _, _ := strings.Cut(s[len("did:"):], ":")
		return AgentID{}, fmt.Errorf("agent id: %w: DID method %.32q is not cairn", ErrMalformed, method)
	}
	if len(s) != cidTextLen || s[0] != 'b' {
		return AgentID{}, fmt.Errorf("agent id %.80q: %w: want 59 characters that start with bafyrei%s", s, ErrMalformed, foreignCID(s))
	}
	var b [cidLen]byte
	if n, err := textEncoding.Decode(b[:], []byte(s[1:])); err != nil || n != cidLen {
		return AgentID{}, fmt.Errorf("agent id %q: %w: not lower-case base32", s, ErrMalformed)
	}
	id, err := AgentIDFromBytes(b[:])
	if err != nil {
		return AgentID{}, err
	}
	if text := id.text(); string(text[:]) != s {
		return AgentID{}, fmt.Errorf("agent id %q: %w: unused bits are set", s, ErrMalformed)
	}
	return id, nil
}

// foreignCID explains text that is a CID, but not of the one form.
func foreignCID(s string) string {
	if len(s) > 256 {
		return ""
	}
	c, err := cid.Decode(s)
	if err != nil {
		return ""
	}
	p := c.Prefix()
	return fmt.Sprintf(" (this is a CID of version %d, codec 0x%x, hash 0x%x)", p.Version, p.Codec, p.MhType)
}

// AgentIDFromBytes reads the 36 bytes of the binary CID.
func AgentIDFromBytes(b []byte) (AgentID, error) {
	if len(b) != len(cidPrefix)+32 || string(b[:len(cidPrefix)]) != cidPrefix {
		return AgentID{}, fmt.Errorf("agent id: %w: not a CIDv1 of dag-cbor and sha2-256", ErrMalformed)
	}
	return AgentID{[32]byte(b[len(cidPrefix):])}, nil
}

// AgentIDFromDigest makes the ID from a header's SHA-256.
func AgentIDFromDigest(sum [32]byte) AgentID { return AgentID{sum} }

// Digest returns the SHA-256 of the header.
func (id AgentID) Digest() [32]byte { return id.sum }

// Bytes returns the 36 bytes of the binary CID.
func (id AgentID) Bytes() []byte { return append([]byte(cidPrefix), id.sum[:]...) }

// String returns the text form: 59 characters, fit for a DNS label.
func (id AgentID) String() string {
	text := id.text()
	return string(text[:])
}

func (id AgentID) text() (text [cidTextLen]byte) {
	var b [cidLen]byte
	copy(b[:], cidPrefix)
	copy(b[len(cidPrefix):], id.sum[:])
	text[0] = 'b'
	textEncoding.Encode(text[1:], b[:])
	return text
}

// DID returns the did:cairn form.
func (id AgentID) DID() string { return DIDPrefix + id.String() }

// CID returns the ID as a go-cid value.
func (id AgentID) CID() cid.Cid {
	_, c, err := cid.CidFromBytes(id.Bytes())
	if err != nil {
		return cid.Undef
	}
	return c
}

// Key returns the DHT key under which the agent's record and tombstone stand:
// "/cairn/" and the 36 bytes of the CID.
func (id AgentID) Key() string { return keyPrefix + string(id.Bytes()) }

// ParseKey reads a DHT key as made by [AgentID.Key].
func ParseKey(key string) (AgentID, error) {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	if !ok {
		return AgentID{}, fmt.Errorf("dht key: %w: namespace is not %q", ErrMalformed, KeyNamespace)
	}
	return AgentIDFromBytes([]byte(rest))
}

// IsZero reports whether id names nothing.
func (id AgentID) IsZero() bool { return id == AgentID{} }

// Compare orders IDs by their digests.
func (id AgentID) Compare(other AgentID) int { return bytes.Compare(id.sum[:], other.sum[:]) }

// MarshalText gives the text form, so that JSON shows it.
func (id AgentID) MarshalText() ([]byte, error) {
	text := id.text()
	return text[:], nil
}

// UnmarshalText reads what ParseAgentID reads.
func (id *AgentID) UnmarshalText(b []byte) error {
	parsed, err := ParseAgentID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// cborCID is the fixed head of a DAG-CBOR link to an ID: tag 42, 37 bytes, the
// multibase identity prefix 0x00, and the CID prefix.
const cborCID = "\xd8\x2a\x58\x25\x00" + cidPrefix

// MarshalCBOR writes the ID as a DAG-CBOR link (tag 42).
func (id AgentID) MarshalCBOR() ([]byte, error) {
	return append([]byte(cborCID), id.sum[:]...), nil
}

// UnmarshalCBOR reads a DAG-CBOR link.
func (id *AgentID) UnmarshalCBOR(b []byte) error {
	if len(b) != len(cborCID)+32 || string(b[:len(cborCID)]) != cborCID {
		return fmt.Errorf("agent id: %w: not a link to a dag-cbor sha2-256 CID", ErrMalformed)
	}
	id.sum = [32]byte(b[len(cborCID):])
	return nil
}
