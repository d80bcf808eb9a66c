package records

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

var testSeed = bytes.Repeat([]byte{7}, 32)

// testProof is the proof of an agent after n rotations.
func testProof(t testing.TB, agent byte, n int) *Proof {
	t.Helper()
	proof, err := NewProof(testRotated(t, agent, n))
	wantNil(t, err)
	return proof
}

// mustSpawn makes agent n a child of the proof's agent, whose signing key is key.
func mustSpawn(t testing.TB, parent *Proof, key Signer, n byte) *Proof {
	t.Helper()
	child, err := parent.Spawn(testGenesis(t, n), parent.Own().End(), testSeed, key)
	wantNil(t, err)
	return child
}

// mustSignWhole signs a record with a proof.
func mustSignWhole(t testing.TB, proof *Proof, key Signer) *Record {
	t.Helper()
	r, err := proof.Sign(key, vectorDraft())
	wantNil(t, err)
	return r
}

func TestLineage(t *testing.T) {
	proof, key := testProof(t, 1, 2), Signer(testHot(t, 1, 2))
	for n := byte(11); n < 11+MaxAncestors; n++ {
		proof, key = mustSpawn(t, proof, key, n), testSigner(t, n)
	}
	again, err := OpenProof(proof.Bytes())
	wantNil(t, err)
	if !bytes.Equal(again.Bytes(), proof.Bytes()) || len(again.Ancestors()) != MaxAncestors || again.Ancestors()[4].Number() != 2 {
		t.Fatal("it opens as another")
	}
	rec := mustSignWhole(t, proof, key)
	if _, err := OpenRecord(rec.Bytes()); !errors.Is(err, ErrUnsupported) {
		t.Fatalf("who does not ask for the standing reads it: %v", err)
	}
	if v, err := Open(rec.Bytes()); err != nil || v.ID() != rec.ID() {
		t.Fatalf("the DHT does not take it: %v", err)
	}
	if _, errs := OpenRecords([][]byte{rec.Bytes()}); !errors.Is(errs[0], ErrUnsupported) {
		t.Fatalf("a batch takes it: %v", errs[0])
	}
	if rotated := rec.Proof().Rotated(); len(rotated) != 1 || rotated[0].Number() != 2 {
		t.Fatalf("facts in the proof: %v", rotated)
	}
	_, err = proof.Spawn(testGenesis(t, 30), proof.Own().End(), testSeed, key)
	wantErr(t, err, ErrTooLarge)

	dead, err := proof.Own().Identity().Header().RevealDerived(testSeed)
	wantNil(t, err)
	if dead.ID() != proof.ID() {
		t.Fatal("the parent's seed revokes another")
	}
	_, err = proof.Own().Identity().Header().RevealDerived(bytes.Repeat([]byte{8}, 32))
	wantErr(t, err, ErrWrongSecret)
}

func TestSpawnRefuses(t *testing.T) {
	parent, key := testProof(t, 1, 1), testHot(t, 1, 1)
	end := parent.Own().End()
	_, err := parent.Spawn(testGenesis(t, 5), end.Add(time.Second), testSeed, key)
	wantErr(t, err, ErrMalformed) // an end after the parent's
	_, err = parent.Spawn(testGenesis(t, 5), end, testSeed, testHot(t, 1, 0))
	wantErr(t, err, ErrInvalidSignature) // a key that is rotated out
	_, err = parent.Spawn(testGenesis(t, 5), end, testSeed[:31], key)
	wantErr(t, err, ErrMalformed)
	stranger, _, _ := testAgent(t, 6)
	_, err = parent.Adopt(NewChain(stranger), key)
	wantErr(t, err, ErrMalformed) // it names no parent
	child := mustSpawn(t, parent, key, 5)
	_, err = testProof(t, 2, 0).Adopt(child.Own(), testSigner(t, 2))
	wantErr(t, err, ErrWrongSubject)
	_, err = NewProof(child.Own())
	wantErr(t, err, ErrMalformed)
}

// rawLink is a step of a proof by hand.
func rawLink(c *Chain, consent []byte) []byte {
	return cArray(c.ident.HeaderBytes(), c.ident.GenesisBytes(), appendEvents(nil, c.events), consent)
}

// rawConsent is a consent by hand.
func rawConsent(t testing.TB, key Signer, child AgentID, rotation uint64, domain string) []byte {
	return cArray(cUint(rotation), cUint(0), cBytes(signed(t, key, cArray(cText(domain), cArray(cLink(child), cUint(rotation))))))
}

