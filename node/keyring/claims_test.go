package keyring

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

func TestClaims(t *testing.T) {
	k, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "other"} {
		if _, err := k.New(name, NewOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := k.Get("one")
	if err != nil {
		t.Fatal(err)
	}
	key, err := k.Signer("one")
	if err != nil {
		t.Fatal(err)
	}
	secret := records.Secret{1}
	c, err := a.Proof.Claim(records.ClaimDraft{Subject: a.ID(), Capability: "/a", End: a.Identity.End().Add(-time.Hour)}, nil, key, secret)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := c.Header().Reveal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.KeepClaim("other", c, cert); !errors.Is(err, ErrWrongKey) {
		t.Fatalf("another's claim: %v", err)
	}
	if all, errs := k.Claims("one"); len(all) != 0 || len(errs) != 0 {
		t.Fatalf("before there is one: %v, %v", all, errs)
	}
	kept, err := k.KeepClaim("one", c, cert)
	if err != nil {
		t.Fatal(err)
	}
	all, errs := k.Claims("one")
	if len(errs) != 0 || len(all) != 1 || all[0].Claim.ID() != c.ID() || all[0].Path != kept.Path || all[0].CertificatePath != kept.CertificatePath {
		t.Fatalf("%+v, %v; kept as %+v", all, errs, kept)
	}
	if read, err := ReadCertificate(kept.CertificatePath); err != nil || read.ID() != c.ID() {
		t.Fatal(err)
	}
	g, _ := issue(t, k, "one")
	folder := filepath.Dir(kept.Path)
	for name, data := range map[string][]byte{g.ID().String() + claimSuffix: c.Bytes(), "grant" + claimSuffix: g.Bytes()} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all, errs := k.Claims("one"); len(all) != 1 || len(errs) != 2 {
		t.Fatalf("a claim under another's name, and a grant: %v, %v", all, errs)
	}
}
