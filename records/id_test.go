package records

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multibase"
	"github.com/multiformats/go-multihash"
)

func TestAgentIDForms(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	id := ident.ID()
	text := id.String()
	if len(text) != 59 || !strings.HasPrefix(text, "bafyrei") || text != strings.ToLower(text) {
		t.Fatalf("text %q", text)
	}
	if c := id.CID(); c.String() != text || c.Version() != 1 || c.Type() != cid.DagCBOR {
		t.Fatalf("go-cid says %s, version %d, codec %x", c, c.Version(), c.Type())
	}
	fromText, err := ParseAgentID(text)
	wantErr(t, err, nil)
	fromDID, err := ParseAgentID(id.DID())
	wantErr(t, err, nil)
	fromBytes, err := AgentIDFromBytes(id.Bytes())
	wantErr(t, err, nil)
	fromKey, err := ParseKey(id.Key())
	wantErr(t, err, nil)
	for _, other := range []AgentID{fromText, fromDID, fromBytes, fromKey, AgentIDFromDigest(id.Digest())} {
		if other != id || other.Compare(id) != 0 {
			t.Fatalf("%s is not %s", other, id)
		}
	}
	if id.IsZero() || !(AgentID{}).IsZero() {
		t.Fatal("IsZero")
	}
	js, err := json.Marshal(map[AgentID]AgentID{id: id})
	wantErr(t, err, nil)
	var back map[AgentID]AgentID
	wantErr(t, json.Unmarshal(js, &back), nil)
	if back[id] != id {
		t.Fatalf("JSON %s", js)
	}
	if err := json.Unmarshal([]byte(`"bafy"`), new(AgentID)); err == nil {
		t.Fatal("JSON: a short ID is taken")
	}
}