// badProofs are almost the proof of a child of agent 1, which was rotated once.
func badProofs(t testing.TB) []badRow {
	parent := testRotated(t, 1, 1)
	hot, spent := testHot(t, 1, 1), testHot(t, 1, 0)
	child := mustSpawn(t, testProof(t, 1, 1), hot, 5).Own()
	sibling := mustSpawn(t, testProof(t, 1, 1), hot, 6).Own()
	grandchild := mustSpawn(t, mustSpawn(t, testProof(t, 1, 1), hot, 5), testSigner(t, 5), 7).Own()
	good := rawConsent(t, hot, child.ID(), 1, ConsentType)
	root := rawLink(parent, cNull)
	long, err := NewIdentity(Genesis{Keys: child.ident.genesis.Keys, Next: child.ident.genesis.Next, Parent: child.ident.genesis.Parent}, parent.End().Add(time.Second), Secret{1})
	wantNil(t, err)
	deep := [][]byte{root}
	proof, key := testProof(t, 1, 1), Signer(hot)
	for n := byte(11); n < 11+MaxAncestors; n++ {
		proof, key = mustSpawn(t, proof, key, n), testSigner(t, n)
		deep = append([][]byte{rawLink(proof.Own(), proof.links[0].agreed.append(nil))}, deep...)
	}
	id := proof.ID()
	g := testGenesis(t, 17)
	g.Parent = &id
	deepest, err := NewIdentity(g, proof.Own().End(), Secret{1})
	wantNil(t, err)
	deep = append([][]byte{rawLink(NewChain(deepest), rawConsent(t, key, deepest.ID(), 0, ConsentType))}, deep...)
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"no link", cEmptyArray, ErrMalformed},
		{"a byte after", append(cArray(rawLink(child, good), root), 0), ErrMalformed},
		{"A32: no consent, no parent's link", cArray(rawLink(child, cNull)), ErrMalformed},
		{"A32: no consent", cArray(rawLink(child, cNull), root), ErrMalformed},
		{"no parent's link", cArray(rawLink(child, good)), ErrMalformed},
		{"the parent alone, with a consent", cArray(rawLink(parent, good)), ErrMalformed},
		{"A32: a stranger as parent", cArray(rawLink(child, rawConsent(t, testSigner(t, 2), child.ID(), 0, ConsentType)), rawLink(testRotated(t, 2, 0), cNull)), ErrWrongSubject},
		{"A32: a consent that the child signed", cArray(rawLink(child, rawConsent(t, testSigner(t, 5), child.ID(), 1, ConsentType)), root), ErrInvalidSignature},
		{"a consent for a sibling", cArray(rawLink(child, rawConsent(t, hot, sibling.ID(), 1, ConsentType)), root), ErrInvalidSignature},
		{"a consent by the key that was rotated out", cArray(rawLink(child, rawConsent(t, spent, child.ID(), 1, ConsentType)), root), ErrInvalidSignature},
		{"a consent of the rotation before", cArray(rawLink(child, rawConsent(t, spent, child.ID(), 0, ConsentType)), root), ErrMalformed},
		{"a consent of the rotation after", cArray(rawLink(child, rawConsent(t, hot, child.ID(), 2, ConsentType)), root), ErrMalformed},
		{"a consent by a key that is not there", cArray(rawLink(child, slices.Concat([]byte{0x83, 1, 1}, good[3:])), root), ErrInvalidSignature},
		{"a consent of 63 bytes", cArray(rawLink(child, cArray(cUint(1), cUint(0), cBytes(make([]byte, 63)))), root), ErrInvalidSignature},
		{"a consent of two fields", cArray(rawLink(child, cArray(cUint(1), cUint(0))), root), ErrMalformed},
		{"a consent with its number in two bytes", cArray(rawLink(child, slices.Concat([]byte{0x83, 0x18, 1}, good[2:])), root), ErrMalformed},
		{"a consent signed as a record", cArray(rawLink(child, rawConsent(t, hot, child.ID(), 1, RecordType)), root), ErrInvalidSignature},
		{"an end after the parent's", cArray(rawLink(NewChain(long), rawConsent(t, hot, long.ID(), 1, ConsentType)), root), ErrMalformed},
		{"a link too many", cArray(rawLink(child, good), rawLink(parent, good), rawLink(testRotated(t, 2, 0), cNull)), ErrMalformed},
		{"the grandparent for the parent", cArray(rawLink(grandchild, rawConsent(t, hot, grandchild.ID(), 1, ConsentType)), root), ErrWrongSubject},
		{"a cycle: the parent's parent is the child", cArray(rawLink(child, good), rawLink(parent, good), rawLink(child, good)), ErrMalformed},
		{"a cycle: an agent is its own parent", cArray(rawLink(child, good), rawLink(child, good), root), ErrWrongSubject},
		{"6 ancestors", cArray(deep...), ErrMalformed},
		{"a rotation that nobody signed", cArray(cArray(parent.ident.HeaderBytes(), parent.ident.GenesisBytes(),
			cArray(rawEvent(t, NewChain(parent.ident), testCold(t, 1, 0), hot.Public(), [32]byte{1}, func(r *rawRotation) { r.sigs = [][]byte{cBytes(make([]byte, 64))} })), cNull)), ErrInvalidSignature},
	}
}

