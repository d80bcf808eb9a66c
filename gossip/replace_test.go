package gossip

import (
	"crypto/ed25519"
	"encoding/binary"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// life is what may become known of one agent, each replacing another: two rotations, forks
// of both, and its death.
type life struct {
	one, two, forked, lateFork, dead records.Fact
}

func (l life) all() []records.Fact {
	return []records.Fact{l.one, l.two, l.forked, l.lateFork, l.dead}
}

// lifeOf is that of the n-th of many agents.
func lifeOf(t testing.TB, n int) life {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	key := func(what byte) *records.Ed25519Signer {
		seed := binary.BigEndian.AppendUint64(make([]byte, 23), uint64(n))
		s, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(append(seed, what)))
		must(err)
		return s
	}
	digest := func(what byte) [][32]byte { return [][32]byte{key(what).Public().RotationDigest()} }
	secret := records.Secret{1, byte(n), byte(n >> 8)}
	ident, err := records.NewIdentity(records.Genesis{Keys: []records.PublicKey{key('h').Public()}, Next: digest('a'), Nonce: [16]byte{1}}, time.Unix(1_900_000_000, 0), secret)
	must(err)
	rotate := func(c *records.Chain, hot, next, cold byte) *records.Chain {
		after, err := c.Rotate([]records.PublicKey{key(hot).Public()}, digest(next), key(cold))
		must(err)
		return after
	}
	zero := records.NewChain(ident)
	one := rotate(zero, '1', 'b', 'a')
	dead, err := ident.Header().Reveal(secret)
	must(err)
	return life{one, rotate(one, '2', 'c', 'b'), rotate(zero, 'x', 'y', 'a'), rotate(one, 'z', 'y', 'b'), dead}
}

// sameItems holds two sets to have the same items.
func sameItems(t *rapid.T, a, b *records.FactSet) {
	for f := range a.All() {
		if held := b.Lookup(f.ID()); held == nil || held.Item() != f.Item() {
			t.Fatalf("one has %T of %s, the other %T", f, f.ID(), held)
		}
	}
	if a.Len() != b.Len() {
		t.Fatalf("%d and %d facts", a.Len(), b.Len())
	}
}

// TestReplacedFactsConverge: whatever two sides know of agents that are rotated, in conflict
// and dead, at first and while they talk, and whatever they remember, a session leaves both
// with what both knew, or says that it did not; and soon one does.
func TestReplacedFactsConverge(t *testing.T) {
	var lives []records.Fact
	for n := range 12 {
		lives = append(lives, lifeOf(t, n).all()...)
	}
	plain := facts(t, 0, 200)
	rapid.Check(t, func(t *rapid.T) {
		some := func(what string, most int) (facts []records.Fact) {
			for range rapid.IntRange(0, most).Draw(t, what) {
				facts = append(facts, rapid.SampledFrom(lives).Draw(t, what+" life"))
			}
			return append(facts, plain[:rapid.IntRange(0, len(plain)).Draw(t, what+" plain")]...)
		}
		a, b := side(setOf(some("a", 20))), side(setOf(some("b", 20)))
		for range 3 {
			for _, r := range []*reconciler{a, b} {
				for _, f := range some("more", 5) {
					r.facts.Add(f)
				}
			}
			later := some("meanwhile", 3) // comes to one of them with the first fact from the other
			late, ingest := a, a.ingest
			late.ingest = func(f records.Fact, from peer.ID) (bool, error) {
				for _, f := range later {
					late.facts.Add(f)
				}
				later = nil
				return ingest(f, from)
			}
			want := union(a.facts, b.facts)
			o := talk(a, b)
			late.ingest = ingest
			if o.clientErr != nil || o.serverErr != nil {
				t.Fatalf("%v, %v: %s", o.clientErr, o.serverErr, o)
			}
			for _, r := range []*reconciler{a, b} {
				got := union(r.facts)
				for f := range want.All() {
					if got.Add(f) {
						t.Fatalf("agreed, and %T of %s is not there", f, f.ID())
					}
				}
			}
			a, b = b, a
		}
		if o := talk(a, b); o.clientErr != nil || o.serverErr != nil {
			t.Fatal(o.clientErr, o.serverErr)
		}
		sameItems(t, a.facts, b.facts)
		if o := talk(b, a); !o.same {
			t.Fatalf("equal sets differ: %s", o)
		}
	})
}

// TestLedgerOfReplacedFacts: it is brought up to date, not made anew, and a snapshot stays as it
// was however much is replaced after it.
func TestLedgerOfReplacedFacts(t *testing.T) {
	var lives []records.Fact
	for n := range 12 {
		lives = append(lives, lifeOf(t, n).all()...)
	}
	plain := facts(t, 0, 20)
	rapid.Check(t, func(t *rapid.T) {
		set := setOf(plain)
		l := ledgerOf(set)
		cells := l.cells
		var then *snapshot
		var was *records.FactSet
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "snapshot") == 0 {
				then, was = l.take(), union(set)
			}
			set.Add(rapid.SampledFrom(lives).Draw(t, "fact"))
		}
		check := func(s *snapshot, of *records.FactSet) {
			want := ledgerOf(of).take()
			if s.print != want.print || s.sketch != want.sketch || s.size() != want.size() {
				t.Fatalf("%d facts, want %d", s.size(), want.size())
			}
			all, err := s.all()
			if err != nil {
				t.Fatal(err)
			}
			sameItemsOf(t, all, of)
			for f := range of.All() {
				if found := s.find(itemOf(f)); found == nil || found.Item() != f.Item() {
					t.Fatalf("%T of %s is not found", f, f.ID())
				}
			}
		}
		check(l.take(), set)
		if l.cells != cells {
			t.Fatal("it was made anew")
		}
		if then != nil {
			check(then, was)
			got, want := symbolsOf(t, then), symbolsOf(t, ledgerOf(was).take())
			for i := range got {
				if got[i] != want[i] {
					t.Fatal("a snapshot has other symbols")
				}
			}
		}
	})
}

func sameItemsOf(t *rapid.T, all []records.Fact, set *records.FactSet) {
	sameItems(t, setOf(all), set)
	if len(all) != set.Len() {
		t.Fatalf("%d facts, want %d", len(all), set.Len())
	}
}

// TestA38RotationHidesNoTombstone: two nodes of which one knows of a rotation and the other of
// the death compare different items, so that the tombstone is found; and the rotation is
// not taken by those who know of the death.
func TestA38RotationHidesNoTombstone(t *testing.T) {
	for n, row := range []struct {
		name string
		hide func(life) records.Fact
	}{
		{"a rotation", func(l life) records.Fact { return l.one }},
		{"two", func(l life) records.Fact { return l.two }},
		{"a conflict", func(l life) records.Fact { return records.Join(l.two, l.forked) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := lifeOf(t, n)
			for _, known := range [][2]*reconciler{
				{side(setOf([]records.Fact{row.hide(l)})), side(setOf([]records.Fact{l.dead}))},
				{side(setOf([]records.Fact{l.dead})), side(setOf([]records.Fact{row.hide(l)}))},
			} {
				agree(t, known[0], known[1])
				for _, r := range known {
					if f := r.facts.Lookup(l.dead.ID()); f == nil || f.Item() != l.dead.Item() || r.facts.Len() != 1 {
						t.Errorf("what is held is %T", f)
					}
				}
			}
		})
	}
}
