package records

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"
)

// testCold is the i-th rotation key of an agent: 0 is the one that testGenesis commits to.
func testCold(t testing.TB, agent byte, i int) *Ed25519Signer {
	t.Helper()
	if i == 0 {
		return testSigner(t, agent^0x80)
	}
	return wideSigner(t, agent, 'c', byte(i))
}

// testHot is the signing key after the i-th rotation.
func testHot(t testing.TB, agent byte, i int) *Ed25519Signer {
	t.Helper()
	if i == 0 {
		return testSigner(t, agent)
	}
	return wideSigner(t, agent, 'h', byte(i))
}

// wideSigner follows from three bytes, and is none of testSigner's.
func wideSigner(t testing.TB, a, b, c byte) *Ed25519Signer {
	t.Helper()
	key, err := NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 28), 'w', a, b, c)))
	wantNil(t, err)
	return key
}

func wantNil(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testRotated is the chain of an agent with n rotations; another story makes others of them.
func testRotated(t testing.TB, agent byte, n int, story ...byte) *Chain {
	t.Helper()
	ident, _, _ := testAgent(t, agent)
	chain := NewChain(ident)
	for i := 1; i <= n; i++ {
		chain = mustRotate(t, chain, agent, i, story...)
	}
	return chain
}

// mustRotate makes the i-th rotation. In another story the new signing key is another.
func mustRotate(t testing.TB, chain *Chain, agent byte, i int, story ...byte) *Chain {
	t.Helper()
	hot := testHot(t, agent, i)
	if len(story) > 0 {
		hot = wideSigner(t, agent, story[0], byte(i))
	}
	next, err := chain.Rotate([]PublicKey{hot.Public()}, [][32]byte{testCold(t, agent, i).Public().RotationDigest()}, testCold(t, agent, i-1))
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// widest is a chain that takes the most bytes.
func widest(t testing.TB, n int) *Chain {
	t.Helper()
	cold := func(i, j int) Signer { return wideSigner(t, 'w', byte(i), byte(j)) }
	g := Genesis{Nonce: [16]byte{1}}
	for j := range MaxSigningKeys {
		g.Keys = append(g.Keys, testSigner(t, byte(j+1)).Public())
	}
	id := AgentID{[32]byte{1}}
	g.Parent = &id
	for j := range MaxRotationKeys {
		g.Next = append(g.Next, cold(0, j).Public().RotationDigest())
	}
	ident, err := NewIdentity(g, testTime.Add(DefaultLife), testSecrets...)
	wantNil(t, err)
	chain := NewChain(ident)
	for i := 1; i <= n; i++ {
		chain, err = chain.Rotate(g.Keys, [][32]byte{cold(i, 0).Public().RotationDigest(), cold(i, 1).Public().RotationDigest()}, cold(i-1, 0), cold(i-1, 1))
		wantNil(t, err)
	}
	return chain
}

func TestRotate(t *testing.T) {
	chain := testRotated(t, 1, MaxRotations)
	if chain.Number() != MaxRotations || chain.Keys()[0] != testHot(t, 1, MaxRotations).Public() {
		t.Fatalf("rotation %d, keys %v", chain.Number(), chain.Keys())
	}
	ident, _, _ := testAgent(t, 1)
	if chain.ID() != ident.ID() {
		t.Fatal("the ID has changed")
	}
	_, err := chain.Rotate([]PublicKey{testHot(t, 1, 17).Public()}, [][32]byte{testCold(t, 1, 17).Public().RotationDigest()}, testCold(t, 1, 16))
	wantErr(t, err, ErrMalformed)
}

func TestFactsFit(t *testing.T) {
	chain := widest(t, MaxRotations)
	again, err := OpenChain(chain.Bytes())
	wantNil(t, err)
	if size := len(chain.Bytes()); size > MaxFactSize || size != chain.Size() || !bytes.Equal(again.Bytes(), chain.Bytes()) {
		t.Fatalf("%d bytes, Size says %d", size, chain.Size())
	}
	before := widest(t, MaxRotations-1)
	other, err := before.Rotate(chain.keys(), [][32]byte{{1}, {2}}, wideSigner(t, 'w', 15, 0), wideSigner(t, 'w', 15, 1))
	wantNil(t, err)
	proof := fork(chain, other)
	opened, err := OpenDuplicity(proof.Bytes())
	wantNil(t, err)
	if size := len(proof.Bytes()); size > MaxFactSize || size != proof.Size() || !bytes.Equal(opened.Bytes(), proof.Bytes()) {
		t.Fatalf("%d bytes, Size says %d", size, proof.Size())
	}
	t.Logf("the longest chain takes %d bytes, the longest proof %d", chain.Size(), proof.Size())
}

func TestRotateRefuses(t *testing.T) {
	chain := testRotated(t, 1, 1)
	hot, cold := testHot(t, 1, 2).Public(), testCold(t, 1, 2).Public().RotationDigest()
	spent, due, stranger := testCold(t, 1, 0), testCold(t, 1, 1), testSigner(t, 99)
	for _, row := range []struct {
		name  string
		keys  []PublicKey
		next  [][32]byte
		cold  []Signer
		class error
	}{
		{"A25: by the hot key", []PublicKey{hot}, [][32]byte{cold}, []Signer{testHot(t, 1, 1)}, ErrInvalidSignature},
		{"by a stranger", []PublicKey{hot}, [][32]byte{cold}, []Signer{stranger}, ErrInvalidSignature},
		{"by the rotation key before", []PublicKey{hot}, [][32]byte{cold}, []Signer{spent}, ErrInvalidSignature},
		{"by nobody", []PublicKey{hot}, [][32]byte{cold}, nil, ErrInvalidSignature},
		{"by one too many", []PublicKey{hot}, [][32]byte{cold}, []Signer{due, stranger}, ErrInvalidSignature},
		{"to no key", nil, [][32]byte{cold}, []Signer{due}, ErrMalformed},
		{"to no commitment", []PublicKey{hot}, nil, []Signer{due}, ErrMalformed},
		{"to a commitment of the genesis", []PublicKey{hot}, [][32]byte{spent.Public().RotationDigest()}, []Signer{due}, ErrMalformed},
		{"to the same commitment again", []PublicKey{hot}, [][32]byte{due.Public().RotationDigest()}, []Signer{due}, ErrMalformed},
		{"to the rotation key as the hot one", []PublicKey{due.Public()}, [][32]byte{cold}, []Signer{due}, ErrMalformed},
		{"to a hot key as the next rotation key", []PublicKey{hot}, [][32]byte{hot.RotationDigest()}, []Signer{due}, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := chain.Rotate(row.keys, row.next, row.cold...)
			wantErr(t, err, row.class)
			if got != nil {
				t.Fatal("a chain beside an error")
			}
		})
	}
}

// rawRotation is an event by hand: every part is encoded CBOR.
type rawRotation struct {
	number, prev, revealed, keys, next []byte
	sigs                               [][]byte
	domain                             string
}

// rawEvent makes the next event of a chain and signs it with cold; edit changes it before.
func rawEvent(t testing.TB, chain *Chain, cold Signer, hot PublicKey, next [32]byte, edit ...func(*rawRotation)) []byte {
	head := chain.Head()
	r := rawRotation{
		number: cUint(chain.Number() + 1), prev: cBytes(head[:]), revealed: cArray(cBytes(cold.Public().Bytes())),
		keys: cArray(cBytes(hot.Bytes())), next: cArray(cBytes(next[:])), domain: RotationType,
	}
	for _, f := range edit {
		f(&r)
	}
	payload := cArray(r.number, r.prev, r.revealed, r.keys, r.next)
	if r.sigs == nil {
		r.sigs = [][]byte{cBytes(signed(t, cold, cArray(cText(r.domain), payload)))}
	}
	return cArray(payload, cArray(r.sigs...))
}

// rawChain is the fact with these events.
func rawChain(ident *Identity, events ...[]byte) []byte {
	return cArray(cText(RotationType), ident.HeaderBytes(), ident.GenesisBytes(), cArray(events...))
}

// badRow is bytes that do not open, and the class of error.
type badRow struct {
	name  string
	b     []byte
	class error
}

// badChains are facts that are almost the rotation of agent 1.
func badChains(t testing.TB) []badRow {
	ident, hot, secret := testAgent(t, 1)
	stranger, _, _ := testAgent(t, 2)
	twin, err := NewIdentity(ident.Genesis(), ident.End(), Secret{9})
	wantNil(t, err)
	chain, cold := NewChain(ident), testCold(t, 1, 0)
	newHot, next := testHot(t, 1, 1).Public(), testCold(t, 1, 1).Public().RotationDigest()
	event := func(edit ...func(*rawRotation)) []byte { return rawEvent(t, chain, cold, newHot, next, edit...) }
	one := event()
	fact := func(edit func(*rawRotation)) []byte { return rawChain(ident, event(edit)) }
	after := testRotated(t, 1, 1)
	second := rawEvent(t, after, testCold(t, 1, 1), testHot(t, 1, 2).Public(), testCold(t, 1, 2).Public().RotationDigest())
	long := testRotated(t, 1, MaxRotations)
	events := [][]byte{}
	for _, r := range long.events {
		events = append(events, []byte(r.raw))
	}
	tooMany := append(events, rawEvent(t, long, testCold(t, 1, 16), testHot(t, 1, 17).Public(), testCold(t, 1, 17).Public().RotationDigest()))
	grant, err := NewHeader(KindGrant, ident.header.End, ident.header.Body, secret)
	wantNil(t, err)
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"no rotation", rawChain(ident), ErrMalformed},
		{"a byte after", append(rawChain(ident, one), 0), ErrMalformed},
		{"cut short", rawChain(ident, one)[:200], ErrMalformed},
		{"a field too many", cArray(cText(RotationType), ident.HeaderBytes(), ident.GenesisBytes(), cArray(one), cNull), ErrMalformed},
		{"17 rotations", rawChain(ident, tooMany...), ErrMalformed},
		{"longer than a fact", append(rawChain(ident, one), make([]byte, MaxFactSize)...), ErrTooLarge},
		{"another agent's rotation", rawChain(stranger, one), ErrWrongSubject},
		{"a twin's rotation, of the same genesis under other locks", rawChain(twin, one), ErrWrongSubject},
		{"a stranger's genesis", cArray(cText(RotationType), ident.HeaderBytes(), stranger.GenesisBytes(), cArray(one)), ErrWrongSubject},
		{"the header of a grant", cArray(cText(RotationType), grant.Bytes(), ident.GenesisBytes(), cArray(one)), ErrMalformed},
		{"a record's type", cArray(cText(RecordType), ident.HeaderBytes(), ident.GenesisBytes(), cArray(one)), ErrUnsupported},
		{"number 0", fact(func(r *rawRotation) { r.number = cUint(0) }), ErrMalformed},
		{"number 2 first", fact(func(r *rawRotation) { r.number = cUint(2) }), ErrMalformed},
		{"number in two bytes", fact(func(r *rawRotation) { r.number = []byte{0x18, 1} }), ErrMalformed},
		{"the second alone", rawChain(ident, second), ErrMalformed},
		{"the second first", rawChain(ident, second, one), ErrMalformed},
		{"one event twice", rawChain(ident, one, one), ErrMalformed},
		{"after another event", fact(func(r *rawRotation) { r.prev = cBytes(make([]byte, 32)) }), ErrWrongSubject},
		{"no revealed key", fact(func(r *rawRotation) { r.revealed, r.sigs = cEmptyArray, [][]byte{} }), ErrMalformed},
		{"A25: the hot key reveals itself", rawChain(ident, rawEvent(t, chain, hot, newHot, next)), ErrInvalidSignature},
		{"A25: the hot key signs for the revealed one", fact(func(r *rawRotation) {
			r.sigs = [][]byte{cBytes(signed(t, hot, cArray(cText(RotationType), cArray(r.number, r.prev, r.revealed, r.keys, r.next))))}
		}), ErrInvalidSignature},
		{"a revealed key that was not committed to", rawChain(ident, rawEvent(t, chain, testSigner(t, 99), newHot, next)), ErrInvalidSignature},
		{"no signature", fact(func(r *rawRotation) { r.sigs = [][]byte{} }), ErrMalformed},
		{"two signatures of one key", fact(func(r *rawRotation) { r.sigs = slices.Repeat([][]byte{cBytes(make([]byte, 64))}, 2) }), ErrMalformed},
		{"a signature of 63 bytes", fact(func(r *rawRotation) { r.sigs = [][]byte{cBytes(make([]byte, 63))} }), ErrInvalidSignature},
		{"a signature of zeros", fact(func(r *rawRotation) { r.sigs = [][]byte{cBytes(make([]byte, 64))} }), ErrInvalidSignature},
		{"signed as a record", fact(func(r *rawRotation) { r.domain = RecordType }), ErrInvalidSignature},
		{"signed as a consent", fact(func(r *rawRotation) { r.domain = ConsentType }), ErrInvalidSignature},
		{"no signing key", fact(func(r *rawRotation) { r.keys = cEmptyArray }), ErrMalformed},
		{"4 signing keys", fact(func(r *rawRotation) {
			r.keys = cArray(cBytes(testSigner(t, 11).Public().Bytes()), cBytes(testSigner(t, 12).Public().Bytes()), cBytes(testSigner(t, 13).Public().Bytes()), cBytes(testSigner(t, 14).Public().Bytes()))
		}), ErrMalformed},
		{"one signing key twice", fact(func(r *rawRotation) { r.keys = cArray(cBytes(newHot.Bytes()), cBytes(newHot.Bytes())) }), ErrMalformed},
		{"a signing key of another algorithm", fact(func(r *rawRotation) { r.keys = cArray(cBytes(append([]byte{0xec, 1}, newHot.Bytes()[2:]...))) }), ErrUnsupported},
		{"the rotation key as signing key", fact(func(r *rawRotation) { r.keys = cArray(cBytes(cold.Public().Bytes())) }), ErrMalformed},
		{"no commitment", fact(func(r *rawRotation) { r.next = cEmptyArray }), ErrMalformed},
		{"3 commitments", fact(func(r *rawRotation) {
			r.next = cArray(cBytes(make([]byte, 32)), cBytes(append(make([]byte, 31), 1)), cBytes(append(make([]byte, 31), 2)))
		}), ErrMalformed},
		{"a commitment to the revealed key", fact(func(r *rawRotation) {
			d := cold.Public().RotationDigest()
			r.next = cArray(cBytes(d[:]))
		}), ErrMalformed},
		{"a commitment to a signing key", fact(func(r *rawRotation) {
			d := newHot.RotationDigest()
			r.next = cArray(cBytes(d[:]))
		}), ErrMalformed},
	}
}

func TestOpenChainRefuses(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	good := rawChain(ident, rawEvent(t, NewChain(ident), testCold(t, 1, 0), testHot(t, 1, 1).Public(), testCold(t, 1, 1).Public().RotationDigest()))
	if got := testRotated(t, 1, 1).Bytes(); !bytes.Equal(got, good) {
		t.Fatalf("by hand\n%x\nby Rotate\n%x", good, got)
	}
	for _, row := range badChains(t) {
		t.Run(row.name, func(t *testing.T) {
			chain, err := OpenChain(row.b)
			wantErr(t, err, row.class)
			if chain != nil {
				t.Fatal("a chain beside an error")
			}
			if f, err := OpenFact(row.b); f != nil || err == nil {
				t.Fatalf("as a fact: %v, %v", f, err)
			}
		})
	}
}