func TestOpenProofRefuses(t *testing.T) {
	hot := testHot(t, 1, 1)
	child := mustSpawn(t, testProof(t, 1, 1), hot, 5)
	byHand := cArray(rawLink(child.Own(), rawConsent(t, hot, child.ID(), 1, ConsentType)), rawLink(testRotated(t, 1, 1), cNull))
	if !bytes.Equal(byHand, child.Bytes()) {
		t.Fatalf("by hand\n%x\nby Spawn\n%x", byHand, child.Bytes())
	}
	for _, row := range badProofs(t) {
		t.Run(row.name, func(t *testing.T) {
			proof, err := OpenProof(row.b)
			wantErr(t, err, row.class)
			if proof != nil {
				t.Fatal("a proof beside an error")
			}
		})
	}
}

// TestStanding: what is known of an agent or of any ancestor ends a proof, and nothing else.
func TestStanding(t *testing.T) {
	root, hot := testProof(t, 1, 1), testHot(t, 1, 1)
	mid := mustSpawn(t, root, hot, 5)
	leaf := mustSpawn(t, mid, testSigner(t, 5), 6)
	stranger, _, strangersSecret := testAgent(t, 2)
	reveal := func(p *Proof) Fact {
		dead, err := p.Own().ident.header.RevealDerived(testSeed)
		wantNil(t, err)
		return dead
	}
	_, _, rootSecret := testAgent(t, 1)
	midRotated, err := mid.Own().Rotate([]PublicKey{testSigner(t, 50).Public()}, [][32]byte{{1}}, testCold(t, 5, 0))
	wantNil(t, err)
	leafRotated, err := leaf.Own().Rotate([]PublicKey{testSigner(t, 60).Public()}, [][32]byte{{1}}, testCold(t, 6, 0))
	wantNil(t, err)
	renewed, err := leaf.Renewed(leafRotated)
	wantNil(t, err)
	for _, row := range []struct {
		name  string
		proof *Proof
		facts []Fact
		class error
		whose *Proof
	}{
		{"nothing known", leaf, nil, nil, nil},
		{"the rotation of the proof", leaf, []Fact{root.Own()}, nil, nil},
		{"a stranger is dead", leaf, []Fact{mustReveal(t, stranger.header, strangersSecret)}, nil, nil},
		{"its own death", leaf, []Fact{reveal(leaf)}, ErrRevoked, leaf},
		{"its parent's death", leaf, []Fact{reveal(mid)}, ErrRevoked, mid},
		{"its grandparent's death", leaf, []Fact{mustReveal(t, root.Own().ident.header, rootSecret)}, ErrRevoked, root},
		{"A28: its own rotation", leaf, []Fact{leafRotated}, ErrStale, leaf},
		{"its own rotation, and it has it", renewed, []Fact{leafRotated}, nil, nil},
		{"its parent's rotation", leaf, []Fact{midRotated}, ErrStale, mid},
		{"its grandparent's rotation", leaf, []Fact{testRotated(t, 1, 2)}, ErrStale, root},
		{"a fork of its grandparent", leaf, []Fact{testRotated(t, 1, 1, 'x')}, ErrConflict, root},
		{"a proof of duplicity of its grandparent", leaf, []Fact{fork(testRotated(t, 1, 1), testRotated(t, 1, 1, 'x'))}, ErrConflict, root},
		{"a proof of a fork that it does not have", leaf, []Fact{fork(testRotated(t, 1, 2), mustRotate(t, testRotated(t, 1, 1), 1, 2, 'x'))}, ErrConflict, root},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.proof.Standing(func(id AgentID) Fact {
				for _, f := range row.facts {
					if f.ID() == id {
						return f
					}
				}
				return nil
			})
			wantErr(t, err, row.class)
			var se *StandingError
			if errors.As(err, &se) != (row.whose != nil) || se != nil && (se.Subject != row.whose.ID() || se.Fact == nil) {
				t.Fatalf("%v", err)
			}
		})
	}
}

