package records

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"
)

func TestIdentityRoundTrip(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	back, err := OpenIdentity(ident.HeaderBytes(), ident.GenesisBytes())
	wantErr(t, err, nil)
	if back.ID() != ident.ID() || back.ID() != ident.Header().ID() || !back.End().Equal(testTime.Add(DefaultLife)) {
		t.Fatal("another identity")
	}
}

func TestOpenIdentityRefuses(t *testing.T) {
	ident, _, _ := testAgent(t, 1)
	stranger, _, _ := testAgent(t, 2)
	grant, err := NewHeader(KindGrant, testEnd, sha256.Sum256(ident.GenesisBytes()), Secret{1})
	wantErr(t, err, nil)
	junk := []byte("not a genesis")
	onJunk, err := NewHeader(KindAgent, testEnd, sha256.Sum256(junk), Secret{1})
	wantErr(t, err, nil)
	large := make([]byte, MaxGenesisSize+1)
	onLarge, err := NewHeader(KindAgent, testEnd, sha256.Sum256(large), Secret{1})
	wantErr(t, err, nil)
	for _, row := range []struct {
		name            string
		header, genesis []byte
		class           error
	}{
		{"A36: a stranger's genesis under the header", ident.HeaderBytes(), stranger.GenesisBytes(), ErrWrongSubject},
		{"no genesis", ident.HeaderBytes(), nil, ErrWrongSubject},
		{"no header", nil, ident.GenesisBytes(), ErrMalformed},
		{"the header of a grant", grant.Bytes(), ident.GenesisBytes(), ErrMalformed},
		{"a body that is no genesis", onJunk.Bytes(), junk, ErrMalformed},
		{"a body that is too large", onLarge.Bytes(), large, ErrTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := OpenIdentity(row.header, row.genesis)
			wantErr(t, err, row.class)
			if got != nil {
				t.Fatal("an identity beside an error")
			}
		})
	}
	// Without the comparison of the body both halves of the twin are good.
	_, errHeader := OpenHeader(ident.HeaderBytes())
	_, errGenesis := OpenGenesis(stranger.GenesisBytes())
	if errHeader != nil || errGenesis != nil {
		t.Fatal("A36 has lost its point")
	}
}

func TestNewIdentityRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		end     time.Time
		secrets []Secret
	}{
		"no secret":           {testTime, nil},
		"four secrets":        {testTime, []Secret{{1}, {2}, {3}, {4}}},
		"the zero time":       {time.Time{}, []Secret{{1}}},
		"an end before 2^16":  {time.Unix(MinEnd-1, 0), []Secret{{1}}},
		"an end after 2^32-1": {time.Unix(1<<32, 0), []Secret{{1}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewIdentity(testGenesis(t, 1), row.end, row.secrets...)
			wantErr(t, err, ErrMalformed)
		})
	}
}

// TestIdentityIsClosed: no slice that goes in or comes out reaches the verified value.
func TestIdentityIsClosed(t *testing.T) {
	ident, key, secret := testAgent(t, 1)
	parent := ident.ID()
	g := testGenesis(t, 2)
	g.Parent = &parent
	child, err := NewIdentity(g, testTime.Add(DefaultLife), Secret{1})
	wantErr(t, err, nil)
	parent = AgentID{}
	if *child.Genesis().Parent != ident.ID() {
		t.Fatal("the parent changed from outside")
	}
	*child.Genesis().Parent = AgentID{}
	if *child.Genesis().Parent != ident.ID() {
		t.Fatal("the parent changed through a copy")
	}

	header, genesis := ident.HeaderBytes(), ident.GenesisBytes()
	opened, err := OpenIdentity(header, genesis)
	wantErr(t, err, nil)
	clear(header)
	clear(genesis)
	h, gen := opened.Header(), opened.Genesis()
	clear(h.Locks)
	clear(gen.Keys)
	clear(gen.Next)
	clear(opened.HeaderBytes())
	clear(opened.GenesisBytes())
	if opened.Header().ID() != ident.ID() || !bytes.Equal(opened.GenesisBytes(), ident.GenesisBytes()) {
		t.Fatal("the identity changed")
	}
	mustSign(t, opened, key, Draft{Sequence: 1, Issued: testTime, Location: testLocation()})
	if mustReveal(t, opened.Header(), secret).ID() != ident.ID() {
		t.Fatal("the tombstone is of another")
	}
}
