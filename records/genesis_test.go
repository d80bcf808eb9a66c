package records

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"
)

func TestGenesisLayout(t *testing.T) {
	parent := AgentIDFromDigest(sha256.Sum256([]byte("parent")))
	g := Genesis{
		Keys:   []PublicKey{testSigner(t, 1).Public(), testSigner(t, 2).Public(), testSigner(t, 3).Public()},
		Next:   [][32]byte{testSigner(t, 4).Public().RotationDigest(), testSigner(t, 5).Public().RotationDigest()},
		Parent: &parent,
		Nonce:  [16]byte{9},
	}
	b, err := g.Bytes()
	wantErr(t, err, nil)
	want := cArray(
		cUint(1),
		cArray(cBytes(g.Keys[0].Bytes()), cBytes(g.Keys[1].Bytes()), cBytes(g.Keys[2].Bytes())),
		cArray(cBytes(g.Next[0][:]), cBytes(g.Next[1][:])),
		cLink(parent),
		cBytes(g.Nonce[:]),
	)
	if !bytes.Equal(b, want) {
		t.Fatalf("%x\nby the spec\n%x", b, want)
	}
	if len(b) != 238 {
		t.Errorf("the largest genesis has %d bytes", len(b))
	}
	back, err := OpenGenesis(b)
	wantErr(t, err, nil)
	again, err := back.Bytes()
	wantErr(t, err, nil)
	if !bytes.Equal(again, b) || *back.Parent != parent {
		t.Fatal("another genesis")
	}
	sum, err := g.Digest()
	wantErr(t, err, nil)
	if sum != sha256.Sum256(b) {
		t.Fatal("digest")
	}
}

func TestGenesisBytesRefuses(t *testing.T) {
	key := func(n byte) PublicKey { return testSigner(t, n).Public() }
	for _, row := range []struct {
		name string
		edit func(*Genesis)
	}{
		{"no key", func(g *Genesis) { g.Keys = nil }},
		{"four keys", func(g *Genesis) { g.Keys = []PublicKey{key(1), key(2), key(3), key(4)} }},
		{"one key twice", func(g *Genesis) { g.Keys = []PublicKey{key(1), key(2), key(1)} }},
		{"an empty key", func(g *Genesis) { g.Keys = []PublicKey{{}} }},
		{"no rotation digest", func(g *Genesis) { g.Next = nil }},
		{"three rotation digests", func(g *Genesis) { g.Next = [][32]byte{{1}, {2}, {3}} }},
		{"one rotation digest twice", func(g *Genesis) { g.Next = [][32]byte{{1}, {1}} }},
		{"the zero ID as parent", func(g *Genesis) { g.Parent = &AgentID{} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := testGenesis(t, 1)
			row.edit(&g)
			_, err := g.Bytes()
			wantErr(t, err, ErrMalformed)
			_, err = g.Digest()
			wantErr(t, err, ErrMalformed)
			_, err = NewIdentity(g, testTime.Add(DefaultLife), Secret{1})
			wantErr(t, err, ErrMalformed)
		})
	}
}

// badGenesis is a byte sequence that is no genesis. lax says that the decoder
// alone, without the check that it is the one encoding, reads it.
type badGenesis struct {
	name  string
	b     []byte
	class error
	lax   bool
}