// TestOpenWholeIsOpenRecord: but for what OpenRecord does not look into, both say the same.
func TestOpenWholeIsOpenRecord(t *testing.T) {
	for _, row := range badRecords(t) {
		if _, err := OpenWhole(row.b); err == nil {
			t.Errorf("%s: opens", row.name)
		} else if class := row.class; class != ErrUnsupported && !errors.Is(err, class) {
			t.Errorf("%s: %v, OpenRecord says %v", row.name, err, class)
		}
	}
	a := newRawAgent(t, 1)
	raw := a.record(t, a.payload().encode())
	plain, err := OpenRecord(raw)
	wantNil(t, err)
	whole, err := OpenWhole(raw)
	wantNil(t, err)
	if plain.Mark() != whole.Mark() || plain.ID() != whole.ID() || !bytes.Equal(plain.Proof().Bytes(), whole.Proof().Bytes()) {
		t.Fatal("one record opens in two ways")
	}
}

// badWholeRecords are almost records of agents with rotations and ancestors.
func badWholeRecords(t testing.TB) []badRow {
	a := newRawAgent(t, 1)
	once := testRotated(t, 1, 1)
	hot, spent := testHot(t, 1, 1), testHot(t, 1, 0)
	record := func(key Signer, payload fields, proof ...[]byte) []byte {
		by := rawAgent{a.ident, key}
		return by.record(t, payload.encode(), func(r *rawRecord) { r.proof = cArray(proof...) })
	}
	p := a.payload()
	p1 := p.with("rot", cUint(1))
	child := mustSpawn(t, testProof(t, 1, 1), hot, 5)
	pc := p.with("agent", cLink(child.ID()))
	rows := []badRow{
		{"signed by the key that was rotated out", record(spent, p1, rawLink(once, cNull)), ErrInvalidSignature},
		{"A28: rotation 0 with a chain of 1", record(spent, p, rawLink(once, cNull)), ErrMalformed},
		{"rotation 2 with a chain of 1", record(hot, p.with("rot", cUint(2)), rawLink(once, cNull)), ErrMalformed},
		{"rotation 1 without its chain", record(hot, p1, a.link()), ErrMalformed},
		{"signed by the rotation key", record(testCold(t, 1, 0), p1, rawLink(once, cNull)), ErrInvalidSignature},
		{"A25: a rotation by the hot key", record(hot, p1, cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(),
			cArray(rawEvent(t, NewChain(a.ident), a.key, hot.Public(), [32]byte{1})), cNull)), ErrInvalidSignature},
		{"the parent signs for the child", record(hot, pc, rawLink(child.Own(), child.links[0].agreed.append(nil)), rawLink(once, cNull)), ErrInvalidSignature},
		{"the child signs for the parent", record(testSigner(t, 5), p1, rawLink(child.Own(), child.links[0].agreed.append(nil)), rawLink(once, cNull)), ErrWrongSubject},
	}
	for _, row := range badProofs(t) {
		if len(row.b) > 0 && row.name != "a rotation that nobody signed" { // that one is of the parent
			rows = append(rows, badRow{"proof: " + row.name, cArray(cText(RecordType), pc.encode(), cUint(0), cBytes(make([]byte, 64)), row.b), row.class})
		}
	}
	return rows
}

func TestOpenWholeRefuses(t *testing.T) {
	for _, row := range badWholeRecords(t) {
		t.Run(row.name, func(t *testing.T) {
			r, err := OpenWhole(row.b)
			wantErr(t, err, row.class)
			if r != nil {
				t.Fatal("a record beside an error")
			}
			if _, err := OpenRecord(row.b); err == nil {
				t.Fatal("OpenRecord takes it")
			}
		})
	}
}

// TestWholeRecordsAreBounded: what would not fit is refused before a key is used.
func TestWholeRecordsAreBounded(t *testing.T) {
	deep, err := NewProof(&Chain{ident: testRotated(t, 1, 0).ident, events: widest(t, MaxRotations).events})
	wantNil(t, err)
	for range MaxAncestors {
		deep.links = append(deep.links, deep.links[0])
	}
	_, err = deep.Sign(neverSigns{deep.Own().keys()[0]}, vectorDraft())
	wantErr(t, err, ErrTooLarge)
}

// neverSigns fails the test where it is asked to.
type neverSigns struct{ key PublicKey }

func (n neverSigns) Public() PublicKey { return n.key }
func (n neverSigns) Sign([]byte) ([]byte, error) {
	return nil, errors.New("the key was used")
}
