package records

import (
	"fmt"
	"strings"
	"testing"
)

// vectorMakers give the rows of each file; TestVectors fills in what they come to.
func vectorMakers() map[string]func(testing.TB) (vectorFile, opener) {
	return map[string]func(testing.TB) (vectorFile, opener){
		"agent-id":   makeIDVectors,
		"dht-key":    makeKeyVectors,
		"public-key": makePublicKeyVectors,
		"lock":       makeLockVectors,
		"header":     makeHeaderVectors,
		"genesis":    makeGenesisVectors,
		"tombstone":  makeTombstoneVectors,
		"record":     makeRecordVectors,
		"url":        makeURLVectors,
		"capability": makeCapabilityVectors,
		"order":      makeOrderVectors,
		"time":       makeTimeVectors,

		"rotation":     makeRotationVectors,
		"duplicity":    makeDuplicityVectors,
		"proof":        makeProofVectors,
		"record-whole": makeWholeVectors,
		"join":         makeJoinVectors,
		"obituary":     makeObituaryVectors,
		"grant":        makeGrantVectors,
		"policy":       makePolicyVectors,
		"claim":        makeClaimVectors,
		"receipt":      makeReceiptVectors,
		"challenge":    makeChallengeVectors,
		"possession":   makePossessionVectors,
	}
}

func makeIDVectors(t testing.TB) (vectorFile, opener) {
	ident, _, _ := testAgent(t, 1)
	f := vectorFile{About: "Texts that name an agent, or do not (section 3). A DHT key is bytes."}
	f.Valid = []vector{
		bytesVector("text", []byte(ident.ID().String())),
		bytesVector("DID", []byte(ident.ID().DID())),
		bytesVector("digest of zeros", []byte(AgentID{}.String())),
	}
	for _, row := range idTextRows(t) {
		f.Invalid = append(f.Invalid, bytesVector(row.name, []byte(row.text)))
	}
	return f, onBytes(openIDVector)
}

func makeKeyVectors(t testing.TB) (vectorFile, opener) {
	ident, _, _ := testAgent(t, 1)
	f := vectorFile{About: "DHT keys (section 3)."}
	f.Valid = []vector{bytesVector("key", []byte(ident.ID().Key()))}
	raw := string(ident.ID().Bytes())
	for _, row := range [][2]string{
		{"empty", ""},
		{"no namespace", raw},
		{"another namespace", "/pk/" + raw},
		{"upper case", "/Cairn/" + raw},
		{"text in place of bytes", "/cairn/" + ident.ID().String()},
		{"the bare digest", "/cairn/" + raw[4:]},
		{"a byte short", "/cairn/" + raw[:35]},
		{"a slash after", "/cairn/" + raw + "/"},
		{"codec raw", "/cairn/" + strings.Replace(raw, "\x71", "\x55", 1)},
	} {
		f.Invalid = append(f.Invalid, bytesVector(row[0], []byte(row[1])))
	}
	return f, onBytes(openKeyVector)
}

func makePublicKeyVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Multikeys and their rotation digests (section 4)."}
	for n := byte(1); n <= 3; n++ {
		f.Valid = append(f.Valid, bytesVector(fmt.Sprintf("the key of seed 00..00%02x", n), testSigner(t, n).Public().Bytes()))
	}
	good := testSigner(t, 1).Public().Bytes()
	f.Invalid = []vector{
		bytesVector("empty", nil),
		bytesVector("bare key", good[2:]),
		bytesVector("x25519", append([]byte{0xec, 0x01}, good[2:]...)),
		bytesVector("31 bytes", good[:33]),
		bytesVector("33 bytes", append(append([]byte(nil), good...), 0)),
	}
	weak := weakKeys(t)
	for _, name := range sortedNames(weak) {
		f.Invalid = append(f.Invalid, bytesVector(name, append([]byte{0xed, 0x01}, weak[name]...)))
	}
	return f, onBytes(openPublicKeyVector)
}

func sortedNames(m map[string][]byte) []string { return fields(m).keys() }

func makeLockVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "From a secret, or a revocation seed, to a lock, its header, and the tombstone that `reveal` (by default the secret) makes (sections 5, 6, 9)."}
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i)
	}
	secret := Secret{0: 0xaa, 31: 0xbb}
	row := func(name string, kind Kind, end int64, extra ...string) vector {
		g := map[string]any{"kind": int(kind), "end": end, "body": hexOf(testBody[:])}
		for i := 0; i < len(extra); i += 2 {
			g[extra[i]] = extra[i+1]
		}
		return vector{Name: name, Given: g}
	}
	f.Valid = []vector{
		row("secret", KindAgent, testEnd, "secret", hexOf(secret[:])),
		row("seed", KindAgent, testEnd, "seed", hexOf(seed)),
		row("seed, another kind", KindGrant, testEnd, "seed", hexOf(seed)),
		row("seed, another end", KindAgent, 1<<32-1, "seed", hexOf(seed)),
		row("seed of 64 bytes", KindClaim, MinEnd, "seed", hexOf(append(seed, seed...))),
	}
	lock := mustHeader(t, secret).Locks[0]
	f.Invalid = []vector{
		row("seed of 31 bytes", KindAgent, testEnd, "seed", hexOf(seed[:31])),
		row("end below 2^16", KindAgent, MinEnd-1, "secret", hexOf(secret[:])),
		row("kind 5", 5, testEnd, "secret", hexOf(secret[:])),
		row("another secret", KindAgent, testEnd, "secret", hexOf(secret[:]), "reveal", hexOf(seed)),
		row("the lock for a secret", KindAgent, testEnd, "secret", hexOf(secret[:]), "reveal", hexOf(lock[:])),
	}
	return f, openLockVector
}

func makeHeaderVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Headers (section 5)."}
	for n := 1; n <= MaxLocks; n++ {
		f.Valid = append(f.Valid, bytesVector(fmt.Sprintf("%d locks", n), mustHeader(t, testSecrets[:n]...).Bytes()))
	}
	for kind := KindAgent; kind <= KindRealm; kind++ {
		for _, end := range []uint32{MinEnd, 1<<32 - 1} {
			h, err := NewHeader(kind, end, testBody, Secret{1})
			if err != nil {
				t.Fatal(err)
			}
			f.Valid = append(f.Valid, bytesVector(fmt.Sprintf("%s, end %d", kind, end), h.Bytes()))
		}
	}
	for _, row := range badHeaders(t) {
		f.Invalid = append(f.Invalid, bytesVector(row.name, row.b))
	}
	return f, onBytes(openHeaderVector)
}

func makeGenesisVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Genesis documents (section 7)."}
	parent := mustHeader(t, Secret{1}).ID()
	least, most := testGenesis(t, 1), testGenesis(t, 1)
	most.Keys = append(most.Keys, testSigner(t, 2).Public(), testSigner(t, 3).Public())
	most.Next = append(most.Next, testSigner(t, 4).Public().RotationDigest())
	most.Parent = &parent
	for name, g := range map[string]Genesis{"least": least, "most": most} {
		b, err := g.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		f.Valid = append(f.Valid, bytesVector(name, b))
	}
	if f.Valid[0].Name != "least" {
		f.Valid[0], f.Valid[1] = f.Valid[1], f.Valid[0]
	}
	for _, row := range badGeneses(t) {
		f.Invalid = append(f.Invalid, bytesVector(row.name, row.b))
	}
	return f, onBytes(openGenesisVector)
}

func makeTombstoneVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Tombstones (section 9). Those of one header name one subject, whichever lock was opened."}
	for n := 1; n <= MaxLocks; n++ {
		h := mustHeader(t, testSecrets[:n]...)
		for i, s := range testSecrets[:n] {
			f.Valid = append(f.Valid, bytesVector(fmt.Sprintf("%d locks, secret %d", n, i+1), mustReveal(t, h, s).Bytes()))
		}
	}
	for _, row := range badTombstones(t) {
		f.Invalid = append(f.Invalid, bytesVector(row.name, row.b))
	}
	return f, onBytes(openTombstoneVector)
}

// vectorDraft is the draft that most rows of records begin with.
func vectorDraft() Draft {
	return Draft{Sequence: 7, Issued: testTime, Location: Location{Endpoints: []Endpoint{{URL: "https://a.example/", Protocol: "a2a"}}}}
}

func makeRecordVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Records (sections 8, 10). Agent 1 has the signing seed 00..0001, the rotation seed 00..0081 and the secret 0101 00..00."}
	ident, key, _ := testAgent(t, 1)
	add := func(name string, ident *Identity, key Signer, edit func(*Draft)) {
		d := vectorDraft()
		if edit != nil {
			edit(&d)
		}
		f.Valid = append(f.Valid, bytesVector(name, mustSign(t, ident, key, d).Bytes()))
	}
	add("least", ident, key, nil)
	add("every field", ident, key, func(d *Draft) { d.Location = testLocation() })
	add("highest sequence, lease of no time", ident, key, func(d *Draft) { d.Sequence, d.NotAfter = MaxSequence, testTime })
	add("sequence 0, lease of 24 h", ident, key, func(d *Draft) { d.Sequence, d.NotAfter = 0, testTime.Add(MaxLease) })
	add("last second of the agent", ident, key, func(d *Draft) { d.Issued = ident.End() })
	add("signed part of 4096 bytes", ident, key, func(d *Draft) {
		d.Extensions = map[string][]byte{"a": make([]byte, 1024), "b": make([]byte, 1024), "c": make([]byte, 1024), "d": make([]byte, 821)}
	})
	g := testGenesis(t, 1)
	g.Keys = append(g.Keys, testSigner(t, 2).Public(), testSigner(t, 3).Public())
	g.Next = append(g.Next, testSigner(t, 4).Public().RotationDigest())
	three, err := NewIdentity(g, testTime.Add(MaxLife), testSecrets...)
	if err != nil {
		t.Fatal(err)
	}
	add("three keys, signed by the third, three locks, an end ten years on", three, testSigner(t, 3), nil)
	a := newRawAgent(t, 1)
	f.Valid = append(f.Valid, bytesVector("multiaddr of a protocol that no library knows",
		a.record(t, a.payload().with("ep", cArray(fields{"url": cText("/protocol-of-next-year/1"), "proto": cText("libp2p")}.encode())).encode())))
	for _, row := range badRecords(t) {
		f.Invalid = append(f.Invalid, bytesVector(row.name, row.b))
	}
	return f, onBytes(openRecordVector)
}

