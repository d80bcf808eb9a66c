package records

import (
	"crypto/ed25519"
	"slices"
	"testing"
)

func BenchmarkOpenTombstone(b *testing.B) {
	for n := 1; n <= MaxLocks; n++ {
		raw := mustReveal(b, mustHeader(b, testSecrets[:n]...), testSecrets[0]).Bytes()
		b.Run([]string{"", "1lock", "2locks", "3locks"}[n], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := OpenTombstone(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("forged", func(b *testing.B) { // out of order: the dearest refusal
		raw := badTombstones(b)[len(badTombstones(b))-1].b
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenTombstone(raw); err == nil {
				b.Fatal("taken")
			}
		}
	})
}

// BenchmarkOpenRecord verifies records of three sizes, and says how many times the
// price of one bare signature check that is.
func BenchmarkOpenRecord(b *testing.B) {
	a := newRawAgent(b, 1)
	full := testLocation()
	for i := range 40 {
		full.Capabilities = append(full.Capabilities, "/capability-"+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	var bare float64 // ns
	b.Run("bare-verify", func(b *testing.B) {
		msg := make([]byte, 700)
		sig := signed(b, a.key, msg)
		pub := ed25519.PublicKey(a.key.Public().Bytes()[2:])
		for b.Loop() {
			if !ed25519.Verify(pub, msg, sig) {
				b.Fatal("bad signature")
			}
		}
		bare = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	})
	for _, row := range []struct {
		name string
		l    Location
	}{
		{"least", Location{Endpoints: []Endpoint{{URL: "https://a.example/", Protocol: "a2a"}}}},
		{"every-field", testLocation()},
		{"40-capabilities", full},
	} {
		raw := mustSign(b, a.ident, a.key, Draft{Sequence: 1, Issued: testTime, Location: row.l}).Bytes()
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := OpenRecord(raw); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(raw)), "bytes")
			if bare > 0 {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bare, "x/verify")
			}
		})
	}
}

// BenchmarkOpenRecordRefused is what a stranger's junk of the full size costs.
func BenchmarkOpenRecordRefused(b *testing.B) {
	a := newRawAgent(b, 1)
	p := a.payload()
	good := a.record(b, p.encode())
	envelope := good[:len(good)-len(cArray(a.link()))]
	links := func(n int, link []byte) []byte {
		proof := cHead(4, uint64(n))
		for range n {
			proof = append(proof, link...)
		}
		return append(append([]byte(nil), envelope...), proof...)
	}
	flipped := append([]byte(nil), good...)
	flipped[len(envelope)-1] ^= 1
	manyRotations := cHead(4, 1000)
	for range 1000 {
		manyRotations = append(manyRotations, cArray(cArray(cArray(cUint(1))), cBytes(make([]byte, 8)))...)
	}
	for _, row := range []struct {
		name string
		b    []byte
	}{
		{"signature", flipped},
		{"junk", make([]byte, MaxValueSize)},
		{"too-large", make([]byte, MaxValueSize+1)},
		{"payload-of-small-things", a.record(b, p.with("cap", cArray(slices.Repeat([][]byte{cText("/a")}, 120)...)).with("code", cArray(slices.Repeat([][]byte{cHead(5, 0)}, 120)...)).
			with("ep", cArray(slices.Repeat([][]byte{cHead(5, 0)}, 120)...)).encode())},
		{"128-links", links(128, cArray(cEmptyArray, cEmptyArray, cEmptyArray, cNull))},
		{"1000-links", links(1000, cArray(cEmptyArray, cEmptyArray, cEmptyArray, cNull))},
		{"1000-rotations", links(1, cArray(a.ident.HeaderBytes(), a.ident.GenesisBytes(), manyRotations, cNull))},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(row.b)), "bytes")
			for b.Loop() {
				if _, err := OpenRecord(row.b); err == nil {
					b.Fatal("taken")
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	ident, key, _ := testAgent(b, 1)
	d := Draft{Sequence: 1, Issued: testTime, Location: testLocation()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Sign(ident, key, d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAgentID(b *testing.B) {
	ident, _, _ := testAgent(b, 1)
	text := ident.ID().String()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseAgentID(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFactSetAdd(b *testing.B) {
	facts := make([]Fact, 1<<14)
	for i := range facts {
		s := Secret{1, byte(i), byte(i >> 8)}
		facts[i] = mustReveal(b, mustHeader(b, s), s)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := NewFactSet()
		for _, f := range facts {
			s.Add(f)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(facts)), "ns/fact")
}

// BenchmarkFactSetLookup is a question to a set of a million facts.
func BenchmarkFactSetLookup(b *testing.B) {
	const many = 1_000_000
	s := NewFactSet()
	held, stranger := make([]Fact, 0, 1<<10), make([]Fact, 0, 1<<10)
	for i := range many + cap(stranger) {
		secret := Secret{byte(i), byte(i >> 8), byte(i >> 16), 1}
		f := mustReveal(b, mustHeader(b, secret), secret)
		switch {
		case i >= many:
			stranger = append(stranger, f)
			continue
		case len(held) < cap(held):
			held = append(held, f)
		}
		s.Add(f)
	}
	for _, row := range []struct {
		name string
		of   []Fact
		ask  func(Fact) bool
		want bool
	}{
		{"held", held, func(f Fact) bool { return s.Lookup(f.ID()) != nil }, true},
		{"not-held", stranger, func(f Fact) bool { return s.Lookup(f.ID()) != nil }, false},
		{"has", held, s.Has, true},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if row.ask(row.of[i%len(row.of)]) != row.want {
					b.Fatal("wrong")
				}
			}
		})
	}
	b.ReportMetric(float64(heapInUse())/float64(s.Size()), "heap/raw")
}
