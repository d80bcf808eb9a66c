package records

import (
	"bytes"
	"testing"
	"time"
)

// retyped signs what it is asked to sign as if it were of another type.
type retyped struct {
	Signer
	from, to []byte // what messages begin with
}

func (r retyped) Sign(msg []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(msg, r.from)
	if !ok {
		return r.Signer.Sign(msg)
	}
	return r.Signer.Sign(append(bytes.Clone(r.to), rest...))
}

// signedTypes make a value of each type that is signed, with keys that as gives.
func signedTypes(t testing.TB) map[string]func(as func(Signer) Signer) error {
	proof, hot, cold := testProof(t, 1, 0), testSigner(t, 1), testCold(t, 1, 0)
	child, err := NewIdentity(Genesis{Keys: testGenesis(t, 5).Keys, Next: testGenesis(t, 5).Next, Parent: ptr(proof.ID())}, testTime.Add(time.Hour), Secret{1})
	wantNil(t, err)
	other, _, _ := testAgent(t, 2)
	return map[string]func(as func(Signer) Signer) error{
		RecordType: func(as func(Signer) Signer) error {
			_, err := proof.Sign(as(hot), vectorDraft())
			return err
		},
		RotationType: func(as func(Signer) Signer) error {
			_, err := proof.Own().Rotate([]PublicKey{testHot(t, 1, 1).Public()}, [][32]byte{{1}}, as(cold))
			return err
		},
		ConsentType: func(as func(Signer) Signer) error {
			_, err := proof.Adopt(NewChain(child), as(hot))
			return err
		},
		ObituaryType: func(as func(Signer) Signer) error {
			_, err := proof.Own().Obituary(ReasonSuperseded, testTime, nil, as(cold))
			return err
		},
		GrantType: func(as func(Signer) Signer) error {
			_, err := proof.Grant(testGrantDraft(t, 2, nil), testSeed, as(hot))
			return err
		},
		ClaimType: func(as func(Signer) Signer) error {
			_, err := proof.Claim(ClaimDraft{Subject: other.ID(), Capability: "/a", End: testTime.Add(time.Hour)}, testSeed, as(hot))
			return err
		},
		ReceiptType: func(as func(Signer) Signer) error {
			_, err := Attest(as(hot), Attestation{Agent: other.ID(), At: testTime})
			return err
		},
		PossessionType: func(as func(Signer) Signer) error {
			_, err := proof.Answer(Challenge{Agent: proof.ID(), Nonce: [32]byte{1}}, Binding{1}, as(hot), nil)
			return err
		},
	}
}

func ptr[T any](v T) *T { return &v }

// TestSignaturesAreOfOneType: what was signed as one type never verifies as another, nor does
// a signature over the bare payload, or in one of the domains of libp2p and IPNS.
func TestSignaturesAreOfOneType(t *testing.T) {
	types := signedTypes(t)
	heads := map[string][]byte{
		"the bare payload": nil,
		"an array of one":  {0x81},
		DuplicityType:      []byte(messageHead(DuplicityType)),
		ChallengeType:      []byte(messageHead(ChallengeType)),
		"libp2p's records": []byte("\x12libp2p-peer-record\x02\x03\x01"),
		"IPNS":             []byte("ipns-signature:"),
	}
	for name := range types {
		heads[name] = []byte(messageHead(name))
	}
	for name, make := range types {
		for as, head := range heads {
			t.Run(name+" signed as "+as, func(t *testing.T) {
				err := make(func(s Signer) Signer { return retyped{s, heads[name], head} })
				if as == name {
					wantErr(t, err, nil)
				} else {
					wantErr(t, err, ErrInvalidSignature)
				}
			})
		}
	}
	// No head begins another, so no payload makes one message of two types.
	for a, one := range heads {
		for b, other := range heads {
			if a != b && len(one) > 1 && bytes.HasPrefix(other, one) {
				t.Errorf("the messages of %s begin as those of %s", b, a)
			}
		}
	}
}
