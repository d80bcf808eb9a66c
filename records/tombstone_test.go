package records

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestTombstoneLayout(t *testing.T) {
	for n, size := range map[int]int{1: 78, 2: 112, 3: 146} {
		h := mustHeader(t, testSecrets[:n]...)
		for _, s := range testSecrets[:n] {
			dead := mustReveal(t, h, s)
			i := slices.Index(h.Locks, h.lock(s))
			var locks [][]byte
			for j, l := range h.Locks {
				if j == i {
					l = s
				}
				locks = append(locks, cBytes(l[:]))
			}
			want := cArray(cArray(cUint(1), cUint(testEnd), cBytes(testBody[:]), cArray(locks...)), cUint(uint64(i)))
			if !bytes.Equal(dead.Bytes(), want) || dead.Size() != size {
				t.Fatalf("%x\nby the spec\n%x", dead.Bytes(), want)
			}
			back, err := OpenTombstone(dead.Bytes())
			wantErr(t, err, nil)
			if back.ID() != h.ID() || !same(back, dead) || back.Kind() != KindAgent || !back.End().Equal(time.Unix(testEnd, 0)) {
				t.Fatal("another tombstone")
			}
		}
	}
}

// TestTombstoneOfEveryKindAndEnd: what is revocable is a header, whatever its kind.
func TestTombstoneOfEveryKindAndEnd(t *testing.T) {
	for _, kind := range []Kind{KindAgent, KindGrant, KindClaim, KindRealm} {
		for _, end := range []uint32{MinEnd, 1 << 31, 1<<32 - 1} {
			h, err := NewHeader(kind, end, testBody, Secret{1})
			wantErr(t, err, nil)
			back, err := OpenTombstone(mustReveal(t, h, Secret{1}).Bytes())
			wantErr(t, err, nil)
			if back.ID() != h.ID() || back.Kind() != kind || back.End().Unix() != int64(end) {
				t.Errorf("%s, end %d: %s, end %s", kind, end, back.Kind(), back.End())
			}
		}
	}
}

// TestRevealRefuses has the thief of A33: whoever holds the signing keys, and
// every public byte, holds no secret.
func TestRevealRefuses(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	h := ident.Header()
	seed := Secret(key.(*Ed25519Signer).key.Seed())
	sig, err := key.Sign(ident.HeaderBytes())
	wantErr(t, err, nil)
	unordered := h
	unordered.Locks = [][32]byte{{2}, {1}}
	for _, row := range []struct {
		name   string
		h      Header
		secret Secret
		class  error
	}{
		{"another secret", h, Secret{9}, ErrWrongSecret},
		{"the zero secret", h, Secret{}, ErrWrongSecret},
		{"A33: the lock itself", h, Secret(h.Locks[0]), ErrWrongSecret},
		{"A33: the signing seed", h, seed, ErrWrongSecret},
		{"A33: a signature, hashed", h, Secret(sha256.Sum256(sig)), ErrWrongSecret},
		{"A33: the ID", h, Secret(h.ID().Digest()), ErrWrongSecret},
		{"a header without locks", Header{Kind: KindAgent, End: testEnd}, secret, ErrMalformed},
		{"a header out of order", unordered, secret, ErrMalformed},
		{"the zero header", Header{}, secret, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			dead, err := row.h.Reveal(row.secret)
			wantErr(t, err, row.class)
			if dead != nil {
				t.Fatal("a tombstone beside an error")
			}
		})
	}
}

// TestA27CopiedLock: the owner of a victim has revealed a secret. The lock that
// it opens, copied into any header of another kind, end or body, opens nothing
// there; with a lock that hashed the secret alone it would.
func TestA27CopiedLock(t *testing.T) {
	victim := mustHeader(t, Secret{1})
	for name, edit := range map[string]func(*Header){
		"other kind": func(h *Header) { h.Kind = KindGrant },
		"other end":  func(h *Header) { h.End++ },
		"other body": func(h *Header) { h.Body[0] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			twin := victim.clone()
			edit(&twin)
			_, err := twin.Reveal(Secret{1})
			wantErr(t, err, ErrWrongSecret)

			// The bytes that the attacker hopes for verify, but as a third subject's.
			open := twin.clone()
			open.Locks[0] = Secret{1}
			dead, err := OpenTombstone(append(open.append([]byte{0x82}), 0))
			wantErr(t, err, nil)
			if dead.ID() == twin.ID() || dead.ID() == victim.ID() {
				t.Fatal("a copied lock kills")
			}

			unbound := sha256.Sum256(testSecrets[0][:])
			a, b := victim.clone(), twin.clone()
			a.Locks[0], b.Locks[0] = unbound, unbound
			if a.ID() == b.ID() || a.Locks[0] != b.Locks[0] {
				t.Fatal("this test has lost its point")
			}
		})
	}
}

