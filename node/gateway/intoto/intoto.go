// Package intoto reads in-toto statements, such as SLSA provenance, bare or in a signed
// envelope of DSSE: which artifacts they are about, by whose word. It reads bytes and
// nothing else; nodes never call it.
package intoto

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	_ "crypto/sha512" // for P-384 and P-521
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

const (
	// MaxSize bounds the bytes of a statement, its envelope included.
	MaxSize = 4 << 20
	// PayloadType is that of an envelope with a statement.
	PayloadType = "application/vnd.in-toto+json"

	maxSignatures = 16
)

// Errors that callers branch on.
var (
	// ErrMalformed: neither a statement nor an envelope with one.
	ErrMalformed = errors.New("malformed")
	// ErrSignature: none of the keys that were given has signed it.
	ErrSignature = errors.New("no given key has signed it")
)

// Statement says something about artifacts.
type Statement struct {
	// Subjects are the artifacts.
	Subjects []Subject
	// PredicateType says what is said of them, such as https://slsa.dev/provenance/v1.
	PredicateType string
	// Builder is who built them, where it is SLSA provenance; else empty.
	Builder string
	// Signatures counts those of the envelope, whoever made them; a bare statement has none.
	Signatures int
}

// Subject is an artifact.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"` // by algorithm, in hexadecimal
}

// About reports whether the statement names an artifact by its SHA-256.
func (s Statement) About(sum [32]byte) bool {
	return slices.ContainsFunc(s.Subjects, func(one Subject) bool {
		b, err := hex.DecodeString(one.Digest["sha256"])
		return err == nil && bytes.Equal(b, sum[:])
	})
}

// Open reads a statement. Where keys are given, one of them must have signed the envelope:
// Ed25519, or ECDSA over P-256, P-384 or P-521. Where none are, the signatures are not looked
// at.
func Open(b []byte, keys ...crypto.PublicKey) (Statement, error) {
	if len(b) > MaxSize {
		return Statement{}, fmt.Errorf("statement: %w: more than %d bytes", ErrMalformed, MaxSize)
	}
	var e struct {
		PayloadType string `json:"payloadType"`
		Payload     string `json:"payload"`
		Signatures  []struct {
			Sig string `json:"sig"`
		} `json:"signatures"`
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return Statement{}, fmt.Errorf("statement: %w: %w", ErrMalformed, err)
	}
	if e.PayloadType == "" && e.Payload == "" {
		if len(keys) > 0 {
			return Statement{}, fmt.Errorf("statement: %w: it has no envelope", ErrSignature)
		}
		return parse(b)
	}
	payload, err := decode(e.Payload)
	if err != nil || e.PayloadType != PayloadType || len(e.Signatures) == 0 || len(e.Signatures) > maxSignatures {
		return Statement{}, fmt.Errorf("statement: %w: not an envelope of %s with 1 to %d signatures", ErrMalformed, PayloadType, maxSignatures)
	}
	signed := len(keys) == 0
	for _, s := range e.Signatures {
		sig, err := decode(s.Sig)
		if err != nil {
			return Statement{}, fmt.Errorf("statement: %w: a signature that is not base64", ErrMalformed)
		}
		signed = signed || slices.ContainsFunc(keys, func(key crypto.PublicKey) bool { return verifies(key, preAuth(payload), sig) })
	}
	if !signed {
		return Statement{}, fmt.Errorf("statement: %w", ErrSignature)
	}
	s, err := parse(payload)
	s.Signatures = len(e.Signatures)
	return s, err
}

// preAuth is what DSSE signs of a payload.
func preAuth(payload []byte) []byte {
	b := []byte("DSSEv1 " + strconv.Itoa(len(PayloadType)) + " " + PayloadType + " " + strconv.Itoa(len(payload)) + " ")
	return append(b, payload...)
}

// decode reads base64 in either alphabet, as DSSE allows.
func decode(s string) ([]byte, error) {
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b, nil
	}
	return base64.URLEncoding.DecodeString(s)
}

func verifies(key crypto.PublicKey, msg, sig []byte) bool {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, msg, sig)
	case *ecdsa.PublicKey:
		h := hashOf(key.Curve).New()
		h.Write(msg)
		return ecdsa.VerifyASN1(key, h.Sum(nil), sig)
	}
	return false
}

func hashOf(curve elliptic.Curve) crypto.Hash {
	switch curve {
	case elliptic.P384():
		return crypto.SHA384
	case elliptic.P521():
		return crypto.SHA512
	}
	return crypto.SHA256
}

// parse reads a statement of version 1, or of 0.1 before it.
func parse(b []byte) (Statement, error) {
	var s struct {
		Type          string    `json:"_type"`
		Subject       []Subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
		Predicate     struct {
			Builder    builder `json:"builder"` // SLSA 0.2
			RunDetails struct {
				Builder builder `json:"builder"`
			} `json:"runDetails"` // SLSA 1
		} `json:"predicate"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return Statement{}, fmt.Errorf("statement: %w: %w", ErrMalformed, err)
	}
	if s.Type != "https://in-toto.io/Statement/v1" && s.Type != "https://in-toto.io/Statement/v0.1" || len(s.Subject) == 0 || s.PredicateType == "" {
		return Statement{}, fmt.Errorf("statement: %w: not an in-toto statement about anything", ErrMalformed)
	}
	out := Statement{Subjects: s.Subject, PredicateType: s.PredicateType}
	switch s.PredicateType {
	case "https://slsa.dev/provenance/v1":
		out.Builder = s.Predicate.RunDetails.Builder.ID
	case "https://slsa.dev/provenance/v0.2":
		out.Builder = s.Predicate.Builder.ID
	}
	return out, nil
}

type builder struct {
	ID string `json:"id"`
}

// ParseKey reads a public key in PEM.
func ParseKey(b []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("key: %w: not a PUBLIC KEY in PEM", ErrMalformed)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key: %w: %w", ErrMalformed, err)
	}
	switch key.(type) {
	case ed25519.PublicKey, *ecdsa.PublicKey:
		return key, nil
	}
	return nil, fmt.Errorf("key: %w: neither Ed25519 nor ECDSA", ErrMalformed)
}