func badGeneses(t testing.TB) []badGenesis {
	g := testGenesis(t, 1)
	good, err := g.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key := g.Keys[0].Bytes()
	other := testSigner(t, 2).Public().Bytes()
	var (
		version = cUint(1)
		keys    = cArray(cBytes(key))
		next    = cArray(cBytes(g.Next[0][:]))
		nonce   = cBytes(g.Nonce[:])
	)
	unknown := append([]byte{0xec, 0x01}, key[2:]...) // multicodec x25519-pub
	ints := cHead(4, 16)
	for _, b := range g.Nonce {
		ints = append(ints, cUint(uint64(b))...)
	}
	return []badGenesis{
		{"empty", nil, ErrMalformed, false},
		{"a byte short", good[:len(good)-1], ErrMalformed, false},
		{"trailing byte", append(slices.Clone(good), 0), ErrMalformed, false},
		{"version 0", cArray(cUint(0), keys, next, cNull, nonce), ErrUnsupported, true},
		{"version 2", cArray(cUint(2), keys, next, cNull, nonce), ErrUnsupported, true},
		{"version in two bytes", cArray([]byte{0x18, 1}, keys, next, cNull, nonce), ErrMalformed, true},
		{"version as a bignum", cArray([]byte{0xc2, 0x41, 1}, keys, next, cNull, nonce), ErrMalformed, true},
		{"version as a float", cArray([]byte{0xf9, 0x3c, 0}, keys, next, cNull, nonce), ErrMalformed, false},
		{"version negative", cArray([]byte{0x20}, keys, next, cNull, nonce), ErrMalformed, false},
		{"version null", cArray(cNull, keys, next, cNull, nonce), ErrMalformed, true},
		{"no key", cArray(version, cEmptyArray, next, cNull, nonce), ErrMalformed, true},
		{"keys null", cArray(version, cNull, next, cNull, nonce), ErrMalformed, true},
		{"four keys", cArray(version, cArray(cBytes(key), cBytes(other), cBytes(testSigner(t, 3).Public().Bytes()), cBytes(testSigner(t, 4).Public().Bytes())), next, cNull, nonce), ErrMalformed, true},
		{"one key twice", cArray(version, cArray(cBytes(key), cBytes(key)), next, cNull, nonce), ErrMalformed, true},
		{"key of another algorithm", cArray(version, cArray(cBytes(unknown)), next, cNull, nonce), ErrUnsupported, true},
		{"key without its multicodec", cArray(version, cArray(cBytes(key[2:])), next, cNull, nonce), ErrUnsupported, true},
		{"key of 31 bytes", cArray(version, cArray(cBytes(key[:33])), next, cNull, nonce), ErrMalformed, true},
		{"key of 33 bytes", cArray(version, cArray(cBytes(append(slices.Clone(key), 0))), next, cNull, nonce), ErrMalformed, true},
		{"empty key", cArray(version, cArray(cBytes(nil)), next, cNull, nonce), ErrUnsupported, true},
		{"key of small order", cArray(version, cArray(cBytes(append([]byte{0xed, 0x01, 0x01}, make([]byte, 31)...))), next, cNull, nonce), ErrMalformed, true},
		{"no rotation digest", cArray(version, keys, cEmptyArray, cNull, nonce), ErrMalformed, true},
		{"rotation digests null", cArray(version, keys, cNull, cNull, nonce), ErrMalformed, true},
		{"three rotation digests", cArray(version, keys, cArray(cBytes(testBody[:]), cBytes(g.Next[0][:]), cBytes(make([]byte, 32))), cNull, nonce), ErrMalformed, true},
		{"one rotation digest twice", cArray(version, keys, cArray(cBytes(testBody[:]), cBytes(testBody[:])), cNull, nonce), ErrMalformed, true},
		{"rotation digest of 31 bytes", cArray(version, keys, cArray(cBytes(testBody[:31])), cNull, nonce), ErrMalformed, true},
		{"rotation digest of 33 bytes", cArray(version, keys, cArray(cBytes(append(testBody[:], 0))), cNull, nonce), ErrMalformed, true},
		{"parent undefined", cArray(version, keys, next, []byte{0xf7}, nonce), ErrMalformed, true},
		{"parent false", cArray(version, keys, next, []byte{0xf4}, nonce), ErrMalformed, false},
		{"parent as bytes", cArray(version, keys, next, cBytes(make([]byte, 36)), nonce), ErrMalformed, false},
		{"parent as a raw CID", cArray(version, keys, next, func() []byte { l := cLink(AgentIDFromDigest(testBody)); l[6] = 0x55; return l }(), nonce), ErrMalformed, false},
		{"the zero ID as parent", cArray(version, keys, next, cLink(AgentID{}), nonce), ErrMalformed, true},
		{"nonce of 15 bytes", cArray(version, keys, next, cNull, cBytes(g.Nonce[:15])), ErrMalformed, true},
		{"nonce of 17 bytes", cArray(version, keys, next, cNull, cBytes(make([]byte, 17))), ErrMalformed, true},
		{"nonce null", cArray(version, keys, next, cNull, cNull), ErrMalformed, true},
		{"nonce as an array of integers", cArray(version, keys, next, cNull, ints), ErrMalformed, true},
		{"four fields", cArray(version, keys, next, cNull), ErrMalformed, false},
		{"six fields", cArray(version, keys, next, cNull, nonce, cNull), ErrMalformed, false},
		{"fields in indefinite length", slices.Concat([]byte{0x9f}, version, keys, next, cNull, nonce, []byte{0xff}), ErrMalformed, false},
		{"keys in indefinite length", cArray(version, slices.Concat([]byte{0x9f}, cBytes(key), []byte{0xff}), next, cNull, nonce), ErrMalformed, false},
		{"a map", cHead(5, 0), ErrMalformed, false},
		{"null", cNull, ErrMalformed, true},
		{"tagged", slices.Concat([]byte{0xd9, 0xd9, 0xf7}, good), ErrMalformed, true},
		{"too large", cArray(version, keys, next, cNull, cBytes(make([]byte, MaxGenesisSize))), ErrTooLarge, true},
		{"an array that claims 2^32 keys", slices.Concat([]byte{0x85, 0x01, 0x9a, 0xff, 0xff, 0xff, 0xff}, cBytes(key)), ErrMalformed, false},
	}
}

func TestOpenGenesisRefuses(t *testing.T) {
	for _, row := range badGeneses(t) {
		t.Run(row.name, func(t *testing.T) {
			g, err := OpenGenesis(row.b)
			wantErr(t, err, row.class)
			if g.Keys != nil {
				t.Fatal("a genesis beside an error")
			}
			if got := loose.Unmarshal(row.b, new(genesisWire)) == nil; got != row.lax {
				t.Fatalf("a decode alone: accepted %v, want %v", got, row.lax)
			}
		})
	}
}
