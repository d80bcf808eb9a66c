package keyring

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// issue makes a grant by the named agent for itself, and its certificate.
func issue(t *testing.T, k *Keyring, name string) (*records.Grant, *records.Tombstone) {
	t.Helper()
	a, err := k.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	key, err := k.Signer(name)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := records.NewProof(records.NewChain(a.Identity))
	if err != nil {
		t.Fatal(err)
	}
	var secret records.Secret
	_, _ = rand.Read(secret[:])
	g, err := proof.Grant(records.GrantDraft{Audience: a.ID(), Command: "/a", End: a.Identity.End().Add(-time.Hour), Nonce: [16]byte(secret[:16])}, nil, key, secret)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := g.Header().Reveal(secret)
	if err != nil {
		t.Fatal(err)
	}
	return g, cert
}

func TestGrants(t *testing.T) {
	dir := t.TempDir()
	k, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "other"} {
		if _, err := k.New(name, NewOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	g, cert := issue(t, k, "one")
	_, stranger := issue(t, k, "one")
	if _, err := k.KeepGrant("other", g, cert); !errors.Is(err, ErrWrongKey) {
		t.Fatalf("another's grant: %v", err)
	}
	if _, err := k.KeepGrant("one", g, stranger); !errors.Is(err, ErrWrongKey) {
		t.Fatalf("another grant's certificate: %v", err)
	}
	kept, err := k.KeepGrant("one", g, cert)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(kept.CertificatePath); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", st, err)
	}
	found, err := k.FindGrant(g.ID())
	if err != nil || found.Agent != "one" || found.Path != kept.Path {
		t.Fatalf("%+v, %v", found, err)
	}
	if read, err := found.Certificate(); err != nil || read.ID() != g.ID() {
		t.Fatal(err)
	}
	if all, errs := k.Grants("one"); len(all) != 1 || len(errs) != 0 {
		t.Fatalf("%v, %v", all, errs)
	}
	if all, errs := k.Grants("other"); len(all) != 0 || len(errs) != 0 {
		t.Fatalf("%v, %v", all, errs)
	}
	if _, err := k.FindGrant(stranger.ID()); !errors.Is(err, ErrNotFound) {
		t.Fatalf("one that was never kept: %v", err)
	}
	if _, err := k.KeepGrant("one", g, cert); !errors.Is(err, ErrExists) {
		t.Fatalf("twice: %v", err)
	}
	// A grant under another's name, and bytes that are none, are not taken for it.
	folder := filepath.Dir(kept.Path)
	for name, data := range map[string][]byte{stranger.ID().String() + grantSuffix: g.Bytes(), "x" + grantSuffix: {1}} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all, errs := k.Grants("one"); len(all) != 1 || len(errs) != 2 {
		t.Fatalf("%v, %v", all, errs)
	}
	if _, err := k.FindGrant(stranger.ID()); err == nil {
		t.Fatal("a grant under another's name is found")
	}
	if err := os.Remove(kept.CertificatePath); err != nil {
		t.Fatal(err)
	}
	if _, err := found.Certificate(); !errors.Is(err, ErrNoSecret) {
		t.Fatalf("a certificate that was moved away: %v", err)
	}
	// The agents are read as ever.
	if agents, errs := k.List(); len(agents) != 2 || len(errs) != 0 {
		t.Fatalf("%v, %v", agents, errs)
	}
}
