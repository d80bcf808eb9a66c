package vc

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/multiformats/go-multibase"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// MaxSize bounds the bytes of a document.
	MaxSize = 64 << 10
	// Suite is the one cryptosuite of this package.
	Suite = "eddsa-jcs-2022"
	// Assertion is the purpose of a credential's proof.
	Assertion = "assertionMethod"

	proofType = "DataIntegrityProof"
)

// Errors that callers branch on.
var (
	// ErrMalformed: no JSON object with a proof of this suite.
	ErrMalformed = errors.New("malformed")
	// ErrInvalid: the proof does not verify.
	ErrInvalid = errors.New("proof does not verify")
)

// Options of a proof.
type Options struct {
	Created            time.Time // kept to the second; zero leaves it out
	VerificationMethod string    // a DID URL that leads to the key
	Purpose            string    // empty means Assertion
}

// config is a proof without its value.
type config struct {
	Context            json.RawMessage `json:"@context,omitempty"`
	Type               string          `json:"type"`
	Suite              string          `json:"cryptosuite"`
	Created            string          `json:"created,omitempty"`
	VerificationMethod string          `json:"verificationMethod"`
	Purpose            string          `json:"proofPurpose"`
}

// Sign adds a proof to a JSON object that has none, and returns the canonical form of
// both. Only an Ed25519 key can sign.
func Sign(doc []byte, o Options, key records.Signer) ([]byte, error) {
	tree, err := parse(doc)
	if err != nil {
		return nil, err
	}
	if _, there := tree["proof"]; there {
		return nil, fmt.Errorf("credential: %w: it has a proof", ErrMalformed)
	}
	c := config{Context: tree["@context"], Type: proofType, Suite: Suite, VerificationMethod: o.VerificationMethod, Purpose: o.Purpose}
	if c.Purpose == "" {
		c.Purpose = Assertion
	}
	if !o.Created.IsZero() {
		c.Created = o.Created.UTC().Format(time.RFC3339)
	}
	options, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	hash, err := hashOf(options, doc)
	if err != nil {
		return nil, err
	}
	sig, err := key.Sign(hash)
	if err != nil {
		return nil, fmt.Errorf("credential: sign: %w", err)
	}
	value, err := multibase.Encode(multibase.Base58BTC, sig)
	if err != nil {
		return nil, err
	}
	tree["proof"], err = json.Marshal(struct {
		config
		Value string `json:"proofValue"`
	}{c, value})
	if err != nil {
		return nil, err
	}
	return canonical(tree)
}

// hashOf is what is signed: the hash of the canonical proof without its value, then that
// of the canonical document without a proof.
func hashOf(options, doc []byte) ([]byte, error) {
	var hash []byte
	for _, part := range [][]byte{options, doc} {
		text, err := jcs.Transform(part)
		if err != nil {
			return nil, fmt.Errorf("credential: %w: %w", ErrMalformed, err)
		}
		sum := sha256.Sum256(text)
		hash = append(hash, sum[:]...)
	}
	return hash, nil
}

// Proof is what a verified proof says of itself.
type Proof struct {
	Created            time.Time // zero where it does not say
	Expires            time.Time // zero where it does not say; the reader's clock judges it
	VerificationMethod string
	Purpose            string
}

// Verify verifies the one proof of a document. key resolves a verification method to its
// key; whether that method may speak for the issuer is the caller's to judge.
func Verify(doc []byte, key func(method string) (records.PublicKey, error)) (Proof, error) {
	tree, err := parse(doc)
	if err != nil {
		return Proof{}, err
	}
	proof, err := object(tree["proof"])
	if err != nil {
		return Proof{}, fmt.Errorf("credential: the proof: %w", err)
	}
	said, value, err := readProof(proof)
	if err != nil {
		return Proof{}, err
	}
	if context, there := proof["@context"]; there {
		if !begins(tree["@context"], context) {
			return Proof{}, fmt.Errorf("credential: %w: the document's contexts do not begin with the proof's", ErrInvalid)
		}
		tree["@context"] = context
	}
	delete(tree, "proof")
	delete(proof, "proofValue")
	options, err1 := json.Marshal(proof)
	rest, err2 := json.Marshal(tree)
	if err := errors.Join(err1, err2); err != nil {
		return Proof{}, err
	}
	hash, err := hashOf(options, rest)
	if err != nil {
		return Proof{}, err
	}
	public, err := key(said.VerificationMethod)
	if err != nil {
		return Proof{}, fmt.Errorf("credential: %s: %w", said.VerificationMethod, err)
	}
	if !public.Verify(hash, value) {
		return Proof{}, fmt.Errorf("credential: %w", ErrInvalid)
	}
	return said, nil
}

// readProof takes a proof apart, and leaves what it does not know to the signature.
func readProof(proof map[string]json.RawMessage) (said Proof, value []byte, err error) {
	bad := func(what string) (Proof, []byte, error) {
		return Proof{}, nil, fmt.Errorf("credential: %w: %s", ErrMalformed, what)
	}
	if text(proof["type"]) != proofType || text(proof["cryptosuite"]) != Suite {
		return bad("not a proof of " + Suite)
	}
	said.VerificationMethod, said.Purpose = text(proof["verificationMethod"]), text(proof["proofPurpose"])
	if said.VerificationMethod == "" || said.Purpose == "" {
		return bad("a proof without a verification method or a purpose")
	}
	for name, at := range map[string]*time.Time{"created": &said.Created, "expires": &said.Expires} {
		if raw, there := proof[name]; there {
			if *at, err = time.Parse(time.RFC3339, text(raw)); err != nil {
				return bad(name + " is no time")
			}
		}
	}
	encoded := text(proof["proofValue"])
	if len(encoded) < 2 || len(encoded) > 100 || encoded[0] != 'z' {
		return bad("the proof's value is not base58")
	}
	if _, value, err = multibase.Decode(encoded); err != nil || len(value) != 64 {
		return bad("the proof's value is no signature")
	}
	return said, value, nil
}

// parse reads a JSON object; one that has a name twice is none.
func parse(doc []byte) (map[string]json.RawMessage, error) {
	if len(doc) > MaxSize {
		return nil, fmt.Errorf("credential: %w: %d bytes, at most %d", ErrMalformed, len(doc), MaxSize)
	}
	text, err := jcs.Transform(doc)
	if err != nil {
		return nil, fmt.Errorf("credential: %w: %w", ErrMalformed, err)
	}
	return object(text)
}

func object(b []byte) (map[string]json.RawMessage, error) {
	var tree map[string]json.RawMessage
	if err := json.Unmarshal(b, &tree); err != nil || tree == nil {
		return nil, fmt.Errorf("%w: no JSON object", ErrMalformed)
	}
	return tree, nil
}

// text is a JSON string, or nothing.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// begins reports whether the contexts of a document begin with those of its proof. A single
// one may stand without its list.
func begins(document, proof json.RawMessage) bool {
	have, want := contexts(document), contexts(proof)
	if len(want) > len(have) {
		return false
	}
	for i := range want {
		if !bytes.Equal(have[i], want[i]) {
			return false
		}
	}
	return true
}

// contexts are in canonical form, since parse made it.
func contexts(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	return []json.RawMessage{raw}
}

func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(b)
}
