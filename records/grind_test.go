package records

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"
)

func TestGrind(t *testing.T) {
	end := time.Unix(int64(testEnd), 0)
	for _, bits := range []int{0, 1, 10} {
		secrets := []Secret{{1}, {2}, {3}}
		ident, err := Grind(testGenesis(t, 1), bits, nil, end, secrets...)
		wantErr(t, err, nil)
		if ident.ID().Work() < bits {
			t.Errorf("%d bits, want %d", ident.ID().Work(), bits)
		}
		if _, err := OpenIdentity(ident.HeaderBytes(), ident.GenesisBytes()); err != nil {
			t.Error(err)
		}
		for _, s := range secrets {
			if tomb := mustReveal(t, ident.Header(), s); tomb.ID() != ident.ID() {
				t.Error("a secret opens another agent")
			}
		}
	}
}

func TestSpawnGround(t *testing.T) {
	parent, key := testProof(t, 1, 1), testHot(t, 1, 1)
	for _, bits := range []int{0, 1, 10} {
		own := Secret{1}
		child, err := parent.SpawnGround(testGenesis(t, 5), bits, nil, parent.Own().End(), testSeed, key, own)
		wantNil(t, err)
		if child.ID().Work() < bits {
			t.Errorf("%d bits, want %d", child.ID().Work(), bits)
		}
		header := child.Own().Identity().Header()
		for _, reveal := range []func() (*Tombstone, error){
			func() (*Tombstone, error) { return header.RevealDerived(testSeed) },
			func() (*Tombstone, error) { return header.Reveal(own) },
		} {
			tomb, err := reveal()
			wantNil(t, err)
			if tomb.ID() != child.ID() {
				t.Error("a secret opens another agent")
			}
		}
		if _, err := OpenProof(child.Bytes()); err != nil {
			t.Error(err)
		}
	}
	_, err := parent.SpawnGround(testGenesis(t, 5), MaxWork+1, nil, parent.Own().End(), testSeed, key)
	wantErr(t, err, ErrMalformed)
}

func TestGrindStops(t *testing.T) {
	enough := errors.New("enough")
	tries := uint64(0)
	tried := func(n uint64) error {
		if tries = n; n >= 3*grindRound {
			return enough
		}
		return nil
	}
	_, err := Grind(testGenesis(t, 1), MaxWork, tried, time.Unix(int64(testEnd), 0), Secret{1})
	if !errors.Is(err, enough) || tries != 3*grindRound {
		t.Errorf("%v after %d", err, tries)
	}
	for _, bits := range []int{-1, MaxWork + 1} {
		_, err := Grind(testGenesis(t, 1), bits, nil, time.Unix(int64(testEnd), 0), Secret{1})
		wantErr(t, err, ErrMalformed)
	}
	_, err = Grind(testGenesis(t, 1), 8, nil, time.Unix(int64(testEnd), 0), Secret{1}, Secret{1})
	wantErr(t, err, ErrMalformed)
}

func BenchmarkWork(b *testing.B) {
	id := AgentIDFromDigest(sha256.Sum256([]byte("agent")))
	for b.Loop() {
		_ = id.Work()
	}
}

func BenchmarkGrind(b *testing.B) {
	g, n := testGenesis(b, 1), uint64(0)
	stop := errors.New("stop")
	for b.Loop() {
		_, _ = Grind(g, MaxWork, func(tries uint64) error { n += tries; return stop }, time.Unix(int64(testEnd), 0), Secret{1})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/try")
}
