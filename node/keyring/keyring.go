package keyring

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// The files of an agent's folder.
const (
	folder          = "agents"
	publicFile      = "agent.json"
	signingFile     = "key.pem"
	rotationFile    = "rotation.pem"
	certificateFile = "certificate.pem"
	seedFile        = "seed.pem"
)

// MaxName bounds the bytes of an agent's name.
const MaxName = 64

// Keyring is a folder with one folder per agent. It keeps nothing in memory and is
// safe for concurrent use.
type Keyring struct {
	dir  string
	seal *seal // nil where keys are written as they are
}

// Agent is the public part of an agent whose key is here.
type Agent struct {
	Name            string
	Identity        *records.Identity
	Proof           *records.Proof // its rotations, and the consent of its ancestors
	Created         time.Time
	CertificatePath string // where the revocation certificate was put, absolute, or ""
	RotationKeyPath string // where the rotation key was put, absolute, or ""
	SeedPath        string // where the revocation seed of those it spawned was put, absolute, or ""

	home        string // the agent's own folder
	signingFile string // in it
	seal        *seal  // the keyring's
}

// ID returns the agent's ID.
func (a Agent) ID() records.AgentID { return a.Identity.ID() }

// Open opens the keyring under a data directory. Both may be missing: the first
// agent makes them, mode 0700.
func Open(dir string) (*Keyring, error) {
	path, err := filepath.Abs(filepath.Join(dir, folder))
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return &Keyring{dir: path}, nil
}

// CheckName reports why name is none: 1 to 64 of [a-z0-9._-], a letter or digit
// first, and not what reads as an agent's ID.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || strings.ContainsRune("._-", rune(name[0])) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		return fmt.Errorf("agent name %.80q: %w: use 1 to %d of a-z, 0-9, '.', '_' and '-', a letter or digit first", name, ErrName, MaxName)
	}
	if _, err := records.ParseAgentID(name); err == nil {
		return fmt.Errorf("agent name %q: %w: it would be taken for the ID of an agent", name, ErrName)
	}
	return nil
}

// List returns the agents in the order of their names, and one error per folder
// that holds none.
func (k *Keyring) List() ([]Agent, []error) {
	entries, err := os.ReadDir(k.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, []error{fmt.Errorf("keyring: %w", err)}
	}
	var agents []Agent
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if st, err := os.Stat(filepath.Join(k.dir, e.Name())); err == nil && !st.IsDir() {
			continue
		}
		a, err := k.Get(e.Name())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		agents = append(agents, a)
	}
	return agents, errs
}

// Get returns the agent of that name: ErrName, ErrNotFound, or what is wrong with
// its files.
func (k *Keyring) Get(name string) (Agent, error) {
	if err := CheckName(name); err != nil {
		return Agent{}, err
	}
	home := filepath.Join(k.dir, name)
	b, err := readFile(filepath.Join(home, publicFile), false)
	if errors.Is(err, ErrNotFound) {
		if k.taken(name) {
			return Agent{}, fmt.Errorf("agent %q: %w: %s has no %s; bring it back, or move the folder away", name, ErrMalformed, home, publicFile)
		}
		return Agent{}, fmt.Errorf("agent %q: %w", name, ErrNotFound)
	}
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	a, err := parsePublic(b, home)
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %s: %w", name, publicFile, err)
	}
	a.Name, a.seal = name, k.seal
	return a, nil
}

// Find returns the agent of that ID.
func (k *Keyring) Find(id records.AgentID) (Agent, error) {
	agents, broken := k.List()
	for _, a := range agents {
		if a.ID() == id {
			return a, nil
		}
	}
	err := fmt.Errorf("agent %s: %w among the keys here", id, ErrNotFound)
	if len(broken) > 0 {
		err = fmt.Errorf("%w; it may be one of those that cannot be read: %w", err, errors.Join(broken...))
	}
	return Agent{}, err
}

