// Package keyring keeps agents' keys in files.
package keyring

import (
	"errors"
	"io"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Errors that callers branch on. Functions wrap them with the detail and the next step.
var (
	// ErrExists: the name, or a file that would be written, is taken.
	ErrExists = errors.New("exists already")
	// ErrNotFound: no such agent, or the file is not where it was put.
	ErrNotFound = errors.New("not found")
	// ErrName: the text is no name of an agent.
	ErrName = errors.New("invalid name")
	// ErrPermissions: others can read a secret file.
	ErrPermissions = errors.New("permissions are too open")
	// ErrMalformed: a file is not what its name says.
	ErrMalformed = errors.New("malformed")
	// ErrWrongKey: the file is well formed, but of another identity.
	ErrWrongKey = errors.New("not of this agent")
	// ErrNoSecret: the secret was never here, or was moved away.
	ErrNoSecret = errors.New("the secret is not here")
)

// Keyring is a folder with one folder per agent.
type Keyring struct{ dir string }

// Open opens the keyring under a data directory.
func Open(dir string) (*Keyring, error) { return &Keyring{dir: dir}, nil }

// NewOptions of a new agent.
type NewOptions struct {
	End             time.Time     // when the agent ends; zero means Now plus Life
	Life            time.Duration // zero means records.DefaultLife
	CertificatePath string        // where the revocation certificate goes; empty means into the agent's folder
	RotationKeyPath string        // where the rotation key goes; empty means into the agent's folder
	Now             time.Time     // zero means time.Now
	Rand            io.Reader     // nil means crypto/rand
}

// Agent is the public part of an agent whose key is here.
type Agent struct {
	Name            string
	Identity        *records.Identity
	Created         time.Time
	CertificatePath string // where the revocation certificate was put, or ""
	RotationKeyPath string // where the rotation key was put, or ""
}

// ID returns the agent's ID.
func (a Agent) ID() records.AgentID { return a.Identity.ID() }

// New makes an agent: its keys, its identity and its revocation certificate.
func (k *Keyring) New(name string, opts NewOptions) (Agent, error) { return Agent{}, ErrNotFound }

// List returns the agents by name, and one error per folder that is none.
func (k *Keyring) List() ([]Agent, []error) { return nil, nil }

// Get returns the agent of that name.
func (k *Keyring) Get(name string) (Agent, error) { return Agent{}, ErrNotFound }

// Find returns the agent of that ID.
func (k *Keyring) Find(id records.AgentID) (Agent, error) { return Agent{}, ErrNotFound }

// Lookup returns the agent of that name, ID or DID.
func (k *Keyring) Lookup(nameOrID string) (Agent, error) { return Agent{}, ErrNotFound }

// Signer returns the signing key of the named agent.
func (k *Keyring) Signer(name string) (records.Signer, error) { return nil, ErrNotFound }

// Certificate returns the revocation certificate of the agent.
func (k *Keyring) Certificate(nameOrID string) (*records.Tombstone, error) {
	return nil, ErrNotFound
}

// ReadCertificate reads a revocation certificate from a file.
func ReadCertificate(path string) (*records.Tombstone, error) { return nil, ErrNotFound }

// ExportOptions says which secrets beyond the signing key go into the file.
type ExportOptions struct {
	Certificate bool // the revocation certificate: whoever has it can end the agent
	RotationKey bool // the rotation key
}

// Export writes the agent as one portable file.
func (k *Keyring) Export(name string, w io.Writer, opts ExportOptions) error { return ErrNotFound }

// Import reads what Export wrote, under a name.
func (k *Keyring) Import(name string, r io.Reader) (Agent, error) { return Agent{}, ErrNotFound }
