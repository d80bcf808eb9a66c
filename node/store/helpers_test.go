package store

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// testTime is when the tests take place.
var testTime = time.Unix(1_800_000_000, 0).UTC()

// agent is an identity with all that it needs to speak and to die.
type agent struct {
	*records.Identity
	key    records.Signer
	secret records.Secret
}

// testAgent makes an agent that follows from n.
func testAgent(t testing.TB, n int) agent {
	t.Helper()
	seed := binary.BigEndian.AppendUint64(make([]byte, 24), uint64(n))
	key, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	var secret records.Secret
	copy(secret[:], seed)
	secret[0] = 1
	g := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{key.Public().RotationDigest()}}
	ident, err := records.NewIdentity(g, testTime.Add(records.DefaultLife), secret)
	if err != nil {
		t.Fatal(err)
	}
	return agent{ident, key, secret}
}

// fact is the agent's tombstone.
func (a agent) fact(t testing.TB) records.Fact {
	t.Helper()
	f, err := a.Header().Reveal(a.secret)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// stamped is the tombstone as it arrives.
func (a agent) stamped(t testing.TB) StampedFact {
	return StampedFact{At: testTime, Source: "gossip", Fact: a.fact(t)}
}

// record is a record of an hour.
func (a agent) record(t testing.TB, seq uint64) *records.Record {
	return a.recordAt(t, seq, "a", testTime, time.Hour)
}

// recordAt is a record with a host of its own, so that two of one sequence differ.
func (a agent) recordAt(t testing.TB, seq uint64, host string, issued time.Time, lease time.Duration) *records.Record {
	t.Helper()
	rec, err := records.Sign(a.Identity, a.key, records.Draft{
		Sequence: seq, Issued: issued, NotAfter: issued.Add(lease),
		Location: records.Location{Endpoints: []records.Endpoint{{URL: "https://" + host + ".example/a2a", Protocol: "a2a"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// tombstone makes the n-th of many cheap facts: a header of its own, no keys.
func tombstone(n uint64) records.Fact {
	secret := records.Secret{1}
	binary.BigEndian.PutUint64(secret[8:], n)
	h, err := records.NewHeader(records.KindGrant, 1_900_000_000, [32]byte(secret), secret)
	if err != nil {
		panic(err)
	}
	f, err := h.Reveal(secret)
	if err != nil {
		panic(err)
	}
	return f
}

var ctx = context.Background()

// memory opens a store in memory that is closed at the end.
func memory(t testing.TB, opts Options) *Store {
	t.Helper()
	s, err := Memory(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// allFacts reads every fact after a cursor.
func allFacts(t testing.TB, s *Store, after uint64) []StampedFact {
	t.Helper()
	var all []StampedFact
	for f, err := range s.Facts(after) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// checkCounts holds the counters against a scan.
func checkCounts(t testing.TB, s *Store) {
	t.Helper()
	want, err := s.recount()
	if err != nil {
		t.Fatal(err)
	}
	got := *s.counts.Load()
	if got.batch = 0; got != want {
		t.Fatalf("counters %+v, a scan counts %+v", got, want)
	}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func names(n int) []string {
	var s []string
	for i := range n {
		s = append(s, fmt.Sprintf("%04d", i))
	}
	return s
}