// idTextRows are texts that name no agent; the vectors publish them.
func idTextRows(t testing.TB) []struct{ name, text string } {
	ident, _, _ := testAgent(t, 1)
	id := ident.ID()
	text := id.String()
	sum := id.Digest()
	encode := func(base multibase.Encoding, c cid.Cid) string {
		s, err := c.StringOfBase(base)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	hash := func(code uint64, digest []byte) multihash.Multihash {
		h, err := multihash.Encode(digest, code)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	sha256Hash := hash(multihash.SHA2_256, sum[:])
	v1 := cid.NewCidV1(cid.DagCBOR, sha256Hash)
	// The last character carries 3 bits of the digest and 2 unused ones.
	last := strings.IndexByte("abcdefghijklmnopqrstuvwxyz234567", text[58])
	trailing := text[:58] + string("abcdefghijklmnopqrstuvwxyz234567"[last|1])
	return []struct{ name, text string }{
		{"empty", ""},
		{"only the multibase letter", "b"},
		{"only the DID prefix", DIDPrefix},
		{"upper case", strings.ToUpper(text)},
		{"upper-case base32 under its own multibase letter", encode(multibase.Base32Upper, v1)},
		{"one upper-case letter", text[:3] + "Y" + text[4:]},
		{"unused trailing bits set", trailing},
		{"a character short", text[:58]},
		{"a character long", text + "a"},
		{"padded", text + "="},
		{"space before", " " + text},
		{"line feed after", text + "\n"},
		{"line feed inside, same length", text[:30] + "\n" + text[31:]},
		{"digit outside the alphabet", text[:30] + "1" + text[31:]},
		{"CIDv0", cid.NewCidV0(sha256Hash).String()},
		{"CIDv1 in base58btc", encode(multibase.Base58BTC, v1)},
		{"CIDv1 in base36", encode(multibase.Base36, v1)},
		{"CIDv1 in base16", encode(multibase.Base16, v1)},
		{"CIDv1 in base64url", encode(multibase.Base64url, v1)},
		{"CIDv1 of raw", cid.NewCidV1(cid.Raw, sha256Hash).String()},
		{"CIDv1 of dag-pb", cid.NewCidV1(cid.DagProtobuf, sha256Hash).String()},
		{"CIDv1 of libp2p-key", cid.NewCidV1(cid.Libp2pKey, sha256Hash).String()},
		{"CIDv1 with blake2b-256", cid.NewCidV1(cid.DagCBOR, hash(multihash.BLAKE2B_MIN+31, sum[:])).String()},
		{"CIDv1 with sha3-256", cid.NewCidV1(cid.DagCBOR, hash(multihash.SHA3_256, sum[:])).String()},
		{"CIDv1 with the identity hash", cid.NewCidV1(cid.DagCBOR, hash(multihash.IDENTITY, sum[:])).String()},
		{"CIDv1 with sha2-512", cid.NewCidV1(cid.DagCBOR, hash(multihash.SHA2_512, append(sum[:], sum[:]...))).String()},
		{"sha2-256 cut to 20 bytes", cid.NewCidV1(cid.DagCBOR, hash(multihash.SHA2_256, sum[:20])).String()},
		{"DID of another method", "did:key:" + text},
		{"DID in upper case", "DID:cairn:" + text},
		{"DID twice", DIDPrefix + id.DID()},
		{"DID with a fragment", id.DID() + "#key-1"},
		{"DID with a path", id.DID() + "/x"},
		{"DID with a query", id.DID() + "?x=1"},
		{"DHT key as text", "/cairn/" + text},
		{"URL", "https://" + text},
		{"long text", strings.Repeat("b", 1<<16)},
	}
}

func TestParseAgentIDRefuses(t *testing.T) {
	for _, row := range idTextRows(t) {
		t.Run(row.name, func(t *testing.T) {
			id, err := ParseAgentID(row.text)
			wantErr(t, err, ErrMalformed)
			if !id.IsZero() {
				t.Fatal("an ID beside an error")
			}
			if len(err.Error()) > 400 {
				t.Fatalf("the message takes %d bytes of a stranger's", len(err.Error()))
			}
		})
	}
}

// TestTrailingBitsDefence shows what one-byte-sequence-per-ID is for: base32 by
// itself reads four texts as one ID.
func TestTrailingBitsDefence(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	text := ident.ID().String()
	aliases := 0
	for _, c := range "abcdefghijklmnopqrstuvwxyz234567" {
		alias := text[:58] + string(c)
		b, err := textEncoding.DecodeString(alias[1:])
		if err == nil && string(b) == string(ident.ID().Bytes()) && alias != text {
			aliases++
			if _, err := ParseAgentID(alias); err == nil {
				t.Errorf("%s is taken", alias)
			}
		}
	}
	if aliases != 3 {
		t.Fatalf("%d aliases, want 3: this test has lost its point", aliases)
	}
}

func TestAgentIDFromBytesRefuses(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	raw := ident.ID().Bytes()
	flip := func(i int) []byte {
		b := append([]byte(nil), raw...)
		b[i] ^= 1
		return b
	}
	rows := []struct {
		name string
		b    []byte
	}{
		{"nil", nil},
		{"the bare digest", raw[4:]},
		{"a byte short", raw[:35]},
		{"a byte long", append(append([]byte(nil), raw...), 0)},
		{"version 0", flip(0)},
		{"codec dag-pb", flip(1)},
		{"hash sha2-512", flip(2)},
		{"length 33", flip(3)},
		{"version as a long varint", append([]byte{0x81, 0x00}, raw[1:]...)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := AgentIDFromBytes(row.b)
			wantErr(t, err, ErrMalformed)
			_, err = ParseKey("/cairn/" + string(row.b))
			wantErr(t, err, ErrMalformed)
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	raw := string(ident.ID().Bytes())
	for name, key := range map[string]string{
		"empty":             "",
		"no namespace":      raw,
		"other namespace":   "/pk/" + raw,
		"upper case":        "/Cairn/" + raw,
		"namespace twice":   "/cairn/cairn/" + raw,
		"no slash in front": "cairn/" + raw,
		"text form":         "/cairn/" + ident.ID().String(),
		"slash after":       "/cairn/" + raw + "/",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKey(key)
			wantErr(t, err, ErrMalformed)
		})
	}
}

func TestAgentIDLink(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	id := ident.ID()
	b, err := id.MarshalCBOR()
	wantErr(t, err, nil)
	if hex.EncodeToString(b) != hex.EncodeToString(cLink(id)) {
		t.Fatalf("link %x", b)
	}
	var back AgentID
	wantErr(t, back.UnmarshalCBOR(b), nil)
	if back != id {
		t.Fatal("another ID")
	}
	for name, b := range map[string][]byte{
		"no tag":              cBytes(append([]byte{0}, id.Bytes()...)),
		"tag 41":              append([]byte{0xd8, 0x29}, cLink(id)[2:]...),
		"tag in three bytes":  append([]byte{0xd9, 0x00, 0x2a}, cLink(id)[2:]...),
		"no identity base":    append([]byte{0xd8, 0x2a}, cBytes(id.Bytes())...),
		"text":                cText(id.String()),
		"null":                cNull,
		"nothing":             nil,
		"raw codec":           func() []byte { l := cLink(id); l[6] = 0x55; return l }(),
		"length in two bytes": append([]byte{0xd8, 0x2a, 0x59, 0x00, 0x25}, cLink(id)[4:]...),
	} {
		t.Run(name, func(t *testing.T) { wantErr(t, new(AgentID).UnmarshalCBOR(b), ErrMalformed) })
	}
}