type badTombstone struct {
	name string
	b    []byte
}

// badTombstones are byte sequences that are no tombstone; the vectors publish them.
func badTombstones(t testing.TB) []badTombstone {
	h := mustHeader(t, testSecrets...)
	one := mustReveal(t, mustHeader(t, Secret{1}), Secret{1}).Bytes()
	i := slices.Index(h.Locks, h.lock(Secret{2}))
	good := mustReveal(t, h, Secret{2}).Bytes()
	header, index := good[1:len(good)-1], good[len(good)-1:]
	at := func(b []byte, i int, v byte) []byte {
		b = slices.Clone(b)
		b[i] = v
		return b
	}
	// build writes a tombstone of the given locks, right or wrong.
	build := func(index byte, locks ...[32]byte) []byte {
		h := Header{Kind: KindAgent, End: testEnd, Body: testBody, Locks: locks}
		return append(h.append([]byte{0x82}), index)
	}
	bare := Header{Kind: KindAgent, End: testEnd, Body: testBody}
	s, opened := Secret{5}, bare.lock(Secret{5})
	below, above := opened, opened
	below[31], above[31] = opened[31]-1, opened[31]+1
	longEnd := slices.Concat([]byte{0x82, 0x84, 0x01, 0x1b, 0, 0, 0, 0}, one[4:])
	return []badTombstone{
		{"empty", nil},
		{"the array's head alone", []byte{0x82}},
		{"a header", header},
		{"a byte short", good[:len(good)-1]},
		{"trailing byte", append(slices.Clone(good), 0)},
		{"trailing tombstone", slices.Concat(one, one)},
		{"one lock, with bytes for two", append(slices.Clone(one), make([]byte, lockField)...)},
		{"array of three", slices.Concat([]byte{0x83}, header, index, cNull)},
		{"array of one", slices.Concat([]byte{0x81}, header)},
		{"array in indefinite length", slices.Concat([]byte{0x9f}, header, index, []byte{0xff})},
		{"index first", slices.Concat([]byte{0x82}, index, header)},
		{"index of one past the locks", at(good, len(good)-1, 3)},
		{"index 255", at(good, len(good)-1, 0xff)},
		{"index in two bytes", slices.Concat(good[:len(good)-1], []byte{0x18}, index)},
		{"index -1", at(good, len(good)-1, 0x20)},
		{"index null", at(good, len(good)-1, 0xf6)},
		{"index out of one lock", at(one, len(one)-1, 1)},
		// With one lock no order can break, so that each row has one defect.
		{"header of five fields", at(one, 1, 0x85)},
		{"kind 0", at(one, 2, 0)},
		{"kind 5", at(one, 2, 5)},
		{"kind 24", at(one, 2, 24)},
		{"end below 2^16", slices.Concat(one[:4], []byte{0, 0, 0xff, 0xff}, one[8:])},
		{"end with the head of three bytes", at(one, 3, 0x19)},
		{"end with the head of nine bytes", at(one, 3, 0x1b)},
		{"end in nine bytes", longEnd},
		{"end negative", at(one, 3, 0x3a)},
		{"body as text", at(one, 8, 0x78)},
		{"body with its length in three bytes", at(one, 8, 0x59)},
		{"body that says 31 bytes", at(one, 9, 31)},
		{"body of 31 bytes", slices.Concat(one[:8], []byte{0x58, 31}, one[10:41], one[42:])},
		{"secret as text", at(one, headerFixed+1, 0x78)},
		{"secret that says 31 bytes", at(one, headerFixed+2, 31)},
		{"no lock", build(0)},
		{"four locks", build(0, s, [32]byte{0xff, 1}, [32]byte{0xff, 2}, [32]byte{0xff, 3})},
		{"count of locks below the locks", at(good, headerFixed, 0x82)},
		{"a lock that says 31 bytes", at(good, headerFixed+2+(1-min(i, 1))*lockField, 31)},
		{"locks descending beside the secret", build(2, [32]byte{2}, [32]byte{1}, s)},
		{"the opened lock before its lower neighbour", build(0, s, below)},
		{"the opened lock after its higher neighbour", build(1, above, s)},
		{"the opened lock beside itself", build(0, s, opened)},
		{"the opened lock beside itself, the other way", build(1, opened, s)},
	}
}

