package records

import (
	"bytes"
	"testing"
)

func TestPossession(t *testing.T) {
	proof, key := testProof(t, 4, 1), testHot(t, 4, 1)
	root, _, _ := testAgent(t, 1)
	over := PeerBinding([]byte("verifier"), []byte("answerer"))
	plain := Challenge{Agent: proof.ID(), Nonce: [32]byte{1}}
	asks := Challenge{Agent: proof.ID(), Nonce: [32]byte{2}, Command: "/a/b", Subject: root.ID()}
	grant := testGrants(t, 3) // for agent 4
	answer := func(c Challenge, g *Grant) *Possession {
		p, err := proof.Answer(c, over, key, g)
		wantNil(t, err)
		again, err := OpenPossession(p.Bytes())
		wantNil(t, err)
		if !bytes.Equal(p.Bytes(), again.Bytes()) {
			t.Fatal("it opens as another")
		}
		return again
	}
	revoked, err := grant.Header().RevealDerived(testSeed)
	wantNil(t, err)
	_, _, secret := testAgent(t, 4)
	dead := mustReveal(t, proof.Own().ident.header, secret)
	for _, row := range []struct {
		name   string
		answer *Possession
		to     Challenge
		over   Binding
		facts  []Fact
		class  error
	}{
		{"as asked", answer(plain, nil), plain, over, nil, nil},
		{"replayed to another challenge", answer(plain, nil), Challenge{Agent: proof.ID(), Nonce: [32]byte{9}}, over, nil, ErrWrongSubject},
		{"relayed over another channel", answer(plain, nil), plain, PeerBinding([]byte("verifier"), []byte("relay")), nil, ErrWrongSubject},
		{"the ends of the channel exchanged", answer(plain, nil), plain, PeerBinding([]byte("answerer"), []byte("verifier")), nil, ErrWrongSubject},
		{"a challenge for another agent", answer(plain, nil), Challenge{Agent: root.ID(), Nonce: [32]byte{1}}, over, nil, ErrWrongSubject},
		{"dead", answer(plain, nil), plain, over, []Fact{dead}, ErrRevoked},
		{"rotated since", answer(plain, nil), plain, over, []Fact{testRotated(t, 4, 2)}, ErrStale},
		{"with its grant", answer(asks, grant), asks, over, nil, nil},
		{"without the grant", answer(asks, nil), asks, over, nil, ErrNotGranted},
		{"with another's grant", answer(asks, testGrants(t, 2)), asks, over, nil, ErrNotGranted},
		{"with a grant that was revoked", answer(asks, grant), asks, over, []Fact{revoked}, ErrRevoked},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantErr(t, row.answer.Answers(row.to, row.over, testTime, knows(row.facts...)), row.class)
		})
	}
	_, err = proof.Answer(plain, over, testHot(t, 4, 0), nil)
	wantErr(t, err, ErrInvalidSignature)
	_, err = proof.Answer(Challenge{Agent: root.ID(), Nonce: [32]byte{1}}, over, key, nil)
	wantErr(t, err, ErrWrongSubject)
}

// badChallenges are almost challenges.
func badChallenges(t testing.TB) []badRow {
	ident, _, _ := testAgent(t, 1)
	agent, nonce := cLink(ident.ID()), cBytes(append(make([]byte, 31), 1))
	challenge := func(parts ...[]byte) []byte {
		return cArray(append([][]byte{cText(ChallengeType)}, parts...)...)
	}
	good := challenge(agent, nonce, agent, cText("/a"))
	if _, err := OpenChallenge(good); err != nil {
		t.Fatal(err)
	}
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"a byte after", append(bytes.Clone(good), 0), ErrMalformed},
		{"of another type", cArray(cText(PossessionType), agent, nonce, cNull, cText("")), ErrUnsupported},
		{"a nonce of zeros", challenge(agent, cBytes(make([]byte, 32)), cNull, cText("")), ErrMalformed},
		{"a nonce of 16 bytes", challenge(agent, cBytes(make([]byte, 16)), cNull, cText("")), ErrMalformed},
		{"nobody", challenge(cLink(AgentID{}), nonce, cNull, cText("")), ErrMalformed},
		{"a command of nobody", challenge(agent, nonce, cNull, cText("/a")), ErrMalformed},
		{"a subject without a command", challenge(agent, nonce, agent, cText("")), ErrMalformed},
		{"a command that is no path", challenge(agent, nonce, agent, cText("a")), ErrMalformed},
		{"longer than a challenge", append(bytes.Clone(good), make([]byte, MaxChallengeSize)...), ErrTooLarge},
	}
}

// badPossessions are almost proofs of possession.
func badPossessions(t testing.TB) []badRow {
	proof, key := testProof(t, 1, 0), testSigner(t, 1)
	nonce, binding := cBytes(append(make([]byte, 31), 1)), cBytes(append(make([]byte, 31), 2))
	possession := func(key Signer, domain string, proof, grant []byte, parts ...[]byte) []byte {
		payload := cArray(parts...)
		return cArray(cText(PossessionType), payload, cUint(0), cBytes(signed(t, key, cArray(cText(domain), payload))), proof, grant)
	}
	agent := cLink(proof.ID())
	good := possession(key, PossessionType, proof.Bytes(), cBytes(nil), agent, cUint(0), nonce, binding)
	if _, err := OpenPossession(good); err != nil {
		t.Fatal(err)
	}
	return []badRow{
		{"empty", nil, ErrMalformed},
		{"a byte after", append(bytes.Clone(good), 0), ErrMalformed},
		{"signed as a receipt", possession(key, ReceiptType, proof.Bytes(), cBytes(nil), agent, cUint(0), nonce, binding), ErrInvalidSignature},
		{"signed by another", possession(testSigner(t, 2), PossessionType, proof.Bytes(), cBytes(nil), agent, cUint(0), nonce, binding), ErrInvalidSignature},
		{"another's proof", possession(key, PossessionType, testProof(t, 2, 0).Bytes(), cBytes(nil), agent, cUint(0), nonce, binding), ErrWrongSubject},
		{"rotation 1 with a chain of none", possession(key, PossessionType, proof.Bytes(), cBytes(nil), agent, cUint(1), nonce, binding), ErrMalformed},
		{"no binding", possession(key, PossessionType, proof.Bytes(), cBytes(nil), agent, cUint(0), nonce), ErrMalformed},
		{"null for no grant", possession(key, PossessionType, proof.Bytes(), cNull, agent, cUint(0), nonce, binding), ErrMalformed},
		{"a grant that is none", possession(key, PossessionType, proof.Bytes(), cBytes([]byte{1}), agent, cUint(0), nonce, binding), ErrMalformed},
	}
}

func TestOpenPossessionRefuses(t *testing.T) {
	for _, row := range badChallenges(t) {
		t.Run("challenge: "+row.name, func(t *testing.T) {
			_, err := OpenChallenge(row.b)
			wantErr(t, err, row.class)
		})
	}
	for _, row := range badPossessions(t) {
		t.Run(row.name, func(t *testing.T) {
			p, err := OpenPossession(row.b)
			wantErr(t, err, row.class)
			if p != nil {
				t.Fatal("a possession beside an error")
			}
		})
	}
}