func makeURLVectors(testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "URLs, multiaddrs and package URLs (section 10)."}
	for _, s := range goodURLs() {
		f.Valid = append(f.Valid, bytesVector(s, []byte(s)))
	}
	for _, row := range badURLs() {
		f.Invalid = append(f.Invalid, bytesVector(row.name, []byte(row.url)))
	}
	return f, asText(CheckURL)
}

func makeCapabilityVectors(testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Capability paths (section 10)."}
	for _, s := range []string{"/a", "/0", "/translate-en-es", "/a/b/c", "/v1.2_x-y", "/a-", "/" + strings.Repeat("a", 127)} {
		f.Valid = append(f.Valid, bytesVector(fmt.Sprintf("%.40s", s), []byte(s)))
	}
	for _, s := range []string{"", "/", "a", "//", "/a/", "/a//b", "/A", "/a b", "/é", "/.", "/..", "/a/../b", "/-a", "/_a", "/a?b", "/a%20b", "/a:b", "/*", "/a\n", "/a\x00", "/" + strings.Repeat("a", 128)} {
		f.Invalid = append(f.Invalid, bytesVector(fmt.Sprintf("%.40q", s), []byte(s)))
	}
	return f, asText(CheckCapability)
}

func makeOrderVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Which of several values (hexadecimal, a space between) stands at the DHT key of `id`: the index of the winner (section 12)."}
	ident, key, secret := testAgent(t, 1)
	stranger, strangersKey, strangersSecret := testAgent(t, 2)
	sign := func(seq uint64, region string) []byte {
		d := vectorDraft()
		d.Sequence, d.Region = seq, region
		return mustSign(t, ident, key, d).Bytes()
	}
	low, high := sign(2, "a"), sign(2, "b")
	if fresh, err := OpenRecord(low); err != nil {
		t.Fatal(err)
	} else if other, err := OpenRecord(high); err != nil {
		t.Fatal(err)
	} else if fresh.Mark().Compare(other.Mark()) < 0 {
		low, high = high, low
	}
	one, last := sign(1, "a"), sign(MaxSequence, "a")
	dead := mustReveal(t, ident.Header(), secret).Bytes()
	theirs := mustSign(t, stranger, strangersKey, vectorDraft()).Bytes()
	theirDeath := mustReveal(t, stranger.Header(), strangersSecret).Bytes()
	broken := append([]byte(nil), last...)
	broken[len(broken)-1] ^= 1
	row := func(name string, values ...[]byte) vector {
		var all []string
		for _, v := range values {
			all = append(all, hexOf(v))
		}
		return vector{Name: name, Given: map[string]any{"id": ident.ID().String(), "values": strings.Join(all, " ")}}
	}
	f.Valid = []vector{
		row("one", one),
		row("higher sequence", one, low),
		row("lower hash first", low, high),
		row("lower hash last", high, low),
		row("equal bytes", one, one),
		row("tombstone against the highest sequence", last, dead),
		row("tombstone first", dead, last),
		row("two tombstones", one, dead, dead),
		row("a broken value loses", broken, one),
		row("a stranger's values lose", theirDeath, theirs, one),
	}
	f.Invalid = []vector{row("only broken values", broken, broken[:9]), row("only a stranger's values", theirDeath, theirs)}
	return f, openOrderVector
}

func makeTimeVectors(t testing.TB) (vectorFile, opener) {
	f := vectorFile{About: "Whether a record holds at a reader's time, in Unix milliseconds (section 11)."}
	ident, key, _ := testAgent(t, 1)
	rec := hexOf(mustSign(t, ident, key, vectorDraft()).Bytes())
	at := testTime.UnixMilli()
	row := func(name string, ms int64) vector {
		return vector{Name: name, Given: map[string]any{"record": rec, "at_ms": ms}}
	}
	f.Valid = []vector{
		row("at the issue", at), row("a reader 30 s behind", at-30_000), row("the last second", at+3_600_000),
	}
	f.Invalid = []vector{
		row("a reader 30.001 s behind", at-30_001), row("a millisecond after the last second", at+3_600_001), row("a year later", at+365*86_400_000),
	}
	return f, openTimeVector
}