func TestOpenTombstoneRefuses(t *testing.T) {
	for _, row := range badTombstones(t) {
		t.Run(row.name, func(t *testing.T) {
			dead, err := OpenTombstone(row.b)
			wantErr(t, err, ErrMalformed)
			if dead != nil {
				t.Fatal("a tombstone beside an error")
			}
		})
	}
}

// TestTombstoneFlippedBits flips every bit of every size: it fails, or it is the
// tombstone of a header that nobody made, and has one encoding like any other.
func TestTombstoneFlippedBits(t *testing.T) {
	for n := 1; n <= 3; n++ {
		h := mustHeader(t, testSecrets[:n]...)
		for _, s := range testSecrets[:n] {
			good := mustReveal(t, h, s).Bytes()
			others := 0
			for bit := range len(good) * 8 {
				b := slices.Clone(good)
				b[bit/8] ^= 1 << (bit % 8)
				dead, err := OpenTombstone(b)
				if err != nil {
					continue
				}
				others++
				if dead.ID() == h.ID() {
					t.Fatalf("%d locks: bit %d of byte %d may be either", n, bit%8, bit/8)
				}
				if !bytes.Equal(dead.Bytes(), b) {
					t.Fatal("kept other bytes")
				}
				oracle(t, "tombstone", b)
			}
			if others == 0 {
				t.Fatal("no flip opens: this test has lost its point")
			}
		}
	}
}

// TestTombstoneIsClosed: no slice reaches the verified value.
func TestTombstoneIsClosed(t *testing.T) {
	h := mustHeader(t, testSecrets...)
	dead := mustReveal(t, h, Secret{1})
	b := dead.Bytes()
	opened, err := OpenTombstone(b)
	wantErr(t, err, nil)
	clear(b)
	clear(dead.Bytes())
	clear(h.Locks)
	if !same(opened, dead) || opened.ID() != mustHeader(t, testSecrets...).ID() {
		t.Fatal("changed")
	}
}

// TestA27SameBodyOtherLocks states the one limit of a lock's binding: it names
// kind, end and body, not its neighbours. A twin header with the same body and
// one copied lock is another ID, of an agent that nobody signs for; the copied
// lock's secret opens it. Hence the rule that tools reveal only for IDs of their
// own, and never for a header that a stranger hands them.
func TestA27SameBodyOtherLocks(t *testing.T) {
	victim := mustHeader(t, Secret{1})
	twin, err := NewHeader(KindAgent, testEnd, testBody, Secret{1}, Secret{9})
	wantErr(t, err, nil)
	dead := mustReveal(t, twin, Secret{9})
	if dead.ID() == victim.ID() {
		t.Fatal("the stranger's own lock kills the victim")
	}
	if mustReveal(t, twin, Secret{1}).ID() == victim.ID() {
		t.Fatal("one tombstone, two subjects")
	}
}

func ExampleHeader_Reveal() {
	secret := Secret{1, 2, 3} // drawn at random, and kept in a safe
	header, err := NewHeader(KindAgent, 1_900_000_000, [32]byte{}, secret)
	if err != nil {
		panic(err)
	}
	tombstone, err := header.Reveal(secret)
	if err != nil {
		panic(err)
	}
	opened, err := OpenTombstone(tombstone.Bytes()) // on any other machine
	if err != nil {
		panic(err)
	}
	fmt.Println(opened.ID() == header.ID(), opened.Size(), "bytes")
	// Output: true 78 bytes
}
