package node

import (
	"encoding/binary"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// mortal makes the n-th tombstone of somebody.
func mortal(t testing.TB, n int) records.Fact {
	t.Helper()
	var body [32]byte
	secret := records.Secret{1}
	binary.BigEndian.PutUint64(body[:], uint64(n))
	h, err := records.NewHeader(records.KindAgent, 2_000_000_000, body, secret)
	if err != nil {
		t.Fatal(err)
	}
	f, err := h.Reveal(secret)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFlushOfStrangers (A29): whoever sends ten times as many facts as there is room for
// drives out about as many of those before as chance would have it, and no chosen one.
func TestFlushOfStrangers(t *testing.T) {
	const held, flood = 100, 1_000
	s := newStrangers(2 * held * records.MinTombstoneSize)
	for n := range held {
		first, _ := s.put(mortal(t, n))
		if again, _ := s.put(mortal(t, n)); !first || again {
			t.Fatal("taken twice, or not at all")
		}
	}
	for n := range flood {
		s.put(mortal(t, held+n))
	}
	left := 0
	for n := range held {
		if s.get(mortal(t, n).ID()) != nil {
			left++
		}
	}
	facts, bytes, evicted := s.stand()
	if facts != 2*held || bytes != facts*records.MinTombstoneSize || evicted != flood-held {
		t.Errorf("%d facts of %d bytes, %d have left", facts, bytes, evicted)
	}
	if left < held/25 { // a fifth is left on average
		t.Errorf("%d of %d are left", left, held)
	}
}

// TestWorkStays: an ID with more work in it leaves after all with less.
func TestWorkStays(t *testing.T) {
	s := newStrangers(10 * records.MinTombstoneSize)
	most, least := 0, 64
	for n := range 500 {
		f := mortal(t, n)
		s.put(f)
		most = max(most, f.ID().Work())
	}
	for _, one := range s.byID {
		least = min(least, one.work)
	}
	above := 0
	for n := range 500 {
		if f := mortal(t, n); f.ID().Work() > least {
			if above++; s.get(f.ID()) == nil {
				t.Errorf("one with %d bits has left before one with %d", f.ID().Work(), least)
			}
		}
	}
	if above == 0 || most < 5 {
		t.Errorf("%d above %d, %d the most: the test says nothing", above, least, most)
	}
}
