package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Of receipts that do not count, only those that are too old are said to be, and how old.
func TestReceiptVerifyNamesTheAge(t *testing.T) {
	rec, _ := sampleValues(t)
	seed := sha256.Sum256([]byte("a witness"))
	witness, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	stapled := rec.Bytes()
	receipt, err := records.Attest(witness, records.Attestation{Agent: rec.ID(), Record: rec.Mark().Digest, At: noon})
	if err != nil {
		t.Fatal(err)
	}
	stapled = append(stapled, receipt.Bytes()...)
	for _, tt := range []struct {
		name   string
		signer records.PublicKey
		at     time.Duration
		code   exitCode
		old    bool
	}{
		{"in time", witness.Public(), 5 * time.Minute, exitOK, false},
		{"too old", witness.Public(), 12 * time.Minute, exitUnverified, true},
		{"of another", rec.Identity().Genesis().Keys[0], 12 * time.Minute, exitUnverified, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runIn(t, string(stapled), nil, "receipt", "verify", "-",
				"--signer", tt.signer.String(), "--at", noon.Add(tt.at).Format(time.RFC3339))
			if old := strings.Contains(stdout, "too old, 12m00s at most where --max-age is 5m00s"); code != tt.code || old != tt.old {
				t.Errorf("exit code %d, want %d: %s%s", code, tt.code, stdout, stderr)
			}
		})
	}
}