// Lookup returns the agent of that name, ID or DID.
func (k *Keyring) Lookup(nameOrID string) (Agent, error) {
	if id, err := records.ParseAgentID(nameOrID); err == nil {
		return k.Find(id)
	}
	return k.Get(nameOrID)
}

// Signer returns the signing key of the named agent. A file that others may read
// is ErrPermissions, another agent's key ErrWrongKey, a missing one ErrNoSecret.
func (k *Keyring) Signer(name string) (records.Signer, error) {
	a, err := k.Get(name)
	if err != nil {
		return nil, err
	}
	key, err := a.signingKey()
	if err != nil {
		return nil, err
	}
	return records.NewEd25519Signer(key)
}

// signingKey reads the signing key and holds it against the proof.
func (a Agent) signingKey() (ed25519.PrivateKey, error) {
	key, err := a.seal.readKey(filepath.Join(a.home, a.signingFile))
	if err != nil {
		return nil, fmt.Errorf("agent %q: signing key: %w", a.Name, movedAway(err, "bring it back"))
	}
	if !a.signs(key) {
		return nil, fmt.Errorf("agent %q: signing key: %w: bring back its own %s", a.Name, ErrWrongKey, a.signingFile)
	}
	return key, nil
}

// rotationKey reads the rotation key, wherever it was put.
func (a Agent) rotationKey() (ed25519.PrivateKey, error) {
	if a.RotationKeyPath == "" {
		return nil, fmt.Errorf("agent %q: rotation key: %w: it was not imported with the agent", a.Name, ErrNoSecret)
	}
	key, err := a.seal.readKey(a.RotationKeyPath)
	if err != nil {
		return nil, fmt.Errorf("agent %q: rotation key: %w", a.Name, movedAway(err, "bring it back to where it was"))
	}
	if !a.committed(key) {
		return nil, fmt.Errorf("agent %q: rotation key %s: %w: bring back its own", a.Name, a.RotationKeyPath, ErrWrongKey)
	}
	return key, nil
}

// rotationKeyAt is rotationKey from that path, where the key is from now on; empty means from
// where it was put.
func (a *Agent) rotationKeyAt(path string) (ed25519.PrivateKey, error) {
	if path != "" {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("agent %q: %w", a.Name, err)
		}
		a.RotationKeyPath = abs
	}
	return a.rotationKey()
}

// movedAway makes a missing file a missing secret.
func movedAway(err error, next string) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w; %s", ErrNoSecret, err, next)
	}
	return err
}

// signs reports whether the key signs for the agent since its last rotation.
func (a Agent) signs(key ed25519.PrivateKey) bool {
	pub, err := publicOf(key)
	return err == nil && slices.Contains(a.Proof.Own().Keys(), pub)
}

// committed reports whether the key makes the next rotation.
func (a Agent) committed(key ed25519.PrivateKey) bool {
	pub, err := publicOf(key)
	return err == nil && slices.Contains(a.Proof.Own().Next(), pub.RotationDigest())
}

// Certificate returns the revocation certificate of the agent of that name or ID,
// wherever it was put. One that was moved away is ErrNoSecret.
func (k *Keyring) Certificate(nameOrID string) (*records.Tombstone, error) {
	a, err := k.Lookup(nameOrID)
	if err != nil {
		return nil, err
	}
	return a.certificate()
}

func (a Agent) certificate() (*records.Tombstone, error) {
	if a.CertificatePath == "" {
		return nil, fmt.Errorf("agent %q: certificate: %w: name it with --cert FILE", a.Name, ErrNoSecret)
	}
	t, err := ReadCertificate(a.CertificatePath)
	if err != nil {
		return nil, fmt.Errorf("agent %q: %w", a.Name, movedAway(err, "it was moved away; name it with --cert FILE"))
	}
	if t.ID() != a.ID() {
		return nil, fmt.Errorf("agent %q: certificate %s: %w: it revokes %s", a.Name, a.CertificatePath, ErrWrongKey, t.ID())
	}
	return t, nil
}
