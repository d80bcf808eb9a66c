package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
)

// Keyring is a folder with one folder per agent.
type Keyring struct{ dir string }

// Agent is the public part of an agent whose key is here.
type Agent struct {
	Name            string
	Identity        *records.Identity
	Created         time.Time
	CertificatePath string // where the revocation certificate was put, or ""
	RotationKeyPath string // where the rotation key was put, or ""

	home string // the agent's own folder
}

// ID returns the agent's ID.
func (a Agent) ID() records.AgentID { return a.Identity.ID() }

// Open opens the keyring under a data directory; both are made, mode 0700, where
// they are missing.
func Open(dir string) (*Keyring, error) {
	path, err := filepath.Abs(filepath.Join(dir, folder))
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return &Keyring{dir: path}, nil
}

var validName = regexp.MustCompile(`^[a-z0-9_-][a-z0-9._-]{0,63}$`)

// CheckName reports why name is none: 1 to 64 of [a-z0-9._-], not a dot first.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("agent name %.80q: %w: use 1 to 64 of a-z, 0-9, '.', '_' and '-', not a dot first", name, ErrName)
	}
	return nil
}

// List returns the agents in the order of their names, and one error per folder
// that holds none.
func (k *Keyring) List() ([]Agent, []error) {
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		return nil, []error{fmt.Errorf("keyring: %w", err)}
	}
	var agents []Agent
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.IsDir() {
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
	b, err := readBounded(filepath.Join(k.dir, name, publicFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Agent{}, fmt.Errorf("agent %q: %w: make it with: cairn agent new %s", name, ErrNotFound, name)
	}
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %w", name, err)
	}
	a, err := parsePublic(b)
	if err != nil {
		return Agent{}, fmt.Errorf("agent %q: %s: %w", name, publicFile, err)
	}
	a.Name, a.home = name, filepath.Join(k.dir, name)
	return a, nil
}

// Find returns the agent of that ID.
func (k *Keyring) Find(id records.AgentID) (Agent, error) {
	agents, _ := k.List()
	for _, a := range agents {
		if a.ID() == id {
			return a, nil
		}
	}
	return Agent{}, fmt.Errorf("agent %s: %w among the keys here", id, ErrNotFound)
}

// Lookup returns the agent of that name, ID or DID.
func (k *Keyring) Lookup(nameOrID string) (Agent, error) {
	if id, err := records.ParseAgentID(nameOrID); err == nil {
		return k.Find(id)
	}
	return k.Get(nameOrID)
}

// Signer returns the signing key of the named agent. A file that others may read
// is ErrPermissions, another agent's key ErrWrongKey.
func (k *Keyring) Signer(name string) (records.Signer, error) {
	a, err := k.Get(name)
	if err != nil {
		return nil, err
	}
	key, err := readPrivateKey(filepath.Join(k.dir, name, signingFile))
	if err != nil {
		return nil, fmt.Errorf("agent %q: signing key: %w", name, err)
	}
	for _, pub := range a.Identity.Genesis().Keys {
		if pub == key.Public() {
			return key, nil
		}
	}
	return nil, fmt.Errorf("agent %q: signing key: %w: bring back its own %s", name, ErrWrongKey, signingFile)
}

// Certificate returns the revocation certificate of the agent of that name or ID,
// wherever it was put. One that was moved away is ErrNoSecret.
func (k *Keyring) Certificate(nameOrID string) (*records.Tombstone, error) {
	a, err := k.Lookup(nameOrID)
	if err != nil {
		return nil, err
	}
	if a.CertificatePath == "" {
		return nil, fmt.Errorf("agent %q: certificate: %w: name it with --cert FILE", a.Name, ErrNoSecret)
	}
	t, err := ReadCertificate(a.CertificatePath)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("agent %q: certificate %s: %w: it was moved away; name it with --cert FILE", a.Name, a.CertificatePath, ErrNoSecret)
	}
	if err != nil {
		return nil, fmt.Errorf("agent %q: %w", a.Name, err)
	}
	if t.ID() != a.ID() {
		return nil, fmt.Errorf("agent %q: certificate %s: %w: it revokes %s", a.Name, a.CertificatePath, ErrWrongKey, t.ID())
	}
	return t, nil
}
