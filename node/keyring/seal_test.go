package keyring

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sealedKeyring is a keyring with a key file of its own.
func sealedKeyring(t *testing.T) (*Keyring, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cairn.key")
	if err := NewKeyFile(file, ""); err != nil {
		t.Fatal(err)
	}
	k, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k.Unlock(file, nil)
	return k, file
}

func TestSealedFromTheStart(t *testing.T) {
	k, file := sealedKeyring(t)
	a, err := k.New("one", NewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(a.home, signingFile), a.RotationKeyPath} {
		b, err := os.ReadFile(path)
		if err != nil || !sealed(b) || bytes.Contains(b, []byte("PRIVATE KEY")) {
			t.Fatalf("%s: %v\n%s", path, err, b)
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", st, err)
		}
	}
	if _, err := k.Signer("one"); err != nil {
		t.Fatal(err)
	}
	// Without the key file, and with another, there is a name, but no key.
	bare := &Keyring{dir: k.dir}
	if _, err := bare.Signer("one"); !errors.Is(err, ErrLocked) {
		t.Fatalf("without the key file: %v", err)
	}
	if _, err := bare.Certificate("one"); err != nil {
		t.Fatalf("a certificate needs no key file: %v", err)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if err := NewKeyFile(other, ""); err != nil {
		t.Fatal(err)
	}
	bare.Unlock(other, nil)
	if _, err := bare.Signer("one"); !errors.Is(err, ErrLocked) {
		t.Fatalf("with another key file: %v", err)
	}
	bare.Unlock(filepath.Join(t.TempDir(), "nowhere"), nil)
	if _, err := bare.Signer("one"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("with a key file that is not there: %v", err)
	}
	if _, err := bare.Certificate("one"); err != nil {
		t.Fatalf("a certificate needs no key file: %v", err)
	}
	if _, err := bare.New("two", NewOptions{}); !errors.Is(err, ErrNotFound) || bare.taken("two") {
		t.Fatalf("made without its key file: %v", err)
	}
	// An export is open; its import is sealed again.
	var out bytes.Buffer
	if err := k.Export("one", &out, ExportOptions{RotationKey: true}); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere.Unlock(file, nil)
	if _, _, err := elsewhere.Import("one", &out); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(elsewhere.dir, "one", signingFile)); err != nil || !sealed(b) {
		t.Fatalf("%v\n%s", err, b)
	}
}

func TestSeal(t *testing.T) {
	k, file := sealedKeyring(t)
	plain := &Keyring{dir: k.dir}
	rotation := filepath.Join(t.TempDir(), "rotation.pem")
	a, err := plain.New("one", NewOptions{RotationKeyPath: rotation})
	if err != nil {
		t.Fatal(err)
	}
	before, err := plain.Signer("one")
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Seal("one"); !errors.Is(err, ErrLocked) {
		t.Fatalf("without a key file: %v", err)
	}
	for range 2 { // to seal what is sealed changes nothing
		if err := k.Seal("one"); err != nil {
			t.Fatal(err)
		}
		after, err := k.Signer("one")
		if err != nil || after.Public() != before.Public() {
			t.Fatalf("%v", err)
		}
	}
	for _, path := range []string{filepath.Join(a.home, signingFile), rotation} {
		if b, err := os.ReadFile(path); err != nil || !sealed(b) {
			t.Fatalf("%s: %v\n%s", path, err, b)
		}
	}
	// The rotation key may be away.
	if err := os.Remove(rotation); err != nil {
		t.Fatal(err)
	}
	if err := k.Seal("one"); err != nil {
		t.Fatal(err)
	}
	// Damage is found.
	path := filepath.Join(a.home, signingFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	lines[len(lines)/2] = strings.Repeat("A", len(lines[len(lines)/2]))
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer("one"); err == nil {
		t.Fatal("a damaged key is read")
	}
	if err := NewKeyFile(file, ""); !errors.Is(err, ErrExists) {
		t.Fatalf("a key file is written over: %v", err)
	}
}

// A key file with a passphrase is opened once, by whoever knows it.
func TestPassphrase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cairn.key")
	if err := newKeyFile(file, "correct horse", 10); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || !sealed(b) {
		t.Fatalf("%v\n%s", err, b)
	}
	k, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	k.Unlock(file, func() (string, error) { asked++; return "correct horse", nil })
	if err := k.CheckKeyFile(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.New("one", NewOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer("one"); err != nil || asked != 1 {
		t.Fatalf("%v, asked %d times", err, asked)
	}
	for name, passphrase := range map[string]Passphrase{
		"nobody to ask": nil,
		"another":       func() (string, error) { return "battery staple", nil },
		"an empty one":  func() (string, error) { return "", nil },
		"no answer":     func() (string, error) { return "", errors.New("no terminal") },
	} {
		other := &Keyring{dir: k.dir}
		other.Unlock(file, passphrase)
		if err := other.CheckKeyFile(); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := other.Signer("one"); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckKeyFile(t *testing.T) {
	if err := (&Keyring{dir: t.TempDir()}).CheckKeyFile(); err != nil {
		t.Errorf("no key file was named: %v", err)
	}
	_, file := sealedKeyring(t)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, text string
		mode       os.FileMode
		class      error
	}{
		{"good", string(good), 0o600, nil},
		{"readable by others", string(good), 0o644, ErrPermissions},
		{"empty", "", 0o600, ErrMalformed},
		{"two identities", string(good) + string(good), 0o600, ErrMalformed},
		{"a public key", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudlr92ascz02nr\n", 0o600, ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(row.text), row.mode); err != nil {
				t.Fatal(err)
			}
			k := &Keyring{dir: t.TempDir()}
			k.Unlock(path, nil)
			if err := k.CheckKeyFile(); !errors.Is(err, row.class) {
				t.Fatalf("%v, want %v", err, row.class)
			}
		})
	}
}
