package records

import (
	"bytes"
	"testing"
	"time"
)

func TestObituary(t *testing.T) {
	chain, heir := testRotated(t, 1, 1), testRotated(t, 2, 0).ID()
	o, err := chain.Obituary(ReasonSuperseded, testTime, &heir, testCold(t, 1, 1))
	wantNil(t, err)
	again, err := OpenObituary(o.Bytes())
	wantNil(t, err)
	if !bytes.Equal(again.Bytes(), o.Bytes()) || *again.Successor() != heir || !again.Time().Equal(testTime) || again.ID() != chain.ID() {
		t.Fatal("it opens as another")
	}
	own := chain.ID()
	for _, row := range []struct {
		name   string
		reason Reason
		at     time.Time
		heir   *AgentID
		cold   Signer
		class  error
	}{
		{"A33: by the hot key", ReasonSuperseded, testTime, &heir, testHot(t, 1, 1), ErrInvalidSignature},
		{"by the rotation key that was spent", ReasonSuperseded, testTime, &heir, testCold(t, 1, 0), ErrInvalidSignature},
		{"a reason that promises a return", "certificateHold", testTime, nil, testCold(t, 1, 1), ErrMalformed},
		{"itself as successor", ReasonSuperseded, testTime, &own, testCold(t, 1, 1), ErrMalformed},
		{"nobody as successor", ReasonSuperseded, testTime, new(AgentID), testCold(t, 1, 1), ErrMalformed},
		{"before 1970", ReasonSuperseded, time.Unix(-1, 0), nil, testCold(t, 1, 1), ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := chain.Obituary(row.reason, row.at, row.heir, row.cold)
			wantErr(t, err, row.class)
		})
	}
}

// badObituaries are almost those of agent 1.
func badObituaries(t testing.TB) []badRow {
	ident, hot, _ := testAgent(t, 1)
	chain, cold := NewChain(ident), testCold(t, 1, 0)
	head := chain.Head()
	obituary := func(key Signer, domain string, parts ...[]byte) []byte {
		payload := cArray(parts...)
		return cArray(cText(ObituaryType), ident.HeaderBytes(), ident.GenesisBytes(), cEmptyArray, payload, cArray(cBytes(signed(t, key, cArray(cText(domain), payload)))))
	}
	prev, revealed, reason, at := cBytes(head[:]), cArray(cBytes(cold.Public().Bytes())), cText("superseded"), cUint(uint64(testTime.Unix()))
	good := obituary(cold, ObituaryType, prev, revealed, reason, at, cNull)
	if _, err := OpenObituary(good); err != nil {
		t.Fatal(err)
	}
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"a byte after", append(bytes.Clone(good), 0), ErrMalformed},
		{"A33: the hot key signs", obituary(hot, ObituaryType, prev, revealed, reason, at, cNull), ErrInvalidSignature},
		{"A33: the hot key reveals itself", obituary(hot, ObituaryType, prev, cArray(cBytes(hot.Public().Bytes())), reason, at, cNull), ErrInvalidSignature},
		{"signed as a rotation", obituary(cold, RotationType, prev, revealed, reason, at, cNull), ErrInvalidSignature},
		{"nobody reveals", cArray(cText(ObituaryType), ident.HeaderBytes(), ident.GenesisBytes(), cEmptyArray, cArray(prev, cEmptyArray, reason, at, cNull), cEmptyArray), ErrInvalidSignature},
		{"of another agent", obituary(cold, ObituaryType, cBytes(make([]byte, 32)), revealed, reason, at, cNull), ErrWrongSubject},
		{"a reason that is none", obituary(cold, ObituaryType, prev, revealed, cText("cACompromise"), at, cNull), ErrMalformed},
		{"itself as successor", obituary(cold, ObituaryType, prev, revealed, reason, at, cLink(ident.ID())), ErrMalformed},
		{"no successor, undefined", obituary(cold, ObituaryType, prev, revealed, reason, at, []byte{0xf7}), ErrMalformed},
		{"a time of 2^32", obituary(cold, ObituaryType, prev, revealed, reason, cUint(1<<32), cNull), ErrMalformed},
	}
}

func TestOpenObituaryRefuses(t *testing.T) {
	for _, row := range badObituaries(t) {
		t.Run(row.name, func(t *testing.T) {
			o, err := OpenObituary(row.b)
			wantErr(t, err, row.class)
			if o != nil {
				t.Fatal("an obituary beside an error")
			}
		})
	}
}

// TestEpitaph: of two obituaries that differ none is followed, whichever came first, nor is
// any after duplicity or a rotation.
func TestEpitaph(t *testing.T) {
	chain, heir := testRotated(t, 1, 1), testRotated(t, 2, 0).ID()
	write := func(reason Reason, heir *AgentID) *Obituary {
		o, err := chain.Obituary(reason, testTime, heir, testCold(t, 1, 1))
		wantNil(t, err)
		return o
	}
	one, other := write(ReasonSuperseded, &heir), write(ReasonCessation, nil)
	_, _, secret := testAgent(t, 1)
	dead := mustReveal(t, chain.ident.header, secret)
	for _, row := range []struct {
		name  string
		heard []*Obituary
		fact  Fact
		want  *Obituary
	}{
		{"none", nil, dead, nil},
		{"one", []*Obituary{one}, dead, one},
		{"one, before the tombstone", []*Obituary{one}, chain, one},
		{"one, twice", []*Obituary{one, one}, dead, one},
		{"two", []*Obituary{one, other}, dead, nil},
		{"two, and the first again", []*Obituary{other, one, other}, dead, nil},
		{"rotated since", []*Obituary{one}, testRotated(t, 1, 2), nil},
		{"in conflict", []*Obituary{one}, fork(chain, testRotated(t, 1, 1, 'x')), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var e Epitaph
			for _, o := range row.heard {
				e = e.Hear(o)
			}
			if got := e.Follow(row.fact); got != row.want {
				t.Fatalf("%v", got)
			}
		})
	}
}
